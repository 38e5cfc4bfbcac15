using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Lint;

/// <summary>Checks that a down script drops what its up script creates. Only plain statements are compared.</summary>
internal static class DownScript
{
    public static IEnumerable<Finding> Check(MigrationStep up, MigrationStep down)
    {
        // The text of a DO block is not analysed.
        if (down.Statements.Any(statement => statement.Read().Starts("DO")))
        {
            return [];
        }

        var gone = down.Statements.Concat(up.Statements).SelectMany(SchemaObject.Dropped).ToList();
        return
            from statement in up.Statements
            from created in SchemaObject.Created(statement)
            where !gone.Exists(dropped => AlsoDrops(dropped, created))
            select new Finding(up.FileName, statement.Line, LintRule.DownIncomplete,
                $"This script creates {created.Kind} {created.Name}, and {down.FileName} does not drop it.");
    }

    // Dropping a table drops its parts; dropping a column drops its indexes and constraints.
    private static bool AlsoDrops(SchemaObject dropped, SchemaObject created) =>
        (dropped.Kind == created.Kind && dropped.Name == created.Name && (created.Kind != "COLUMN" || dropped.Table == created.Table))
        || (dropped.Kind == "TABLE" && dropped.Name == created.Table)
        || (dropped.Kind == "COLUMN" && dropped.Table == created.Table && created.Kind is ("INDEX" or "CONSTRAINT"));
}
