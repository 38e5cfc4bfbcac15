using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>Checks that a down script drops what its up script creates, in plain statements and in DO blocks.</summary>
internal static class DownScript
{
    public static IEnumerable<Finding> Check(MigrationStep up, MigrationStep down)
    {
        // A text that is put together may drop anything.
        if (down.Statements.Any(statement => SqlBody.OfBlock(statement).Any(token => token.Is("EXECUTE"))))
        {
            return [];
        }

        var gone = down.Statements.Concat(up.Statements).SelectMany(WithNested).SelectMany(SchemaObject.Dropped).ToList();
        return
            from statement in up.Statements.SelectMany(WithNested)
            from created in SchemaObject.Created(statement)
            where !created.Name.Contains(PlpgSql.Unknown, StringComparison.Ordinal)
            let last = Renamed(created, up.Statements)
            where !gone.Exists(dropped => AlsoDrops(dropped, last)) && !(created.Kind == "SEQUENCE" && Owner(last.Name, up) is { } owner
                && gone.Exists(dropped => AlsoDrops(dropped, owner)))
            select new Finding(up.FileName, statement.Line, LintRule.DownIncomplete,
                $"This script creates {created.Kind} {last.Name}, and {down.FileName} does not drop it.");
    }

    private static IEnumerable<SqlStatement> WithNested(SqlStatement statement) => PlpgSql.Of(statement).Prepend(statement);

    // The object under the names that later statements of the script give to it or to its table.
    private static SchemaObject Renamed(SchemaObject created, IEnumerable<SqlStatement> statements)
    {
        foreach (var renaming in statements.Select(Renaming.Of).OfType<Renaming>())
        {
            created = created with
            {
                Name = renaming.Kind == created.Kind && renaming.From == created.Name ? renaming.To : created.Name,
                Table = renaming.Kind == "TABLE" && renaming.From == created.Table ? renaming.To : created.Table,
            };
        }

        return created;
    }

    // The column that owns a sequence: dropping the column or its table drops the sequence.
    private static SchemaObject? Owner(string sequence, MigrationStep up)
    {
        foreach (var statement in up.Statements)
        {
            var cursor = statement.Read();
            if ((cursor.Take("CREATE SEQUENCE") || cursor.Take("ALTER SEQUENCE"))
                && (cursor.Take("IF NOT EXISTS") || cursor.Take("IF EXISTS") || true) && cursor.TakeName() == sequence
                && cursor.Find("OWNED BY") && cursor.TakeName() is { } column && column.LastIndexOf('.') is > 0 and var dot)
            {
                return Renamed(new SchemaObject("COLUMN", column[..dot], column[(dot + 1)..]), up.Statements);
            }
        }

        return null;
    }

    // Dropping a table drops its parts; dropping a column drops its indexes and constraints.
    private static bool AlsoDrops(SchemaObject dropped, SchemaObject created) =>
        (dropped.Kind == created.Kind && dropped.Name == created.Name && (created.Kind != "COLUMN" || dropped.Table == created.Table))
        || (dropped.Kind == "TABLE" && dropped.Name == created.Table)
        || (dropped.Kind == "COLUMN" && dropped.Table == created.Table && created.Kind is ("INDEX" or "CONSTRAINT"));
}
