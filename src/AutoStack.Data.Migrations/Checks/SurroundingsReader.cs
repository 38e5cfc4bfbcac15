using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Reads what a check needs besides the objects of <c>public</c>, and only when an expected object is missing.</summary>
internal static class SurroundingsReader
{
    public static async Task<Surroundings> ReadAsync(
        NpgsqlConnection connection,
        Catalog expected,
        Catalog found,
        Func<CatalogObject, bool> isMeant,
        CancellationToken cancellationToken)
    {
        var missing = expected.Objects.Where(o => found.Find(o) is null).ToList();
        List<string> tables = [.. missing.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name)];

        // Something may be in place of a table whose parts are missing.
        var suspicious = missing.Exists(o => o.Table.Length > 0);
        var others = !suspicious ? [] : await ReadTablesAsync(connection, cancellationToken).ConfigureAwait(false);
        List<string> names = [.. missing.Where(o => o.Kind == SchemaObjectKind.Function).Select(o => o.Name)];
        var functions = names.Count == 0 ? [] : await ReadFunctionsAsync(connection, names, cancellationToken).ConfigureAwait(false);
        List<string> shortened =
            [.. missing.Where(o => o.Kind == SchemaObjectKind.Column && found.HasTable(o.Table)).Select(o => o.Table).Distinct()];
        var empty = shortened.Count == 0 ? [] : await ReadEmptyColumnsAsync(connection, shortened, cancellationToken).ConfigureAwait(false);
        return new Surroundings(others, functions, empty)
        {
            IsMeant = isMeant,
            Filled = suspicious ? await ReadFilledAsync(connection, cancellationToken).ConfigureAwait(false) : new HashSet<string>(),
            Moved = new HashSet<uint>(
            [
                .. tables.SelectMany(name => Only(others.Where(t => t.Name == name)).Select(t => t.Id)),
                .. names.SelectMany(name => Only(functions.Where(f => f.Signature == name)).Select(f => f.Id)),
            ]),
        };
    }

    // Two of one name leave open which was moved.
    private static T[] Only<T>(IEnumerable<T> several) => several.ToArray() is { Length: 1 } one ? one : [];

    private static async Task<List<ForeignTable>> ReadTablesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT c.oid, n.nspname::text, quote_ident(n.nspname), c.relname::text,
                array_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod) ORDER BY a.attnum),
                pg_relation_size(c.oid) > 0
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('public', 'information_schema') AND n.nspname !~ '^pg_'
            GROUP BY c.oid, n.nspname
            """, connection);
        return await command.ListAsync(
            reader => new ForeignTable(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2), reader.GetString(3),
                reader.GetFieldValue<string[]>(4), !reader.IsDBNull(5) && reader.GetBoolean(5)),
            cancellationToken).ConfigureAwait(false);
    }

    private static async Task<List<ForeignFunction>> ReadFunctionsAsync(
        NpgsqlConnection connection, List<string> signatures, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT p.oid, quote_ident(n.nspname), s.signature
            FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace
            CROSS JOIN LATERAL (SELECT format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS signature) s
            WHERE s.signature = ANY (@signatures) AND n.nspname <> 'public' AND n.nspname !~ '^pg_' AND p.prokind IN ('f', 'p')
            """, connection);
        command.Parameters.AddWithValue("signatures", signatures.ToArray());
        return await command.ListAsync(
            reader => new ForeignFunction(reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2)),
            cancellationToken).ConfigureAwait(false);
    }

    // By its size, which needs no right to read the rows.
    private static async Task<HashSet<string>> ReadFilledAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT c.relname::text
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND pg_relation_size(c.oid) > 0
            """, connection);
        return [.. await command.ListAsync(reader => reader.GetString(0), cancellationToken).ConfigureAwait(false)];
    }

    // The statistics show columns that the role may read.
    private static async Task<HashSet<(string Table, string Column)>> ReadEmptyColumnsAsync(
        NpgsqlConnection connection, List<string> tables, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT s.tablename::text, s.attname::text
            FROM pg_stats s
            WHERE s.schemaname = 'public' AND s.tablename = ANY (@tables) AND s.null_frac = 1
            """, connection);
        command.Parameters.AddWithValue("tables", tables.ToArray());
        return [.. await command.ListAsync(reader => (reader.GetString(0), reader.GetString(1)), cancellationToken).ConfigureAwait(false)];
    }
}
