using System.Text.Json;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads what an examination needs beside a look, in one round trip.</summary>
internal static class DoctorQuery
{
    private static readonly string[] Settings =
    [
        "autovacuum", "autovacuum_freeze_max_age", "data_checksums", "default_statistics_target", "fsync", "full_page_writes",
        "idle_in_transaction_session_timeout", "idle_session_timeout", "max_connections",
        "max_locks_per_transaction", "max_prepared_transactions", "random_page_cost", "shared_buffers", "statement_timeout",
        "superuser_reserved_connections", "reserved_connections", "synchronous_commit", "synchronous_standby_names", "track_counts",
        "track_io_timing", "wal_level", "session_replication_role",
    ];

    // From PostgreSQL 15 on, a database records the version of its collation.
    private const string Collation = """
        DO $look$
        DECLARE
            found text;
        BEGIN
            IF to_regprocedure('pg_catalog.pg_database_collation_actual_version(oid)') IS NOT NULL THEN
                EXECUTE 'SELECT json_build_array(d.datcollversion, pg_database_collation_actual_version(d.oid))
                    FROM pg_database d WHERE d.datname = current_database()' INTO found;
            END IF;
            PERFORM set_config('autostack.collation', coalesce(found, '[null, null]'), TRUE);
        END
        $look$
        """;

    private sealed record DatabaseRow(Rights Rights, string Collation);

    public static Task<DoctorFacts> ReadAsync(
        Look look, DatabaseStats stats, DoctorOptions options, CancellationToken cancellationToken) => look.ReadAsync(
        async results =>
        {
            var database = (await results.FindAsync(ReadDatabase).ConfigureAwait(false))!;
            var settings = await results.ListAsync(row => new Setting(row.Text(), row.Text(), row.Text())).ConfigureAwait(false);
            return new DoctorFacts
            {
                Stats = stats,
                Options = options,
                Rights = database.Rights,
                Settings = settings.ToDictionary(setting => setting.Name),
                Placed = await results.ListAsync(ReadPlaced).ConfigureAwait(false),
                ServiceRoles = await results.ListAsync(row => row.Text()).ConfigureAwait(false),
                StaleCollations =
                [
                    .. OfDatabase(database), .. await results.ListAsync(ReadCollation).ConfigureAwait(false),
                ],
                Sequences = await results.ListAsync(row => new SequenceFact(row.Text(), row.Long(), row.Long())).ConfigureAwait(false),
                Extensions = await results.ListAsync(
                    row => new ExtensionFact(row.Text(), row.Text(), row.Text(), row.TextOrNull())).ConfigureAwait(false),
                Tables = await results.ListAsync(ReadTable).ConfigureAwait(false),
            };
        },
        [new Statement(Collation), .. Catalog()],
        cancellationToken);

