using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Gives the journal of an older tool the shape that this version needs.</summary>
internal static class JournalShape
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Gives the journal of an older tool its column for script sets, which those may read who could read single columns before. An older
    /// tool then stops: it accepts no journal with a default.
    /// </summary>
    public const string BringAlongSql = """
        DO $$
        DECLARE
            reader name;
        BEGIN
            IF NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = pg_catalog.to_regclass('public.schema_versions')::oid
                  AND a.attname = 'script_set' AND NOT a.attisdropped)
            THEN
                ALTER TABLE public.schema_versions
                    ADD COLUMN script_set TEXT NOT NULL DEFAULT 'core',
                    DROP CONSTRAINT IF EXISTS schema_versions_pkey,
                    DROP CONSTRAINT IF EXISTS schema_versions_name_key;
                ALTER TABLE public.schema_versions
                    ALTER COLUMN version DROP NOT NULL,
                    ADD CONSTRAINT schema_versions_pkey PRIMARY KEY (script_set, name),
                    ADD CONSTRAINT schema_versions_version_key UNIQUE (script_set, version);
                FOR reader IN
                    SELECT r.rolname
                    FROM pg_catalog.pg_attribute a
                    CROSS JOIN LATERAL pg_catalog.aclexplode(a.attacl) p
                    JOIN pg_catalog.pg_roles r ON r.oid = p.grantee
                    WHERE a.attrelid = pg_catalog.to_regclass('public.schema_versions')::oid
                      AND a.attname = 'version' AND p.privilege_type = 'SELECT'
                LOOP
                    EXECUTE pg_catalog.format('GRANT SELECT (script_set) ON public.schema_versions TO %I', reader);
                END LOOP;
                COMMENT ON TABLE public.schema_versions IS
                    'The journal of autostack-db. A tool that refuses this table is older than its column script_set: use a newer one.';
            END IF;
        END
        $$
        """;

    /// <summary>Adds the keys of the journal that are lost; changes nothing when both exist.</summary>
    public const string RestoreKeysSql = """
        DO $$
        BEGIN
            IF NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = pg_catalog.to_regclass('public.schema_versions')::oid AND k.contype = 'p')
            THEN
                ALTER TABLE public.schema_versions ADD CONSTRAINT schema_versions_pkey PRIMARY KEY (script_set, name);
            END IF;
            IF NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_constraint k
                WHERE k.conrelid = pg_catalog.to_regclass('public.schema_versions')::oid AND k.contype = 'u')
            THEN
                ALTER TABLE public.schema_versions ADD CONSTRAINT schema_versions_version_key UNIQUE (script_set, version);
            END IF;
        END
        $$
        """;

    /// <summary>True when the table is there and has lost its primary or unique key.</summary>
    public static async Task<bool> LacksKeysAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // A reader's session has the search path of its role, on which others may have operators.
        using var command = new NpgsqlCommand("""
            SELECT EXISTS (
                SELECT
                FROM pg_catalog.pg_class c
                CROSS JOIN (VALUES ('p'::pg_catalog."char"), ('u'::pg_catalog."char")) AS t (key)
                WHERE c.oid OPERATOR(pg_catalog.=) pg_catalog.to_regclass('public.schema_versions')::pg_catalog.oid
                  AND NOT EXISTS (
                      SELECT
                      FROM pg_catalog.pg_constraint k
                      WHERE k.conrelid OPERATOR(pg_catalog.=) c.oid AND k.contype OPERATOR(pg_catalog.=) t.key))
            """, connection);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true;
    }

    /// <summary>Changes the table if it is that of an older tool.</summary>
    /// <param name="connection">The session that does the work, under the lock.</param>
    /// <param name="attempts">How often to try while another session holds the table; 1 in a transaction.</param>
    /// <param name="cancellationToken">Cancels the statement.</param>
    public static async Task BringAlongAsync(NpgsqlConnection connection, int attempts, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The readers of the table must not queue for long behind the migrator.
                using var command = new NpgsqlCommand(
                    $"SET lock_timeout = '{MigrationStep.DefaultLockTimeout}'; {BringAlongSql}", connection);
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (PostgresException exception) when (
                exception.SqlState == PostgresErrorCodes.LockNotAvailable && attempt < attempts)
            {
                await Task.Delay(Pause(attempt), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The pause after a failed attempt to get a lock: 250 ms, doubled each time, at most 30 s.</summary>
    public static TimeSpan Pause(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestPause.TotalMilliseconds, 250 * Math.Pow(2, attempt - 1)));
}
