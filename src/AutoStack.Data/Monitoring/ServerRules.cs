using System.Collections.Frozen;
using System.Globalization;

namespace AutoStack.Data.Monitoring;

/// <summary>Settings of the server that slow or stop the services, and its version.</summary>
internal static class ServerRules
{
    // The newest minor versions that were known when the library was built.
    private static readonly FrozenDictionary<int, int> NewestMinor =
        new Dictionary<int, int> { [14] = 23, [15] = 18, [16] = 14, [17] = 10, [18] = 4 }.ToFrozenDictionary();

    // 128 MB in pages of 8 kB.
    private const long DefaultSharedBuffers = 16_384;

    public static IReadOnlyList<DoctorRule> All { get; } =
    [
        new("autovacuum-off", facts => Off(facts, "autovacuum", "autovacuum-off", Severity.Error, "autovacuum is off.",
            "Tables grow without end, plans go wrong, and at two thousand million transactions the server stops writes.")),
        new("track-counts-off", facts => Off(facts, "track_counts", "track-counts-off", Severity.Error, "track_counts is off.",
            "Autovacuum does not learn which tables need it, and statistics are empty.")),
        new("track-io-timing-off", facts => Off(facts, "track_io_timing", "track-io-timing-off", Severity.Information,
            "track_io_timing is off.", "A slow disk looks like a slow query.")),
        new("shared-buffers-default", SharedBuffers),
        new("random-page-cost", RandomPageCost),
        new("statistics-target", facts => facts.Number("default_statistics_target") is < 100 and var target
            ? [new("statistics-target", Severity.Warning, "default_statistics_target",
                string.Create(CultureInfo.InvariantCulture, $"default_statistics_target is {target}; the default is 100."))
            {
                Cost = "The planner has coarser statistics of the rows, and may choose slow plans.",
                Mend = "Reset the setting, reload, and run ANALYZE.",
                Statement = "ALTER SYSTEM RESET default_statistics_target",
            }
            ] : []),
        new("lock-table", LockTable),
        new("max-connections", MaxConnections),
        new("connections-used", ConnectionsUsed),
        new("requested-checkpoints", Checkpoints),
        new("server-version", Version),
        new("encoding", facts => facts.Rights.Encoding != "UTF8"
            ? [new("encoding", Severity.Error, "database", $"The encoding of the database is {facts.Rights.Encoding}, not UTF8.")
            {
                Cost = "A log line, a name or a commit message with another letter is refused, or stored as something else.",
                Mend = "Dump the database, create one with UTF8 ('autostack-db create'), and restore into it.",
            }
            ] : []),
        new("collation-version", facts => facts.StaleCollations.Select(stale =>
            new Finding("collation-version", Severity.Error, stale.Subject,
                $"The collation of the {stale.Subject} has version {stale.Actual} now; indexes were built with version {stale.Recorded}.")
            {
                Cost = "Indexes on texts may miss rows, and a unique index may accept what it must refuse.",
                Mend = "Rebuild the indexes on texts (REINDEX DATABASE CONCURRENTLY), check with amcheck, then record the version.",
                Statement = stale.Refresh,
            })),
        new("extension-behind", facts => facts.Extensions.Where(e => e.Available is { } newest && newest != e.Installed).Select(e =>
            new Finding("extension-behind", Severity.Warning, e.Name,
                $"The extension {e.Name} has version {e.Installed}; the server has {e.Available}.")
            {
                Cost = "The extension's objects are those of an older release, without the fixes of the newer one.",
                Mend = "Update the extension.",
                Statement = $"ALTER EXTENSION {e.QuotedName} UPDATE",
            })),
        new("no-statement-statistics", facts => facts.Extensions.Any(e => e.Name == "pg_stat_statements") ? []
            : [new("no-statement-statistics", Severity.Information, "pg_stat_statements",
                "The extension pg_stat_statements is not in the database.")
            {
                Cost = "Which statements take the time of the server is not known.",
                Mend = "Add pg_stat_statements to shared_preload_libraries, restart, and create the extension.",
                Statement = "CREATE EXTENSION pg_stat_statements",
            }
            ]),
    ];

    private static IEnumerable<Finding> Off(
        DoctorFacts facts, string setting, string rule, Severity severity, string problem, string cost) =>
        facts.Value(setting) != "off" ? [] : [new Finding(rule, severity, setting, problem)
        {
            Cost = cost,
            Mend = "Turn it on, and reload.",
            Statement = $"ALTER SYSTEM SET {setting} = on",
        }
        ];

    private static IEnumerable<Finding> SharedBuffers(DoctorFacts facts)
    {
        if (facts.Number("shared_buffers") is <= DefaultSharedBuffers)
        {
            yield return new Finding(
                "shared-buffers-default", Severity.Warning, "shared_buffers",
                "shared_buffers is 128 MB or less, the default of any machine.")
            {
                Cost = "The server reads pages repeatedly that would fit into memory. The size of the memory is not visible in SQL.",
                Mend = "Start with a quarter of the machine's memory, and restart.",
                Statement = "ALTER SYSTEM SET shared_buffers = '4GB'",
            };
        }
    }

