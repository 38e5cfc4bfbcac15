using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The tables with names of AutoStack's in a schema of a database without a journal.</summary>
/// <param name="Schema">The schema of the tables.</param>
/// <param name="Own">The tables that are AutoStack's: the scripts that create them would fail half-way.</param>
/// <param name="Foreign">The tables of other programs.</param>
internal sealed record UnjournaledTables(
    string Schema, IReadOnlyList<string> Own, IReadOnlyList<(string Name, int Columns, int Known)> Foreign)
{
    /// <summary>
    /// Finds AutoStack's tables: any of them in <c>public</c>, otherwise users and deployments together in another schema. In a database
    /// without AutoStack's tables, finds the tables of other programs in <c>public</c> that have their names. Null when there are none.
    /// </summary>
    public static async Task<UnjournaledTables?> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT n.nspname::text, c.relname::text, a.attname::text, format_type(a.atttypid, NULL)
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relname = ANY (@tables) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
              AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            ORDER BY n.nspname <> 'public', n.nspname, c.relname
            """, connection);
        command.Parameters.AddWithValue("tables", OwnTables.Names.ToArray());
        var columns = await command.ListAsync(
            row => (Schema: row.GetString(0), Column: new OwnTables.Column(row.GetString(1), row.GetString(2), row.GetString(3))),
            cancellationToken).ConfigureAwait(false);
        var schemas = columns.GroupBy(c => c.Schema, c => c.Column).Select(schema => Of(schema.Key, [.. schema])).ToList();
        return schemas.Find(found => found.Schema == "public" ? found.Own.Count > 0
                : found.Own.Contains("users") && found.Own.Contains("deployments"))
            ?? schemas.Find(found => found.Schema == "public");
    }

    /// <summary>Why the scripts cannot run, and what to do first, when there are own tables.</summary>
    public string Message => Schema == "public"
        ? $"This database has AutoStack's tables ({string.Join(", ", Own.Take(3))}{(Own.Count > 3 ? ", …" : "")}) and no journal. " +
          "Adopt it: autostack-db adopt; or record its version: autostack-db stamp. Nothing was changed."
        : $"AutoStack's tables are in the schema {Visible.Text(Schema)} of this database, but autostack-db works in public. " +
          "Move them (ALTER TABLE … SET SCHEMA public), then adopt the database: autostack-db adopt. Nothing was changed.";

    /// <summary>The names that other programs have taken, by the scripts that would create their tables.</summary>
    public IEnumerable<Obstacle> Taken(IReadOnlyList<MigrationScript> scripts) =>
        from table in Foreign
        let script = scripts.FirstOrDefault(s => s.Set == ScriptSet.CoreName && Catalog.Expected(s.Version).HasTable(table.Name))
        where script is not null
        select new Obstacle(ObstacleKind.NameTaken, script.Up.FileName,
            $"The name {table.Name} is taken by another program, whose {table.Name} has {table.Columns} of AutoStack's {table.Known} " +
                "columns.",
            $"Use a database of its own for AutoStack, or rename the other table: ALTER TABLE public.{table.Name} RENAME TO …;",
            [table.Name]);

    private static UnjournaledTables Of(string schema, List<OwnTables.Column> columns)
    {
        var own = OwnTables.Of(columns);
        return new UnjournaledTables(schema, own,
        [
            .. columns.GroupBy(column => column.Table).Where(table => !own.Contains(table.Key)).Select(table =>
            {
                var (there, all) = OwnTables.Count(table.Key, table);
                return (table.Key, there, all);
            }),
        ]);
    }
}
