using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Audit;

/// <summary>What should be otherwise with the audit log.</summary>
public static class AuditFindings
{
    /// <summary>The rule of a log whose partitions end soon.</summary>
    public const string AheadRule = "audit-ahead";

    /// <summary>The rule of a log that is not sealed.</summary>
    public const string UnsealedRule = "audit-unsealed";

    /// <summary>The days ahead below which the log is reported.</summary>
    public const int FewDays = 7;

    private const string Maintain = "autostack-db audit maintain";

    // A run seals what was written before the run before, and the services run every hour.
    private static readonly TimeSpan Late = TimeSpan.FromDays(1);

    /// <summary>The rules.</summary>
    public static IReadOnlyList<string> Rules { get; } = [AheadRule, UnsealedRule];

    /// <summary>
    /// Finds a log whose partitions end within <see cref="FewDays"/>, or have ended, and one that is not sealed for a day.
    /// </summary>
    /// <param name="status">The state, from <see cref="IAuditMaintenance.FindStatusAsync"/>.</param>
    /// <returns>The findings; empty without the feature <c>audit</c>.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="status"/> is null.</exception>
    public static IReadOnlyList<Finding> Of(AuditStatus status)
    {
        ArgumentNullException.ThrowIfNull(status);
        var findings = new List<Finding>();
        if (status.DaysAhead < FewDays)
        {
            findings.Add(new Finding(
                AheadRule,
                status.DaysAhead > 0 ? Severity.Warning : Severity.Error,
                "the audit log",
                status.DaysAhead > 0
                    ? FormattableString.Invariant($"The partitions of the audit log end in {status.DaysAhead:0.0} days.")
                    : "The audit log has no partition for new entries.")
            {
                Cost = "New entries go into the default partition, and changes wait while it becomes the partition of their months.",
                Mend = "Create the next partitions now, and have them created hourly.",
                Statement = Maintain,
            });
        }

        if (status.ReadAt - status.Seals?.UnsealedSince > Late)
        {
            findings.Add(new Finding(
                UnsealedRule,
                Severity.Warning,
                "the audit log",
                FormattableString.Invariant(
                    $"The audit log is not sealed since {status.Seals!.UnsealedSince:yyyy-MM-dd HH:mm} UTC."))
            {
                Cost = "A superuser can change these entries, and verify does not find it.",
                Mend = "Seal the entries hourly. A transaction that is open for as long holds the seals back.",
                Statement = Maintain,
            });
        }

        return findings;
    }
}
