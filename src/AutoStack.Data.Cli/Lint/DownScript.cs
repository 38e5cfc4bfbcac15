using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Lint;

/// <summary>Whether a down script drops what its up script creates, as far as their statements say it.</summary>
internal static class DownScript
{
    public static IEnumerable<Finding> Check(MigrationStep up, MigrationStep down)
    {
        // What a block does is its text's to say.
        if (down.Statements.Any(statement => statement.Read().Starts("DO")))
        {
            return [];
        }

        var gone = down.Statements.Concat(up.Statements).SelectMany(SchemaObject.Dropped).ToList();
        return
            from statement in up.Statements
            from created in SchemaObject.Created(statement)
            where !gone.Exists(dropped => TakesAlong(dropped, created))
            select new Finding(up.FileName, statement.Line, LintRule.DownIncomplete,
                $"{created.Kind} {created.Name} is created here, and {down.FileName} does not drop it.");
    }

    // A table goes with all that is its own, a column with its indexes and constraints.
    private static bool TakesAlong(SchemaObject dropped, SchemaObject created) =>
        (dropped.Kind == created.Kind && dropped.Name == created.Name && (created.Kind != "COLUMN" || dropped.Table == created.Table))
        || (dropped.Kind == "TABLE" && dropped.Name == created.Table)
        || (dropped.Kind == "COLUMN" && dropped.Table == created.Table && created.Kind is ("INDEX" or "CONSTRAINT"));
}
