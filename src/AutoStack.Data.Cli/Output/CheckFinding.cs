using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Output;

/// <summary>One finding of a check or another report, for the formats of build servers.</summary>
/// <param name="Rule">
/// The kind of finding: the kind of an object, or <c>pending</c>, <c>changed</c>, <c>unknown</c>, <c>foreignObject</c>, <c>ignore</c>.
/// </param>
/// <param name="Level">How grave the finding is.</param>
/// <param name="Name">The object or version.</param>
/// <param name="Message">The finding in a sentence.</param>
/// <param name="Details">What is in the way, and the statements with their costs; a line each.</param>
internal sealed record CheckFinding(string Rule, CheckLevel Level, string Name, string Message, IReadOnlyList<string> Details)
{
    /// <summary>What a check found: the versions, then the differences, then foreign objects.</summary>
    public static IReadOnlyList<CheckFinding> Of(SchemaCheckResult drift) =>
    [
        .. drift.History.Sets.SelectMany(set => set.Versions).Select(OfVersion).OfType<CheckFinding>(),
        .. drift.Differences.Select(Of),
        .. drift.ForeignObjects.Select(o => new CheckFinding(
            "foreignObject", drift.AllowsForeignObjects ? CheckLevel.Remark : CheckLevel.Drift, o.Name,
            $"{o.Name} of role {o.Owner} has the name of an object of PostgreSQL.", [$"{o.Statement};"])),
        .. drift.UnusedIgnores.Select(line => new CheckFinding(
            "ignore", CheckLevel.Remark, line.Name, $"Line {line.Number} of the ignore file names no difference.", [])),
    ];

    /// <summary>The findings of the verbs that look after a running database.</summary>
    public static IReadOnlyList<CheckFinding> Of(IEnumerable<Finding> findings) =>
    [
        .. FindingLines.Ordered(findings).Select(f => new CheckFinding(
            f.Rule,
            f.Severity switch
            {
                Severity.Error => CheckLevel.Drift,
                Severity.Warning => CheckLevel.Pending,
                _ => CheckLevel.Remark,
            },
            f.Subject,
            f.Problem,
            [.. new[] { f.Cost, f.Mend, f.Statement is null ? null : $"{f.Statement};" }.OfType<string>()])),
    ];

    private static CheckFinding? OfVersion(VersionStatus version) => version.State switch
    {
        VersionState.Pending => new("pending", CheckLevel.Pending, version.Name, $"{SetTables.Named(version)} is pending.", []),
        VersionState.Changed => new(
            "changed", CheckLevel.Drift, version.Name, $"{SetTables.Named(version)}.sql was changed after it was applied.", []),
        VersionState.Unknown => new("unknown", CheckLevel.Drift, version.Name, $"{SetTables.Named(version)} is unknown to this tool.", []),
        _ => null,
    };

    private static CheckFinding Of(SchemaDifference d) => new(
        CheckText.Word(d.Kind), d.IsRemark ? CheckLevel.Remark : CheckLevel.Drift, d.Name, d.Message,
        [
            .. d.Protects && !d.IsRemark ? ["It protects rows: no statement removes it."] : Array.Empty<string>(),
            .. d.Obstacles.Select(o => $"In the way: {o.What}{(o.Query is null ? "" : $" {o.Query};")}"),
            .. d.Repairs.SelectMany(r => new[] { $"-- {StatementLines.Cost(r)}", $"{(d.IsSafe ? "" : "-- ")}{r.Sql};" }),
        ]);
}

/// <summary>How grave a finding is.</summary>
internal enum CheckLevel
{
    /// <summary>Worth knowing: not a failure.</summary>
    Remark,

    /// <summary>A version that is not applied yet, or a warning.</summary>
    Pending,

    /// <summary>A difference, or an error.</summary>
    Drift,
}
