using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Tables of ours in a database that has no journal of them: scripts that make them would stop in the middle.</summary>
/// <param name="Schema">Where they are.</param>
/// <param name="Names">What they are called.</param>
internal sealed record UnjournaledTables(string Schema, IReadOnlyList<string> Names)
{
    /// <summary>The names of all tables of ours.</summary>
    public static IEnumerable<string> Known =>
        Catalog.Newest.Objects.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name);

    /// <summary>Those in <c>public</c>, any of them; else those in another schema, when they are there together. Null for none.</summary>
    public static async Task<UnjournaledTables?> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Many applications have users; with deployments beside them they are most likely ours.
        using var command = new NpgsqlCommand("""
            SELECT n.nspname::text, array_agg(c.relname::text ORDER BY c.relname)
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY (@tables) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            GROUP BY n.nspname
            HAVING n.nspname = 'public' OR count(*) FILTER (WHERE c.relname IN ('users', 'deployments')) = 2
            ORDER BY n.nspname <> 'public', n.nspname
            LIMIT 1
            """, connection);
        command.Parameters.AddWithValue("tables", Known.ToArray());
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new UnjournaledTables(reader.GetString(0), await reader.GetFieldValueAsync<string[]>(1, cancellationToken).ConfigureAwait(false))
            : null;
    }

    /// <summary>Why nothing can be made here yet, and what to do first.</summary>
    public string Message => Schema == "public"
        ? $"This database has AutoStack's tables ({string.Join(", ", Names.Take(3))}{(Names.Count > 3 ? ", …" : "")}) and no journal of versions. " +
          "Take it over: autostack-db adopt; or note the version that it has: autostack-db stamp. Nothing was changed."
        : $"AutoStack's tables are in the schema {Visible.Text(Schema)} of this database, and autostack-db works in public. " +
          "Move them there (ALTER TABLE … SET SCHEMA public), then take the database over: autostack-db adopt. Nothing was changed.";
}
