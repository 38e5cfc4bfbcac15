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
                Cost = "Wrong data from a disk is not noticed, and damages backups, too.",
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
        new(ArchiveRules.Off, facts => ArchiveRules.Of(facts.Stats).Where(finding => finding.Rule == ArchiveRules.Off)),
        new(ArchiveRules.Failing, facts => ArchiveRules.Of(facts.Stats).Where(finding => finding.Rule == ArchiveRules.Failing)),
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
                Cost = "After a crash the table is empty, and standbys never have its rows.",
                Mend = "Make the table logged, unless its rows may be lost; the statement rewrites the table under an exclusive lock.",
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
}
