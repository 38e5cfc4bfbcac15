using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Accepts a table of the journal only when no statement on it can run code of another role.</summary>
internal static class PlainTable
{
    /// <summary>
    /// True when the table exists. A view, or a table with a trigger, policy, default or check, would run the code of the role that created
    /// it before the migrator did. The default of <c>script_set</c> is a constant, which runs nothing.
    /// </summary>
    /// <exception cref="MigrationException"><see cref="MigrationError.ForeignObjects"/>: the table is not a plain one.</exception>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhassubclass
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
                AND NOT EXISTS (
                    SELECT
                    FROM pg_catalog.pg_attrdef d
                    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
                    WHERE d.adrelid = c.oid
                      AND NOT (a.attname = 'script_set' AND pg_catalog.pg_get_expr(d.adbin, d.adrelid) = '''core''::text'))
                AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c')
                AND NOT EXISTS (
                    SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL))
            FROM pg_catalog.pg_class c
            WHERE c.oid = pg_catalog.to_regclass(@table)::oid
            """, connection);
        command.Parameters.AddWithValue("table", table);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) switch
        {
            null => false,
            true => true,
            _ => throw new MigrationException(MigrationError.ForeignObjects,
                $"{table} is not the plain table that the migrator creates: it is a view, or has a trigger, rule, " +
                "policy, default, check or index that would run code. Nothing was read or changed. Find out who " +
                "created it, and drop or rename it."),
        };
    }
}
