using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>The members of a check and of a repair as JSON; <c>docs/check.md</c> describes them.</summary>
internal static class CheckJson
{
    public static object Of(SchemaCheckResult drift) => new
    {
        Version = drift.History.CurrentVersion,
        Head = drift.History.HeadVersion,
        Clean = drift.IsClean,
        Pending = Names(drift.History.Core, VersionState.Pending),
        Changed = Names(drift.History.Core, VersionState.Changed),
        Unknown = Names(drift.History.Core, VersionState.Unknown),
        Sets = drift.History.Sets.Select(set => new
        {
            set.Set,
            Version = set.CurrentVersion,
            Head = set.HeadVersion,
            Pending = Names(set, VersionState.Pending),
            Changed = Names(set, VersionState.Changed),
            Unknown = Names(set, VersionState.Unknown),
            Given = set.Kind != ScriptSetKind.NotGiven,
        }),
        Differences = drift.Differences.Select(Of),
        Detected = drift.Detected is { } detected ? new { detected.Version, detected.Differences } : null,
        Findings = JournalJson.Of(drift.History.Findings),
        drift.ForeignObjects,
        drift.OpenSchemas,
        Ignored = drift.Ignored.Select(d => new { d.Kind, d.Name, d.Message }),
        UnusedIgnores = drift.UnusedIgnores.Select(line => new { Line = line.Number, line.Kind, line.Name }),
    };

    public static object Of(SchemaRepairPlan plan) => new
    {
        Fix = plan.Steps.Select(Of),
        LeftOut = plan.LeftOut.Select(Of),
    };

    public static object Of(SchemaRepairResult report) => new
    {
        Fixed = report.Applied.Select(Of),
        Failed = report.Failures.Select(f => new
        {
            f.Step.Difference.Kind,
            f.Step.Difference.Name,
            f.Step.Statement.Sql,
            f.Reason,
            Blocked = f.IsBlocked,
        }),
        LeftOut = report.Plan.LeftOut.Select(Of),
        Check = Of(report.Left),
    };

    private static object Of(SchemaDifference d) => new
    {
        d.Kind,
        d.Name,
        d.Expected,
        d.Found,
        d.Message,
        d.Statements,
        Remark = d.IsRemark,
        d.LosesData,
        d.LosesSecurity,
        d.Protects,
        Obstacles = d.Obstacles.Select(o => new { o.What, o.Query }),
        Repairs = d.Repairs.Select(Of),
    };

    private static object Of(RepairStep step) => new
    {
        step.Difference.Kind,
        step.Difference.Name,
        Repair = Of(step.Statement),
    };

    private static object Of(RepairStatement r) => new
    {
        r.Sql,
        r.LockTimeout,
        Locks = r.Locks.Select(l => new { l.Mode, l.Table }),
        r.Transactional,
        r.LosesData,
        r.LosesSecurity,
    };

    private static IEnumerable<string> Names(SetHistory history, VersionState state) =>
        history.Versions.Where(v => v.State == state).Select(v => v.Name);
}