    private static Statement[] Catalog() =>
    [
        new("""
            SELECT
                pg_catalog.pg_encoding_to_char(d.encoding)::text, pg_catalog.quote_ident(d.datname::text),
                EXISTS (
                    SELECT
                    FROM pg_catalog.pg_namespace n,
                        pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) x
                    WHERE n.nspname = 'public' AND x.grantee = 0::oid AND x.privilege_type = 'CREATE'),
                EXISTS (
                    SELECT FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) x
                    WHERE x.grantee = 0::oid AND x.privilege_type = 'CONNECT'),
                EXISTS (
                    SELECT FROM pg_catalog.aclexplode(coalesce(d.datacl, pg_catalog.acldefault('d', d.datdba))) x
                    WHERE x.grantee = 0::oid AND x.privilege_type = 'TEMPORARY'),
                o.rolname::text, coalesce(o.rolcanlogin AND o.rolconnlimit <> 0, FALSE),
                pg_catalog.current_setting('autostack.collation')
            FROM pg_catalog.pg_database d
            LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass('public.deployments')::oid
            LEFT JOIN pg_catalog.pg_roles o ON o.oid = c.relowner
            WHERE d.datname = pg_catalog.current_database()
            """),
        new("""
            SELECT s.name, coalesce(s.reset_val, ''), s.source
            FROM pg_catalog.pg_settings s
            WHERE s.name = ANY (@settings)
            """, P.Of(Settings)),
        new("""
            SELECT
                r.rolname::text, s.setdatabase = 0::oid,
                CASE WHEN s.setrole = 0::oid THEN pg_catalog.format('ALTER DATABASE %I', d.datname)
                    WHEN s.setdatabase = 0::oid THEN pg_catalog.format('ALTER ROLE %I', r.rolname)
                    ELSE pg_catalog.format('ALTER ROLE %I IN DATABASE %I', r.rolname, d.datname) END,
                pg_catalog.split_part(c.setting, '=', 1), pg_catalog.substr(c.setting, pg_catalog.strpos(c.setting, '=') + 1)
            FROM pg_catalog.pg_db_role_setting s
            JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() AND s.setdatabase IN (0::oid, d.oid)
            LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
            CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) c (setting)
            """),
        new("""
            SELECT r.rolname::text
            FROM pg_catalog.pg_roles r
            JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass('public.deployments')::oid
            WHERE r.rolcanlogin AND r.rolconnlimit <> 0 AND NOT r.rolsuper AND pg_catalog.has_table_privilege(r.oid, c.oid, 'INSERT')
              AND (r.oid = c.relowner OR NOT pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER'))
            """),
        new("""
            SELECT
                pg_catalog.format('collation %s', c.collname), c.collversion, pg_catalog.pg_collation_actual_version(c.oid),
                pg_catalog.format('ALTER COLLATION %I.%I REFRESH VERSION', n.nspname, c.collname)
            FROM pg_catalog.pg_collation c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
            WHERE c.collversion IS NOT NULL AND pg_catalog.pg_collation_actual_version(c.oid) IS NOT NULL
              AND c.collversion <> pg_catalog.pg_collation_actual_version(c.oid)
              AND c.oid IN (SELECT a.attcollation FROM pg_catalog.pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped)
            """),
        new("""
            SELECT pg_catalog.format('%s.%s', q.schemaname, q.sequencename), q.last_value, least(q.max_value, c.largest)
            FROM pg_catalog.pg_sequences q
            LEFT JOIN LATERAL (
                SELECT CASE a.atttypid WHEN 21::oid THEN 32767 WHEN 23::oid THEN 2147483647 END::bigint AS largest
                FROM pg_catalog.pg_depend d
                JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_catalog.pg_class'::regclass::oid AND d.refclassid = 'pg_catalog.pg_class'::regclass::oid
                  AND d.objid = pg_catalog.to_regclass(pg_catalog.format('%I.%I', q.schemaname, q.sequencename))::oid
                  AND d.deptype IN ('a', 'i')
                LIMIT 1) c ON TRUE
            WHERE q.increment_by > 0 AND NOT q.cycle AND q.last_value IS NOT NULL
            LIMIT 1000
            """),
        new("""
            SELECT e.extname::text, pg_catalog.quote_ident(e.extname::text), e.extversion, a.default_version
            FROM pg_catalog.pg_extension e
            LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname
            """),
        new("""
            SELECT
                pg_catalog.format('%s.%s', n.nspname, c.relname), pg_catalog.format('%I.%I', n.nspname, c.relname), c.reltuples::float8,
                c.relpersistence = 'u', coalesce(c.reloptions, '{}'::text[])
            FROM pg_catalog.pg_class c
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
            """),
    ];

    private static DatabaseRow ReadDatabase(RowReader row)
    {
        var rights = new Rights(row.Text(), row.Text(), row.Flag(), row.Flag(), row.Flag(), row.TextOrNull(), row.Flag());
        return new DatabaseRow(rights, row.Text());
    }

    private static IEnumerable<StaleCollation> OfDatabase(DatabaseRow database)
    {
        using var json = JsonDocument.Parse(database.Collation);
        if (json.RootElement[0].GetString() is { } recorded && json.RootElement[1].GetString() is { } actual && recorded != actual)
        {
            yield return new StaleCollation(
                "database", recorded, actual, $"ALTER DATABASE {database.Rights.QuotedDatabase} REFRESH COLLATION VERSION");
        }
    }

    private static PlacedSetting ReadPlaced(RowReader row) =>
        new(row.TextOrNull(), row.Flag(), row.Text(), row.Text(), row.Text());

    private static StaleCollation ReadCollation(RowReader row) => new(row.Text(), row.Text(), row.Text(), row.Text());

    private static TableFact ReadTable(RowReader row) =>
        new(row.Text(), row.Text(), row.DoubleOrNull() ?? 0, row.Flag(), row.Array<string>());
}
