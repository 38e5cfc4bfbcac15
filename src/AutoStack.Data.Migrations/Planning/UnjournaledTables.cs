using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>AutoStack's tables in a database without a journal: the scripts that create them would fail half-way.</summary>
/// <param name="Schema">The schema of the tables.</param>
/// <param name="Names">The names of the tables.</param>
internal sealed record UnjournaledTables(string Schema, IReadOnlyList<string> Names)
{
    /// <summary>The names of all of AutoStack's tables.</summary>
    public static IEnumerable<string> Known =>
        Catalog.Newest.Objects.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name);

    /// <summary>
    /// Finds any of the tables in <c>public</c>, otherwise users and deployments together in another schema; null when there are none.
    /// </summary>
    public static async Task<UnjournaledTables?> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Many applications have a table of users; users and deployments together are most likely AutoStack's.
        using var command = new NpgsqlCommand("""
            SELECT n.nspname::text, array_agg(c.relname::text ORDER BY c.relname)
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relname = ANY (@tables) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            GROUP BY n.nspname
            HAVING n.nspname = 'public' OR count(*) FILTER (WHERE c.relname IN ('users', 'deployments')) = 2
            ORDER BY n.nspname <> 'public', n.nspname
            LIMIT 1
            """, connection);
        command.Parameters.AddWithValue("tables", Known.ToArray());
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false)
            ? new UnjournaledTables(
                reader.GetString(0), await reader.GetFieldValueAsync<string[]>(1, cancellationToken).ConfigureAwait(false))
            : null;
    }

    /// <summary>Why the scripts cannot run, and what to do first.</summary>
    public string Message => Schema == "public"
        ? $"This database has AutoStack's tables ({string.Join(", ", Names.Take(3))}{(Names.Count > 3 ? ", …" : "")}) and no journal. " +
          "Adopt it: autostack-db adopt; or record its version: autostack-db stamp. Nothing was changed."
        : $"AutoStack's tables are in the schema {Visible.Text(Schema)} of this database, but autostack-db works in public. " +
          "Move them (ALTER TABLE … SET SCHEMA public), then adopt the database: autostack-db adopt. Nothing was changed.";
}
