using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Integrity;

/// <summary>The result of a verification.</summary>
/// <param name="Checks">The result of each check, in the order of the run.</param>
public sealed record VerificationResult(IReadOnlyList<CheckResult> Checks)
{
    /// <summary>The findings of all checks. They name rows by their ids, and contain no value of a row.</summary>
    public IReadOnlyList<Finding> Findings => [.. Checks.SelectMany(check => check.Findings)];

    /// <summary>True when every check was made and found nothing to mend.</summary>
    public bool IsSound => Findings.All(finding => finding.Severity == Severity.Information);
}

/// <summary>The result of one check.</summary>
/// <param name="Check">The name of the check, which is the <see cref="Finding.Rule"/> of its findings.</param>
/// <param name="Rows">The number of rows or objects read.</param>
/// <param name="Duration">The duration of the check.</param>
/// <param name="Findings">What the check found, and what it could not see.</param>
public sealed record CheckResult(string Check, long Rows, TimeSpan Duration, IReadOnlyList<Finding> Findings);

/// <summary>The state of a check that is running.</summary>
/// <param name="Check">The name of the check.</param>
/// <param name="Subject">The table, constraint or index that is being read.</param>
/// <param name="Rows">The number of rows or objects that the check has read so far.</param>
/// <param name="Share">The part of the check that is done, 0 to 1.</param>
/// <param name="Wrong">The number of wrong rows that the check has found so far.</param>
public sealed record VerificationProgress(string Check, string Subject, long Rows, double Share, long Wrong);
