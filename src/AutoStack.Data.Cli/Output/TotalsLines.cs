using AutoStack.Data.Monitoring;
using Spectre.Console;

namespace AutoStack.Data.Cli.Output;

/// <summary>The parts of a look that are single numbers: a name and its value on each line.</summary>
internal static class TotalsLines
{
    public static void Write(IAnsiConsole output, DatabaseTotals totals, StatsChange? change, DateTimeOffset now)
    {
        var seconds = change?.Seconds ?? 0;
        var since = $"since {(totals.ResetAt is { } reset ? Amount.Ago(reset, now) + " ago" : "the statistics began")}";
        List<(string Name, string Value)> lines =
        [
            ("size", Amount.Bytes(totals.Bytes) + (change?.Totals is { Bytes: { } grown } ? $" ({Amount.Growth(grown)})" : "")),
            ("connections", $"{Amount.Count(totals.Connections)} here; the server allows " + Amount.Count(totals.MaxConnections)),
        ];
        if (change?.Totals is { } latest)
        {
            lines.Add(("commits", Amount.Rate(latest.Commits, seconds)));
            lines.Add(("rollbacks", Amount.Rate(latest.Rollbacks, seconds)));
            lines.Add(("deadlocks", Amount.Count(latest.Deadlocks)));
            lines.Add(("cache hits", Amount.Percent(latest.HitRatio)));
            lines.Add(("temporary files", Amount.Bytes(latest.TempBytes)));
        }
        else
        {
            lines.Add(("commits", $"{Amount.Count(totals.Commits)} {since}"));
            lines.Add(("rollbacks", Amount.Count(totals.Rollbacks)));
            lines.Add(("deadlocks", Amount.Count(totals.Deadlocks)));
            lines.Add(("cache hits", Amount.Percent(totals.HitRatio)));
            lines.Add(("temporary files", $"{Amount.Bytes(totals.TempBytes)} in {Amount.Count(totals.TempFiles)}"));
        }

        lines.Add(("checkpoints", change?.Checkpoints is { } written
            ? $"{Amount.Count(written.Timed)} in time, {Amount.Count(written.Requested)} early"
            : $"{Amount.Count(totals.TimedCheckpoints)} in time, {Amount.Count(totals.RequestedCheckpoints)} early"));
        lines.Add(("WAL", change?.Checkpoints is { } wal
            ? $"{Amount.Bytes(wal.WalBytes)}, {Amount.Bytes((long)(wal.WalBytes / Math.Max(0.001, seconds)))}/s"
            : Amount.Bytes(totals.WalBytes)));
        lines.Add(("freeze age", $"{Amount.Count(totals.FreezeAge)} transactions"));
        lines.Add(("lost sessions", Amount.Count(totals.SessionsLost)));
        lines.Add(("checksum failures", totals.ChecksumFailures is { } failures ? Amount.Count(failures) : "no checksums"));
        Write(output, lines);
    }

    public static void Write(IAnsiConsole output, QueueStats queue) => Write(output,
    [
        ("waiting", Most(queue.Waiting)),
        ("head of the queue", queue.HeadSeconds is null ? "none waits" : $"{Amount.Seconds(queue.HeadSeconds)} old"),
        ("running", Most(queue.Running)),
        ("leases", $"{Most(queue.Leases)}, {Amount.Count(queue.ExpiredLeases)} expired"),
        ("log lines per day", queue.LogLinesPerDay is { } lines ? $"about {Amount.Count(lines)}" : Amount.Count(null)),
    ]);

    public static void Write(IAnsiConsole output, ReplicationStats replication, DateTimeOffset now)
    {
        if (replication.OwnLagBytes is not null)
        {
            Write(output,
            [
                ("lag of this standby", $"{Amount.Seconds(replication.OwnLagSeconds)}, {Amount.Bytes(replication.OwnLagBytes)}"),
                ("receiving", replication.IsReceiving == true ? "yes" : "no"),
            ]);
        }

        var standbys = new Grid(
            new Column("standby"), new Column("state"), new Column("sync", LeftOut: 2), new Column("lag", Right: true),
            new Column("behind", Right: true), new Column("address", LeftOut: 1));
        foreach (var standby in replication.Standbys)
        {
            standbys.Add(
                standby.Application, standby.State ?? "hidden", standby.SyncState ?? "", Amount.Seconds(standby.LagSeconds),
                Amount.Bytes(standby.LagBytes), standby.Address ?? "");
        }

        var slots = new Grid(
            new Column("slot"), new Column("kind", LeftOut: 2), new Column("state"), new Column("keeps", Right: true),
            new Column("WAL", LeftOut: 1), new Column("oldest row", Right: true, LeftOut: 3));
        foreach (var slot in replication.Slots)
        {
            slots.Add(
                slot.Name, slot.Kind, new Cell(slot.IsActive ? "in use" : "no receiver", slot.IsActive ? null : Color.Yellow),
                Amount.Bytes(slot.RetainedBytes), slot.WalStatus ?? "", slot.XminAge is null ? "" : Amount.Count(slot.XminAge));
        }

        if (replication.Standbys.Count > 0)
        {
            standbys.Write(output);
        }

        if (replication.Slots.Count > 0)
        {
            slots.Write(output);
        }

        Write(output,
        [
            ("standbys", Amount.Count(replication.Standbys.Count)),
            ("slots", Amount.Count(replication.Slots.Count)),
            ("archived", $"{Amount.Count(replication.Archived)}, the last {Ago(replication.LastArchived, now)}"),
            ("archive failures", $"{Amount.Count(replication.ArchiveFailures)}, the last {Ago(replication.LastArchiveFailure, now)}"),
        ]);
    }

    private static string Ago(DateTimeOffset? then, DateTimeOffset now) => then is null ? "never" : $"{Amount.Ago(then, now)} ago";

    private static string Most(long number) => number >= QueueStats.MaxCount ? $"{Amount.Count(number)} or more" : Amount.Count(number);

    private static void Write(IAnsiConsole output, List<(string Name, string Value)> lines)
    {
        var width = lines.Max(line => line.Name.Length);
        foreach (var (name, value) in lines)
        {
            output.WriteLine($"{name.PadRight(width)}  {value}");
        }
    }
}
