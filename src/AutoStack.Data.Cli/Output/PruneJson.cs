using AutoStack.Data.Cli.Upkeep;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>prune</c> as JSON.</summary>
/// <remarks>
/// <code>
/// prune --dry-run  {"dryRun":true,"rows":120,"tables":[{"table":"sessions","rows":120,"estimatedBytes":31000},…],"missingRights":[],
///                  "notVisible":[]}   notVisible are the tables that the role may not count; with any, the exit code is 7
///                  estimatedBytes is null before the first ANALYZE of the table
/// prune            {"dryRun":false,"outcome":"completed","rows":120,"seconds":1.2,"lagIsHidden":false,
///                  "tables":[{"table":"sessions","rows":120,"batches":1,"seconds":0.2,"moreLeft":false,"error":null},…]}
///                  outcome is completed, partial, failed or leaseLost
/// errors           also rightsMissing; locked when another process runs the retention
/// </code>
/// </remarks>
internal static class PruneJson
{
    public static object Of(PrunePlan plan) => new
    {
        DryRun = true,
        Rows = plan.Counts.Sum(count => count.Rows),
        Tables = plan.Counts.Select(count => new { count.Table, count.Rows, count.EstimatedBytes }),
        plan.MissingRights,
        plan.NotVisible,
    };

    public static object Of(PruneReport report) => new
    {
        DryRun = false,
        report.Run.Outcome,
        report.Run.Rows,
        Seconds = Math.Round(report.Elapsed.TotalSeconds, 3),
        report.Run.LagIsHidden,
        Tables = report.Run.Results.Select(result => new
        {
            result.Table,
            result.Rows,
            result.Batches,
            Seconds = Math.Round(report.Durations.GetValueOrDefault(result.Table).TotalSeconds, 3),
            result.MoreLeft,
            Error = result.Failure is { } failure ? PruneLines.Describe(failure) : null,
        }),
    };
}
