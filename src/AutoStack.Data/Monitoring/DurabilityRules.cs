using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>Settings under which the server loses or damages what it has acknowledged, and what is needed to get it back.</summary>
internal static class DurabilityRules
{
    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("fsync-off", facts => facts.Value("fsync") == "off" ? [new("fsync-off", Severity.Error, "fsync", "fsync is off.")
        {
            Cost = "A crash of the machine can destroy the database.",
            Mend = "Turn it on, and reload.",
            Statement = "ALTER SYSTEM SET fsync = on",
        }
        ] : []),
        new("full-page-writes-off", facts => facts.Value("full_page_writes") == "off"
            ? [new("full-page-writes-off", Severity.Error, "full_page_writes", "full_page_writes is off.")
            {
                Cost = "A page that was half written when the machine crashed cannot be repaired.",
                Mend = "Turn it on, and reload, unless the file system writes pages of 8 kB whole.",
                Statement = "ALTER SYSTEM SET full_page_writes = on",
            }
            ] : []),
        new("synchronous-commit-off", SynchronousCommit),
        new("checksums-off", facts => facts.Value("data_checksums") == "off"
            ? [new("checksums-off", Severity.Warning, "data_checksums", "The server keeps no checksums of data pages.")
            {
                Cost = "A disk that returns wrong data is noticed by nobody, and damages backups, too.",
                Mend = "Stop the server, and run 'pg_checksums --enable -D DATA': it reads and writes every page once.",
            }
            ] : []),
        new("checksum-failures", facts => facts.Stats.Totals?.ChecksumFailures is > 0 and var failures
            ? [new("checksum-failures", Severity.Error, "database", string.Create(
                CultureInfo.InvariantCulture, $"{failures} pages had a wrong checksum since the statistics began."))
            {
                Cost = "The disk or the memory is damaged: rows on these pages cannot be read, or are wrong.",
                Mend = "Look for 'page verification failed' in the server's log, restore to another disk, and replace the hardware.",
            }
            ] : []),
        new("archive-off", facts => facts is { Stats.Server.IsStandby: false } && facts.Value("archive_mode") == "off"
            ? [new("archive-off", Severity.Warning, "archive_mode", "The server archives no WAL.")
            {
                Cost = "After a loss, only the last full backup comes back: everything since is lost.",
                Mend = "Set archive_mode and the archive_command of a backup tool, and restart; where WAL is received, ignore this.",
                Statement = "ALTER SYSTEM SET archive_mode = on",
            }
            ] : []),
        new("archive-failing", ArchiveFailing),
        new("wal-level", facts => facts.Value("wal_level") == "minimal"
            ? [new("wal-level", Severity.Warning, "wal_level", "wal_level is minimal.")
            {
                Cost = "Neither a standby nor a restore to a point in time is possible.",
                Mend = "Set it, and restart.",
                Statement = "ALTER SYSTEM SET wal_level = replica",
            }
            ] : []),
        new("unlogged-table", facts => facts.Tables.Where(table => table.IsUnlogged).Select(table =>
            new Finding("unlogged-table", Severity.Warning, table.Name, $"The table {table.Name} is not written to WAL.")
            {
                Cost = "After a crash it is empty, and standbys never have its rows.",
                Mend = "Log it, unless its rows may be lost; the statement rewrites the table under an exclusive lock.",
                Statement = $"ALTER TABLE {table.QuotedName} SET LOGGED",
            })),
    ];

    private static IEnumerable<Finding> SynchronousCommit(DoctorFacts facts)
    {
        foreach (var role in facts.ServiceRoles.DefaultIfEmpty(facts.Stats.Server.Role))
        {
            var (value, place) = facts.Effective("synchronous_commit", role);
            if (value == "off")
            {
                yield return new Finding(
                    "synchronous-commit-off", Severity.Warning, $"role {role}",
                    $"Sessions of the role {role} begin with synchronous_commit off.")
                {
                    Cost = "Up to three wal_writer_delay of acknowledged changes are lost when the server crashes.",
                    Mend = "Turn it on, and reload.",
                    Statement = place is null ? "ALTER SYSTEM SET synchronous_commit = on" : $"{place.Alter} RESET synchronous_commit",
                };
            }
        }
    }

    private static IEnumerable<Finding> ArchiveFailing(DoctorFacts facts)
    {
        if (facts.Stats.Replication is { LastArchiveFailure: { } failed, ArchiveFailures: var failures } archive
            && facts.Value("archive_mode") != "off" && (archive.LastArchived is null || failed >= archive.LastArchived))
        {
            var success = archive.LastArchived is { } last
                ? string.Create(CultureInfo.InvariantCulture, $"the last success was at {last:u}") : "it has never succeeded";
            yield return new Finding("archive-failing", Severity.Error, "archive_command", string.Create(
                CultureInfo.InvariantCulture,
                $"Archiving fails: {failures} failures, the last at {failed:u}; {success}."))
            {
                Cost = "Nothing since the last success can be restored, and WAL fills the disk until the server stops.",
                Mend = "Read why in the server's log, and mend archive_command or its target; archiving then goes on by itself.",
            };
        }
    }
}
