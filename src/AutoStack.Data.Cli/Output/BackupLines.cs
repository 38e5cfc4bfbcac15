using System.Globalization;
using AutoStack.Data.Cli.Backups;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>backup</c> as text.</summary>
internal static class BackupLines
{
    private const int WidestStep = 8;

    public static void Write(IAnsiConsole output, BackupStatus status)
    {
        if (status.Newest is { } newest)
        {
            output.WriteLine(
                $"Newest backup: {newest.Label}, {newest.Type}, {Amount.Age(status.At - newest.Stop)} old, {Amount.Bytes(newest.Size)} in "
                + $"{Amount.Age(newest.Stop - newest.Start)}, {Amount.Bytes(newest.RepositorySize)} in the repository.");
            output.WriteLine(
                $"Kept: {Screen.Count(status.Stanza.Backups.Count, "backup")} since {Time(status.Stanza.Backups[0].Stop)}.");
        }

        if (status.Wal is { } wal)
        {
            output.WriteLine(
                $"Write-ahead log: {wal.First} to {wal.Last}, {Screen.Count(wal.Count, "segment")}, "
                + $"{(wal.Gaps.Count == 0 ? "none missing" : $"{wal.Gaps.Sum(gap => gap.Count)} missing")}.");
        }

        output.WriteLine(status.Server switch
        {
            { Server.IsStandby: true } => "Archiver: the server is a standby; its primary archives.",
            { Replication.ArchiveMode: "off" } => "Archiver: off.",
            { Replication: { } archive } server =>
                $"Archiver: {Amount.Count(archive.Archived)} segments, the last {Since(archive.LastArchived, server.At)}; "
                + $"{Amount.Count(archive.ArchiveFailures)} failed attempts{Waiting(archive)}.",
            _ => "Archiver: not asked; with a connection, the server says whether it archives.",
        });
        output.WriteLine(status.Rehearsed is { Rehearsed: { } rehearsed } backup
            ? $"Last rehearsal: {backup.Label}, {Amount.Age(status.At - rehearsed)} ago."
            : "Last rehearsal: never.");
        output.WriteLine();
        FindingLines.Write(output, status.Findings);
        output.WriteLine($"{FindingLines.Summary(status.Findings)}.");
    }

    public static void Write(IAnsiConsole output, Backup backup, RowMark mark, bool isArchived)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{mark.Rows.Values.Sum():N0} rows in {mark.Rows.Count} tables at {mark.Position}, recorded with the backup {backup.Label}."));
        foreach (var (table, reason) in mark.NotCounted)
        {
            output.WriteLine($"Not counted: {Visible.Text(table)}: {Visible.Text(reason)}", new Style(Color.Yellow));
        }

        if (!isArchived)
        {
            output.WriteLine(
                "This role may not end the segment, so that a rehearsal fails until the server has written and archived more: "
                + "GRANT EXECUTE ON FUNCTION pg_switch_wal() to it.");
        }
    }

    public static void Write(IAnsiConsole output, RehearsalReport report)
    {
        var backup = report.Target.Backup;
        output.WriteLine($"Backup {backup.Label}, target: {report.Target.Text}");
        foreach (var step in report.Steps)
        {
            output.WriteLine($"  {step.Name.PadRight(WidestStep)} {Screen.Duration(step.Duration),8}  {step.Result}");
        }

        output.WriteLine();
        FindingLines.Write(output, report.Findings);
        output.WriteLine(report.IsRecorded
            ? $"{FindingLines.Summary(report.Findings)}. The rehearsal is recorded with the backup."
            : $"{FindingLines.Summary(report.Findings)}. The backup is not recorded as rehearsed.");
    }

    private static string Since(DateTimeOffset? then, DateTimeOffset now) => then is null ? "never" : $"{Amount.Ago(then, now)} ago";

    private static string Waiting(ReplicationStats archive) =>
        archive.ArchiveWaiting is { } waiting ? $", {Amount.Count(waiting)} segments waiting" : "";

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";
}
