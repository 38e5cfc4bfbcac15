using AutoStack.Data.Archives;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>partitions archive</c>, <c>archives</c> and <c>restore</c> as text.</summary>
internal static class ArchiveLines
{
    private const string Plain = "The tables of logs are not partitioned: there is nothing to archive.";

    public static void Write(IAnsiConsole output, ArchivePlan plan)
    {
        if (plan.Partitions.Count > 0)
        {
            var grid = new Grid(
                new Column("partition"), new Column("from"), new Column("until"), new Column("size", Right: true),
                new Column("newest archive", LeftOut: 1));
            foreach (var (partition, archive) in plan.Partitions)
            {
                grid.Add(partition.Name, Day(partition.From), Day(partition.Until), Amount.Bytes(partition.Bytes), archive ?? "");
            }

            grid.Write(output);
        }

        output.WriteLine(plan.IsEnabled
            ? $"{Figures.Number(plan.Partitions.Count, "partition")} would be compared or archived. Nothing was written."
            : Plain);
    }

    public static void Write(IAnsiConsole output, ArchiveReport report)
    {
        if (report.Results.Count > 0)
        {
            var grid = new Grid(
                new Column("partition"), new Column("rows", Right: true), new Column("text", Right: true, LeftOut: 1),
                new Column("file", Right: true), new Column("time", Right: true), new Column("state", Wraps: true));
            foreach (var result in report.Results)
            {
                var archive = result.Archive;
                grid.Add(
                    result.Partition.Name,
                    archive is null ? "" : Figures.Number((double)archive.Rows),
                    archive is null ? "" : Amount.Bytes(archive.PlainBytes),
                    archive is null ? "" : Amount.Bytes(archive.Bytes),
                    Screen.Duration(report.Durations.GetValueOrDefault(result.Partition.Name)),
                    StateOf(result));
            }

            grid.Write(output);
        }

        var failed = report.Results.Count(result => result.Failure is not null);
        output.WriteLine(!report.IsEnabled ? Plain
            : report.Results.Count == 0 ? "No partition is past. Nothing was written."
            : failed == 0 ? $"{Figures.Number(report.Results.Count, "partition")}: every row is in a verified archive."
            : $"{Figures.Number(failed, "partition")} could not be archived; the next run tries again.");
    }

    public static void Write(IAnsiConsole output, IReadOnlyList<ArchiveEntry> entries, bool verified)
    {
        if (entries.Count > 0)
        {
            var grid = new Grid(
                new Column("archive"), new Column("rows", Right: true), new Column("file", Right: true),
                new Column("made at", LeftOut: 1), new Column("state", Wraps: true));
            foreach (var entry in entries)
            {
                grid.Add(
                    entry.Name,
                    entry.Manifest is { } manifest ? Figures.Number((double)manifest.Rows) : "",
                    entry.Manifest is null ? "" : Amount.Bytes(entry.Manifest.Bytes),
                    entry.Manifest is null ? "" : Figures.Time(entry.Manifest.CreatedAt),
                    entry.State switch
                    {
                        ArchiveState.Complete => verified ? "verified" : "complete",
                        ArchiveState.Incomplete or ArchiveState.UnknownFormat => new Cell(entry.Problem ?? "", Color.Yellow),
                        _ => new Cell(entry.Problem ?? "", Color.Red),
                    });
            }

            grid.Write(output);
        }

        var complete = entries.Count(entry => entry.State == ArchiveState.Complete);
        output.WriteLine($"{Figures.Number(complete, "archive")}"
            + (complete < entries.Count ? $"; {entries.Count - complete} cannot be used." : "."));
    }

    public static void Write(IAnsiConsole output, RestoreResult result)
    {
        output.WriteLine(result.Outcome == RestoreOutcome.Restored
            ? $"{Figures.Number(result.Rows - result.LeftOut, "row")} restored to {Visible(result.Table)}."
            : $"{Visible(result.Table)} has the {Figures.Number(result.Rows, "row")} of this archive already. Nothing was changed.");
        if (result.LeftOut > 0)
        {
            output.WriteLine($"{Figures.Number(result.LeftOut, "row")} of removed deployments left out.", new Style(Color.Yellow));
        }
    }

    private static string Visible(string text) => Migrations.Internal.Visible.Text(text);

    private static Cell StateOf(ArchiveResult result) => result.Outcome switch
    {
        ArchiveOutcome.Archived => "archived",
        ArchiveOutcome.AlreadyArchived => "archived before, and verified",
        ArchiveOutcome.Empty => "no rows",
        _ => new Cell(PruneLines.Describe(result.Failure!), Color.Red),
    };

    private static string Day(DateTimeOffset? time) => $"{time:yyyy-MM-dd}";
}
