using System.Globalization;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Backups;

/// <summary>What is a finding, and how grave.</summary>
internal static class BackupRules
{
    /// <summary>The rules about the repository.</summary>
    public static IReadOnlyList<string> OfRepository { get; } =
        ["backup-missing", "backup-repository", "backup-old", "backup-errors", "backup-not-rehearsed", "wal-gap"];

    /// <summary>The findings of <c>backup status</c>.</summary>
    /// <param name="status">What was read.</param>
    /// <param name="silence">Why the server did not answer; null when it did, or was not asked.</param>
    /// <param name="limits">What is still fine.</param>
    public static IEnumerable<Finding> Of(BackupStatus status, string? silence, BackupLimits limits) =>
        [.. OfBackups(status, limits), .. OfWal(status), .. OfArchiver(status, silence, limits)];

    private static IEnumerable<Finding> OfBackups(BackupStatus status, BackupLimits limits)
    {
        var stanza = status.Stanza;
        if (status.Newest is not { } newest)
        {
            yield return new Finding("backup-missing", Severity.Error, stanza.Name,
                $"The stanza {stanza.Name} has no backup: {stanza.Message}.")
            {
                Cost = "A lost disk or a dropped table cannot be recovered.",
                Mend = "Make a full backup.",
                Statement = $"pgbackrest --stanza={stanza.Name} --type=full backup",
            };
            yield break;
        }

        if (stanza.Code != 0)
        {
            yield return new Finding("backup-repository", Severity.Error, stanza.Name,
                $"pgBackRest reports of the stanza {stanza.Name}: {stanza.Message}.");
        }

        if (status.At - newest.Stop > limits.Backup)
        {
            yield return new Finding("backup-old", Severity.Error, newest.Label,
                $"The newest backup is {Amount.Age(status.At - newest.Stop)} old; the limit is {Amount.Age(limits.Backup)}.")
            {
                Cost = "A recovery takes longer each day, because it applies all write-ahead log since the backup.",
                Mend = stanza.IsBackupRunning ? "A backup is being made." : "Find out why the timer's last run failed, and make a backup.",
                Statement = $"pgbackrest --stanza={stanza.Name} --type=full backup",
            };
        }

        foreach (var damaged in stanza.Backups.Where(backup => backup.HasErrors))
        {
            yield return new Finding("backup-errors", Severity.Error, damaged.Label,
                $"The backup {damaged.Label} has pages whose checksum is wrong.")
            {
                Cost = "The server itself had these damaged pages when the backup was made.",
                Mend = "List the pages, restore them from an older backup, and replace the disk.",
                Statement = $"pgbackrest --stanza={stanza.Name} --set={damaged.Label} info",
            };
        }

        var rehearsed = status.Rehearsed?.Rehearsed;
        if (rehearsed is null || status.At - rehearsed > limits.Rehearsal)
        {
            yield return new Finding("backup-not-rehearsed", Severity.Warning, stanza.Name,
                rehearsed is null ? "No backup of the repository has been restored by a rehearsal."
                    : $"The last rehearsal of a restore is {Amount.Age(status.At - rehearsed.Value)} ago; the limit is "
                        + $"{Amount.Age(limits.Rehearsal)}.")
            {
                Cost = "Whether a restore succeeds, and how long it takes, is not known.",
                Mend = "Rehearse a restore.",
                Statement = $"autostack-db backup rehearse --stanza {stanza.Name}",
            };
        }
    }

    private static IEnumerable<Finding> OfWal(BackupStatus status)
    {
        if (status.Newest is { FirstSegment: not null } newest && status.Wal is null)
        {
            yield return new Finding("wal-gap", Severity.Error, newest.Label, "The archive has no segment for the backups.")
            {
                Cost = "No backup can be restored.",
            };
        }

        foreach (var gap in status.Wal?.Gaps ?? [])
        {
            var what = gap.Count == 1 ? $"The archive lacks the segment {gap.First}."
                : $"The archive lacks {gap.Count} segments, {gap.First} to {gap.Last}.";
            var severity = gap.Backup is not null || gap.IsRecent ? Severity.Error : Severity.Warning;
            yield return new Finding("wal-gap", severity, gap.First, what)
            {
                Cost = gap.Backup is not null ? $"The backup {gap.Backup} cannot be restored."
                    : "A recovery from an earlier backup ends at the gap, without a message.",
                Mend = "A missing segment cannot be made again: make a full backup now, from which recovery is possible.",
                Statement = $"pgbackrest --stanza={status.Stanza.Name} --type=full backup",
            };
        }
    }

