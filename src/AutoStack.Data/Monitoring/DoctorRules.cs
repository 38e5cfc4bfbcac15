namespace AutoStack.Data.Monitoring;

/// <summary>A rule of an examination.</summary>
/// <param name="Id">Its name, in kebab case.</param>
/// <param name="Find">Finds what it is about.</param>
internal sealed record DoctorRule(string Id, Func<DoctorFacts, IEnumerable<Finding>> Find);

/// <summary>The rules of an examination.</summary>
internal static class DoctorRules
{
    /// <summary>The rule that says what the role may not see.</summary>
    public const string NotVisible = "not-visible";

    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        .. DurabilityRules.All, .. ServerRules.All, .. SessionRules.All, .. RightRules.All, .. ObjectRules.All, .. TransactionRules.All,
        .. ReplicationRules.All, new(NotVisible, Hidden),
    ];

    public static IReadOnlySet<string> Ids { get; } = All.Select(rule => rule.Id).ToHashSet(StringComparer.Ordinal);

    /// <summary>The findings of the rules that are not ignored, the gravest first.</summary>
    public static IReadOnlyList<Finding> Apply(DoctorFacts facts) =>
    [
        .. All.Where(rule => !facts.Options.IgnoredRules.Contains(rule.Id)).SelectMany(rule => rule.Find(facts))
            .OrderByDescending(finding => finding.Severity),
    ];

    /// <summary>A statement for the operator, which the library does not run.</summary>
    public static string Call(string function, string argument) => string.Join(' ', "SELECT", $"{function}({argument})");

    /// <summary>A name in a statement.</summary>
    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static IEnumerable<Finding> Hidden(DoctorFacts facts) => facts.NotVisible.Select(missing =>
        new Finding(NotVisible, Severity.Information, missing.What, $"{missing.What}: not visible. {missing.Why}")
        {
            Cost = "The rules that need it find nothing.",
            Mend = missing.Why.Contains("pg_read_all_stats", StringComparison.Ordinal)
                ? "Run as a role that is a member of pg_monitor." : null,
        });
}
