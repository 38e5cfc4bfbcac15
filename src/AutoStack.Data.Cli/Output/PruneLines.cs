using AutoStack.Data.Cli.Upkeep;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Retention;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>What <c>prune</c> would remove and has removed, as text.</summary>
internal static class PruneLines
{
    public static void Write(IAnsiConsole output, PrunePlan plan, bool dryRun)
    {
        var grid = new Grid(new Column("table"), new Column("rows", Right: true), new Column("size about", Right: true));
        foreach (var count in plan.Counts)
        {
            grid.Add(count.Table, Figures.Number(count.Rows), count.Rows == 0 ? "" : Amount.Bytes(count.EstimatedBytes));
        }

        foreach (var hidden in plan.NotVisible)
        {
            grid.Add(hidden, "not visible", "");
        }

        grid.Write(output);
        var rows = Figures.Number(plan.Counts.Sum(count => count.Rows), "row");
        output.WriteLine(dryRun
            ? $"{rows} would be removed from {plan.Where}. Nothing was changed."
            : $"{rows} will be removed from {plan.Where}.");
        if (plan.NotVisible.Count > 0)
        {
            output.WriteLine(
                $"This role may not read, and did not count: {string.Join(", ", plan.NotVisible)}.", new Style(Color.Yellow));
        }

        if (plan.MissingRights.Count > 0)
        {
            output.WriteLine(
                $"This role cannot remove them. It lacks: {string.Join(", ", plan.MissingRights)}.", new Style(Color.Yellow));
        }
    }

    public static void Write(IAnsiConsole output, PruneReport report)
    {
        var grid = new Grid(
            new Column("table"), new Column("rows", Right: true), new Column("batches", Right: true), new Column("time", Right: true),
            new Column("rows/s", Right: true, LeftOut: 1), new Column("state", Wraps: true));
        foreach (var result in report.Run.Results)
        {
            var time = report.Durations.GetValueOrDefault(result.Table);
            grid.Add(
                result.Table,
                Figures.Number(result.Rows),
                Figures.Number(result.Batches),
                result.Batches == 0 ? "" : Screen.Duration(time),
                result.Batches == 0 ? "" : Figures.Number(result.Rows / Math.Max(time.TotalSeconds, 0.001)),
                StateOf(result));
        }

        grid.Write(output);
        if (report.Run.LagIsHidden)
        {
            output.WriteLine(
                "The role does not see the lag of standbys, and the run did not wait for them: GRANT pg_read_all_stats to it.",
                new Style(Color.Yellow));
        }

        var removed = $"{Figures.Number(report.Run.Rows, "row")} removed in {Screen.Duration(report.Elapsed)}.";
        output.WriteLine(report.Run.Outcome switch
        {
            RetentionRunOutcome.Completed => removed,
            RetentionRunOutcome.Failed => $"{removed} Tables have failed; the next run continues.",
            RetentionRunOutcome.LeaseLost => $"{removed} Another process has taken over the lease, and continues.",
            _ => $"{removed} The run ended at its limit; the next run continues.",
        });
    }

    /// <summary>Why a table failed, in one line and without values of rows.</summary>
    public static string Describe(Exception failure) => Visible.Text(failure is Npgsql.PostgresException server
        ? $"{server.MessageText} ({server.SqlState})" : failure.Message);

    private static Cell StateOf(RetentionResult result) =>
        result.Failure is { } failure ? new Cell(Describe(failure), Color.Red)
        : result.MoreLeft ? new Cell("old rows are left", Color.Yellow)
        : "done";
}