    private static IEnumerable<Finding> RandomPageCost(DoctorFacts facts)
    {
        if (facts.Value("random_page_cost") == "4")
        {
            yield return new Finding(
                "random-page-cost", Severity.Information, "random_page_cost", "random_page_cost is 4, the value for a rotating disk.")
            {
                Cost = "On an SSD the server reads tables whole where an index is faster. The kind of disk is not visible in SQL.",
                Mend = "On an SSD set 1.1, and reload; on a rotating disk ignore the rule.",
                Statement = "ALTER SYSTEM SET random_page_cost = 1.1",
            };
        }
    }

    // A dump and an upgrade hold a lock of every table, index and sequence at once.
    private static IEnumerable<Finding> LockTable(DoctorFacts facts)
    {
        var slots = facts.Number("max_locks_per_transaction")
            * (facts.Number("max_connections") + facts.Number("max_prepared_transactions"));
        var relations = facts.Tables.Count + facts.Stats.Indexes?.Count + facts.Sequences.Count;
        if (relations > slots)
        {
            yield return new Finding("lock-table", Severity.Warning, "max_locks_per_transaction", string.Create(
                CultureInfo.InvariantCulture, $"The server has room for {slots} locks, and the database at least {relations} relations."))
            {
                Cost = "A dump locks all of them at once and fails with 'out of shared memory'; other transactions may fail, too.",
                Mend = "Raise it, and restart.",
                Statement = "ALTER SYSTEM SET max_locks_per_transaction = 256",
            };
        }
    }

    private static IEnumerable<Finding> MaxConnections(DoctorFacts facts)
    {
        var reserved = (facts.Number("superuser_reserved_connections") ?? 0) + (facts.Number("reserved_connections") ?? 0);
        var needed = (long)facts.Options.Instances * facts.Options.PoolSize;
        if (facts.Number("max_connections") is { } allowed && needed > allowed - reserved)
        {
            yield return new Finding("max-connections", Severity.Warning, "max_connections", string.Create(
                CultureInfo.InvariantCulture,
                $"The services' pools have {facts.Options.Instances} × {facts.Options.PoolSize} = {needed} connections; the server " +
                $"allows {allowed - reserved} (max_connections {allowed}, {reserved} reserved)."))
            {
                Cost = "Under load, services get 'too many connections' (53300).",
                Mend = "Make the pools smaller (autostack-db bench pool), use PgBouncer, or raise max_connections and restart.",
            };
        }
    }

    private static IEnumerable<Finding> ConnectionsUsed(DoctorFacts facts)
    {
        var used = facts.Stats.Sessions?.Count(session => session.Role is not null) + 1;
        if (facts.Number("max_connections") is { } allowed && used * 10 > allowed * 8)
        {
            yield return new Finding("connections-used", Severity.Warning, "max_connections", string.Create(
                CultureInfo.InvariantCulture, $"{used} of {allowed} connections are in use."))
            {
                Cost = "Soon, services get 'too many connections' (53300).",
                Mend = "'autostack-db stats sessions' lists the connections by application.",
            };
        }
    }

    private static IEnumerable<Finding> Checkpoints(DoctorFacts facts)
    {
        if (facts.Stats.Totals is { RequestedCheckpoints: >= 10 and var requested, TimedCheckpoints: var timed } && requested > timed)
        {
            yield return new Finding("requested-checkpoints", Severity.Warning, "max_wal_size", string.Create(
                CultureInfo.InvariantCulture, $"{requested} checkpoints began early, {timed} in time."))
            {
                Cost = "After each checkpoint, changed pages are written whole: more WAL, more writes, slower commits.",
                Mend = "Raise it, and reload; a restore then takes longer.",
                Statement = "ALTER SYSTEM SET max_wal_size = '8GB'",
            };
        }
    }

    private static IEnumerable<Finding> Version(DoctorFacts facts)
    {
        var (major, minor) = (facts.Stats.Server.Version / 10_000, facts.Stats.Server.Version % 10_000);
        if (major < 14)
        {
            yield return new Finding(
                "server-version", Severity.Error, "server", $"PostgreSQL {major} is not supported: the library needs 14 to 18.")
            {
                Cost = "Statements of the library fail, and the server receives no fixes.",
                Mend = "Upgrade the server.",
            };
        }
        else if (NewestMinor.TryGetValue(major, out var newest) && minor < newest)
        {
            yield return new Finding(
                "server-version", Severity.Warning, "server", $"The server is {major}.{minor}; {major}.{newest} is out.")
            {
                Cost = "The server lacks fixes of known faults, some of which lose data or open the server to attackers.",
                Mend = "Install the packages, and restart: a minor version needs no dump.",
            };
        }
    }
}