    private static IEnumerable<Finding> OfArchiver(BackupStatus status, string? silence, BackupLimits limits)
    {
        if (silence is not null)
        {
            yield return new Finding("archiver-not-seen", Severity.Warning, "pg_stat_archiver",
                $"The server was not asked about its archiver: {silence.TrimEnd('.')}.");
        }

        if (status.Server is not { Server.IsStandby: false, Replication: { } archive } server)
        {
            yield break;
        }

        foreach (var finding in ArchiveRules.Of(server))
        {
            yield return finding;
        }

        if (archive.ArchiveWaitingSeconds is { } seconds && TimeSpan.FromSeconds(seconds) is var waiting && waiting > limits.Archive)
        {
            yield return new Finding("archive-behind", Severity.Error, "pg_stat_archiver", string.Create(CultureInfo.InvariantCulture,
                $"{archive.ArchiveWaiting} segments wait to be archived, the oldest for {Amount.Age(waiting)}."))
            {
                Cost = "The changes in these segments are lost with the server.",
                Mend = "Raise process-max for archive-push, or find what slows the repository.",
            };
        }

        foreach (var hidden in server.NotVisible.Where(missing => missing.What == ReplicationQuery.Waiting))
        {
            yield return new Finding("archiver-not-seen", Severity.Information, "pg_ls_archive_statusdir",
                $"The number of segments that wait to be archived is not visible. {hidden.Why}")
            {
                Mend = "Run as a role that is a member of pg_monitor.",
            };
        }
    }

    public static Finding NotRestored(Backup backup, string stanza, string reason) =>
        new("restore-failed", Severity.Error, backup.Label, $"The backup {backup.Label} cannot be restored: {Visible.Text(reason)}")
        {
            Cost = "Nothing can be recovered from this backup, nor from one that builds on it.",
            Mend = "Make a full backup now, rehearse an older one, and let pgBackRest read the whole repository.",
            Statement = $"pgbackrest --stanza={stanza} --output=text verify",
        };

    public static Finding NotRecovered(RecoveryTarget target, string reason) =>
        new("recovery-failed", Severity.Error, target.Backup.Label,
            $"The server restored from {target.Backup.Label} did not reach {target.Text}: {Visible.Text(reason)}")
        {
            Mend = "Look for gaps in the write-ahead log.",
            Statement = "autostack-db backup status",
        };

    public static Finding EndedEarly(Backup backup, string position, string last) =>
        new("recovery-ended-early", Severity.Error, backup.Label,
            $"Recovery from {backup.Label} ended at {position}, before the last archived segment {last}.")
        {
            Cost = "A segment is missing or damaged, and everything after it cannot be recovered.",
            Mend = "Make a full backup now, and look for the gap.",
            Statement = "autostack-db backup status",
        };

    public static Finding NotReadable(Backup backup, string reason) =>
        new("database-unreadable", Severity.Error, backup.Label, $"The restored database cannot be examined: {Visible.Text(reason)}");

    public static Finding NotCounted(Backup backup, string table, string reason) =>
        new("table-unreadable", Severity.Error, table, $"{Visible.Text(table)} of {backup.Label} cannot be read: {Visible.Text(reason)}");

    public static Finding SchemaDiffers(Backup backup, int differences) =>
        new("schema-differs", Severity.Warning, backup.Label,
            $"The restored schema is not what its scripts create: {differences} differences.")
        {
            Mend = "Run the check on the live database: a restore changes no schema, so that it should say the same.",
            Statement = "autostack-db check",
        };

    /// <summary>Compares the rows of the restored server with those that were recorded.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="tables">The tables of both.</param>
    /// <param name="later">The number of transactions that the restored server has besides.</param>
    public static IEnumerable<Finding> Compare(Backup backup, IEnumerable<TableRows> tables, long later) =>
        tables.Where(table => table.Recorded != table.Restored && table.Recorded is not null).Select(table => new Finding(
            "rows-differ",
            later == 0 || table.Restored is null ? Severity.Error : Severity.Information,
            table.Table,
            string.Create(CultureInfo.InvariantCulture, $"{Visible.Text(table.Table)} has {Rows(table.Restored)} in the restored server; ")
            + string.Create(CultureInfo.InvariantCulture, $"{Rows(table.Recorded)} were counted for the backup {backup.Label}"))
        {
            Cost = later == 0 ? "The restored server does not have the rows that were backed up."
                : string.Create(CultureInfo.InvariantCulture, $"{later} transactions were committed while the rows were counted."),
        });

    private static string Rows(long? rows) => rows is { } number
        ? string.Create(CultureInfo.InvariantCulture, $"{number:N0} row{(number == 1 ? "" : "s")}") : "no rows that can be read";
}
