using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Accepts a table only when no statement on it can run code of another role.</summary>
internal static class PlainTable
{
    /// <summary>
    /// The condition that no statement on a table <c>c</c> runs code: no view, partition, trigger, rule, policy, default, check, foreign
    /// key or index on an expression, and every type and operator class is PostgreSQL's own. The value of a domain or another role's type
    /// runs that role's code. The default of <c>script_set</c> is a constant, which runs nothing.
    /// </summary>
    private const string IsPlain = """
        c.relkind = 'r' AND NOT c.relispartition AND NOT c.relrowsecurity AND NOT c.relhassubclass
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
            AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_attribute a
                JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                  AND NOT (y.typtype = 'b' AND y.typnamespace IN (
                      SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'pg_catalog')))
            AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_attrdef d
                JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                WHERE d.adrelid = c.oid
                  AND NOT (a.attname = 'script_set' AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) = '''core''::text'))
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype NOT IN ('p', 'u', 'n'))
            AND NOT EXISTS (
                SELECT
                FROM pg_catalog.pg_index i
                WHERE i.indrelid = c.oid
                  AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR EXISTS (
                      SELECT
                      FROM pg_catalog.unnest(i.indclass::oid[]) u (oid)
                      JOIN pg_catalog.pg_opclass o ON o.oid = u.oid
                      WHERE NOT o.opcdefault OR o.opcnamespace NOT IN (
                          SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'pg_catalog'))))
        """;

    // A reader's session has the search path of its role, on which others may have operators, and may have no limit for locks. A pooler may
    // hand the session to another client afterwards: what is set lasts for one transaction.
    private static readonly string[] Enter =
    [
        "SELECT pg_catalog.set_config('autostack.search_path', pg_catalog.current_setting('search_path'), true), "
            + "pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), "
            + "pg_catalog.set_config('autostack.lock_timeout', pg_catalog.current_setting('lock_timeout'), true)",
        "SELECT set_config('lock_timeout', '5s', true) WHERE current_setting('lock_timeout') = '0'",
    ];

    private const string Leave = """
        SELECT set_config('lock_timeout', current_setting('autostack.lock_timeout'), true),
            set_config('search_path', current_setting('autostack.search_path'), true)
        """;

    /// <summary>
    /// A block for psql, which refuses a table that is not plain or belongs to a role that is not trusted, and does nothing without it.
    /// </summary>
    public const string RefuseForeignJournalSql = $"""
        DO $$
        BEGIN
            IF EXISTS (
                SELECT
                FROM pg_catalog.pg_class c
                WHERE c.oid = pg_catalog.to_regclass('{VersionJournal.Table}')::oid AND NOT (
                    {IsPlain}
                    AND {TrustedRoles.OwnTable}))
            THEN
                RAISE 'The table {VersionJournal.Table} is not the migrator''s own: another role could run code. Nothing was changed.';
            END IF;
        END
        $$
        """;

    /// <summary>True when the table exists; for a reader, who reads it with <see cref="ReadAsync"/>.</summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.ForeignObjects"/>: the table is not a plain one.</exception>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken) =>
        await FindAsync(connection, table, cancellationToken).ConfigureAwait(false) is not null;

    /// <summary>
    /// True when the table exists, for a session that will write it: its owner could add a trigger after any look, so it must be a role
    /// that has the session's rights anyway.
    /// </summary>
    /// <exception cref="MigrationException">
    /// <see cref="MigrationError.ForeignObjects"/>: the table is not a plain one, or belongs to another role.
    /// </exception>
    public static async Task<bool> IsOwnAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken) =>
        await FindAsync(connection, table, cancellationToken).ConfigureAwait(false) switch
        {
            null => false,
            (true, _) => true,
            var (_, owner) => throw new MigrationException(MigrationError.ForeignObjects,
                $"{table} belongs to the role {Visible.Text(owner)}, which could have its code run by this session's role: it is not a " +
                "superuser, the owner of the database, a role that the session's role is or is a member of, or a role that may create in " +
                "the schema by name. Nothing was changed. Find out who created the table. Drop or rename it. If it is the journal of " +
                "this database, run as its owner, or: " +
                $"ALTER TABLE {table} OWNER TO the owner of the other tables."),
        };

    /// <summary>Reads a table that <see cref="ExistsAsync"/> has found, and that its owner cannot change meanwhile.</summary>
    /// <param name="connection">The session, in a transaction or not; its settings are unchanged afterwards.</param>
    /// <param name="table">The name with its schema.</param>
    /// <param name="sql">The query, for the search path of the migrator's own queries.</param>
    /// <param name="read">Reads a row.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <exception cref="MigrationException"><see cref="MigrationError.ForeignObjects"/>: the table is not a plain one any more.</exception>
    public static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, string table, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        // PREPARE plans nothing and runs nothing, and locks the table until the end of the transaction: a view that replaced it is found.
        var batch = Batch(
            connection,
            $"PREPARE autostack_read AS SELECT FROM {table}",
            "DEALLOCATE autostack_read",
            $"SELECT 1 / CASE WHEN {IsPlain} THEN 1 ELSE 0 END FROM pg_class c WHERE c.oid = '{table}'::regclass",
            sql);
        await using var disposing = batch.ConfigureAwait(false);
        try
        {
            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using var closing = reader.ConfigureAwait(false);
            for (var before = 0; before < Enter.Length + 1; before++)
            {
                await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            }

            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                rows.Add(read(reader));
            }

            return rows;
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            throw NotPlain(table);
        }
    }

    private static async Task<(bool IsOwn, string Owner)?> FindAsync(
        NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        var batch = Batch(connection, $"""
            SELECT {IsPlain},
                {TrustedRoles.OwnTable},
                c.relowner::regrole::text
            FROM pg_class c
            WHERE c.oid = to_regclass('{table}')::oid
            """);
        await using var disposing = batch.ConfigureAwait(false);
        var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        for (var before = 0; before < Enter.Length; before++)
        {
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
        }

        return !await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? null
            : reader.GetBoolean(0) ? (reader.GetBoolean(1), reader.GetString(2)) : throw NotPlain(table);
    }

    // Without an open transaction the batch is one.
    private static NpgsqlBatch Batch(NpgsqlConnection connection, params string[] statements)
    {
        var batch = new NpgsqlBatch(connection);
        foreach (var sql in Enter.Concat(statements).Append(Leave))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        }

        return batch;
    }

    private static MigrationException NotPlain(string table) => new(MigrationError.ForeignObjects,
        $"{table} is not the plain table that the migrator creates: it is a view or partition, or has a trigger, rule, policy, default, " +
        "check, foreign key, index or type that would run code. Nothing was read or changed. Find out who created it, and drop or rename " +
        "it.");
}
