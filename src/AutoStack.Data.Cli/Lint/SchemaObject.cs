using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>An object that a statement creates or drops. The table is null when the object does not belong to one.</summary>
internal sealed record SchemaObject(string Kind, string? Table, string Name)
{
    private static readonly string[] Kinds =
        ["TABLE", "INDEX", "MATERIALIZED VIEW", "VIEW", "FUNCTION", "PROCEDURE", "TRIGGER", "TYPE", "DOMAIN", "SEQUENCE"];

    public static IEnumerable<SchemaObject> Created(SqlStatement statement)
    {
        if (CreateIndex.Of(statement) is { } index)
        {
            return index.Name is null ? [] : [new SchemaObject("INDEX", index.Table, index.Name)];
        }

        if (CreateTable.Of(statement) is { } table)
        {
            return table.Temporary ? [] : [new SchemaObject("TABLE", table.Name, table.Name)];
        }

        if (AlterTable.Of(statement) is { } alter)
        {
            return alter.Actions().SelectMany(action => Added(alter.Table, action));
        }

        var cursor = statement.Read();
        return cursor.Take("CREATE") && Kinds.FirstOrDefault(cursor.Take) is { } kind
            && (cursor.Take("IF NOT EXISTS") || true) && cursor.TakeName() is { } name
            ? [new SchemaObject(kind, kind == "TRIGGER" && cursor.Find("ON") ? cursor.TakeName() : null, name)]
            : [];
    }

    public static IEnumerable<SchemaObject> Dropped(SqlStatement statement)
    {
        if (AlterTable.Of(statement) is { } alter)
        {
            return alter.Actions().Where(action => action.Take("DROP")).SelectMany(action => DroppedOf(alter.Table, action));
        }

        var cursor = statement.Read();
        if (!cursor.Take("DROP") || Kinds.FirstOrDefault(cursor.Take) is not { } kind)
        {
            return [];
        }

        cursor.Take("CONCURRENTLY");
        cursor.Take("IF EXISTS");
        return cursor.Items()
            .Select(item => (Name: item.TakeName(), Table: item.Take("ON") ? item.TakeName() : null))
            .Where(item => item.Name is not null)
            .Select(item => new SchemaObject(kind, kind == "TABLE" ? item.Name : item.Table, item.Name!));
    }

    private static SchemaObject[] Added(string table, SqlCursor action)
    {
        if (!action.Take("ADD"))
        {
            return [];
        }

        if (ConstraintDefinition.BeginsHere(action))
        {
            return ConstraintDefinition.Read(action)?.Name is { } constraint ? [new SchemaObject("CONSTRAINT", table, constraint)] : [];
        }

        return ColumnDefinition.ReadAdded(action) is { } column ? [new SchemaObject("COLUMN", table, column.Name)] : [];
    }

    private static SchemaObject[] DroppedOf(string table, SqlCursor action)
    {
        var kind = action.Take("CONSTRAINT") ? "CONSTRAINT" : "COLUMN";
        action.Take("COLUMN");
        action.Take("IF EXISTS");
        return action.TakeName() is { } name ? [new SchemaObject(kind, table, name)] : [];
    }
}
