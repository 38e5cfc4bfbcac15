using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Finds a relation of others that has the name of a table or index to be created or renamed.</summary>
internal static class NameSearch
{
    public static async Task<RepairObstacle?> FindAsync(
        NpgsqlConnection connection, SchemaDifference difference, Catalog expected, Catalog found, CancellationToken cancellationToken)
    {
        var name = difference.Name.Split('.')[^1];
        var table = difference.Kind == SchemaObjectKind.Table ? name : difference.Name.Split('.')[0];
        var wanted = new CatalogObject(difference.Kind, table, name, difference.Expected ?? "");
        if (difference.Expected is null || (difference.Kind != SchemaObjectKind.Table && !wanted.HasIndex) || found.Find(wanted) is not null

            // An index on a table of the schema gets another name first.
            || found.Objects.Any(o => o.Name == name && o.HasIndex && expected.HasTable(o.Table)))
        {
            return null;
        }

        using var command = new NpgsqlCommand("""
            SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'v' THEN 'view'
                WHEN 'm' THEN 'materialized view' WHEN 'c' THEN 'type' ELSE 'table' END
            FROM pg_class c
            WHERE c.relnamespace = 'public'::regnamespace AND c.relname = @name
            UNION ALL
            SELECT 'type'
            FROM pg_type y
            WHERE @is_table AND y.typnamespace = 'public'::regnamespace AND y.typname = @name AND y.typrelid = 0 AND y.typcategory <> 'A'
            LIMIT 1
            """, connection);
        command.Parameters.AddWithValue("name", name);
        command.Parameters.AddWithValue("is_table", difference.Kind == SchemaObjectKind.Table);
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is string kind
            ? new RepairObstacle($"The {kind} public.{name} has the name: rename it, if it is not needed under this one.")
            : null;
    }
}
