using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary>
/// What protects the rows of a database, how many rows it has, and the values of each column: never less after a repair. Bodies of
/// functions and values are known by their hash; the zone of a time in UTC does not count.
/// </summary>
internal static class Inventory
{
    // Rows are counted without the policies, by a superuser. Names change when an object is renamed back: the numbers must not fall.
    private const string Sql = """
        WITH tables AS (
            SELECT c.oid, c.relrowsecurity, c.relforcerowsecurity
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
        )
        SELECT 'rows' AS what, sum((xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM ONLY %s', oid::regclass), true,
            true, '')))[1]::text::bigint) AS number FROM tables
        UNION ALL SELECT 'tables', count(*) FROM tables
        UNION ALL SELECT 'row security', count(*) FROM tables WHERE relrowsecurity
        UNION ALL SELECT 'forced row security', count(*) FROM tables WHERE relforcerowsecurity
        UNION ALL SELECT 'policies', count(*) FROM pg_policy
        UNION ALL SELECT 'active triggers', count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')
        UNION ALL SELECT 'triggers', count(*) FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL SELECT 'event triggers', count(*) FROM pg_event_trigger
        UNION ALL SELECT 'rules', count(*) FROM pg_rewrite r JOIN tables t ON t.oid = r.ev_class
        UNION ALL SELECT 'constraints', count(*) FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid WHERE k.contype <> 'n'
        UNION ALL SELECT 'unique indexes', count(*) FROM pg_index i JOIN tables t ON t.oid = i.indrelid WHERE i.indisunique AND i.indisvalid
        UNION ALL SELECT 'required columns', count(*) FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid
            WHERE a.attnum > 0 AND a.attnotnull AND NOT a.attisdropped
        UNION ALL SELECT 'columns', count(*) FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid
            WHERE a.attnum > 0 AND NOT a.attisdropped
        UNION ALL SELECT 'foreign keys that refuse deletes', count(*) FROM pg_constraint WHERE contype = 'f' AND confdeltype IN ('a', 'r')
        UNION ALL SELECT 'triggers that fire always', count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'A'
        UNION ALL SELECT 'columns of domains', count(*) FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid
            JOIN pg_type y ON y.oid = a.atttypid
            WHERE a.attnum > 0 AND NOT a.attisdropped AND (y.typnotnull OR EXISTS (SELECT FROM pg_constraint k WHERE k.contypid = y.oid))
        UNION ALL SELECT 'body ' || md5(p.prosrc), count(*) FROM pg_proc p WHERE p.oid >= 16384 GROUP BY 1
        UNION ALL SELECT 'active triggers with the body ' || md5(p.prosrc), count(*) FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
            WHERE NOT g.tgisinternal AND g.tgenabled IN ('O', 'A') GROUP BY 1
        UNION ALL SELECT 'values ' || (xpath('/row/n/text()', query_to_xml(format(
                'SELECT md5(string_agg(regexp_replace(%1$I::text, ''[+]00$'', ''''), chr(10) ORDER BY %1$I::text COLLATE "C")) AS n '
                || 'FROM ONLY %2$s', a.attname, a.attrelid::regclass), true, true, '')))[1]::text, count(*)
            FROM pg_attribute a JOIN tables t ON t.oid = a.attrelid WHERE a.attnum > 0 AND NOT a.attisdropped GROUP BY 1
        UNION ALL SELECT 'functions', count(*) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
        """;

    public static async Task<IReadOnlyDictionary<string, decimal>> ReadAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var numbers = new Dictionary<string, decimal>();
        while (await reader.ReadAsync(cancellationToken))
        {
            numbers.Add(reader.IsDBNull(0) ? "columns without values" : reader.GetString(0), reader.GetDecimal(1));
        }

        return numbers;
    }
}
