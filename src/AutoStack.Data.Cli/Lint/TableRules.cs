using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on CREATE, ALTER and DROP TABLE.</summary>
internal sealed class TableRules(ScriptScope scope)
{
    private static readonly string[] SerialTypes = ["serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"];

    private readonly HashSet<(string Table, string Constraint)> notValid = [];
    private readonly PartitionRules partitions = new(scope);
    private readonly HashSet<(string Table, string Constraint)> added =
        [.. scope.Statements.SelectMany(statement => SchemaObject.Created(statement.Sql))
            .Where(o => o.Kind == "CONSTRAINT").Select(o => (o.Table!, o.Name))];

    private readonly HashSet<(string Table, string Column)> required = [];

    public void Check(ScriptStatement script)
    {
        var statement = script.Sql;
        if (CreateTable.Of(statement) is { } table)
        {
            if (!table.Temporary)
            {
                Constraints(table.Name, table.Constraints);
            }
        }
        else if (AlterTable.Of(statement) is { } alter)
        {
            foreach (var action in alter.Actions())
            {
                Alter(alter.Table, action, scope.OwnsTable(alter.Table));
            }
        }
        else if (scope.Up)
        {
            foreach (var dropped in SchemaObject.Dropped(statement).Where(o => o.Kind == "TABLE" && !scope.OwnsTable(o.Name)))
            {
                scope.Report(statement.Line, LintRule.DropTable,
                    $"The rows of {dropped.Name} are lost, and code that still names the table fails.");
            }
        }
    }

    private void Alter(string table, SqlCursor action, bool own)
    {
        var line = action.Line;
        if (action.Take("ADD"))
        {
            Add(table, action, own);
        }
        else if (action.Take("VALIDATE CONSTRAINT"))
        {
            var name = action.TakeName() ?? "";
            if (notValid.Contains((table, name)))
            {
                scope.Report(line, LintRule.ValidateWithAdd,
                    $"This script adds {name}: all rows of {table} are read under the lock of the addition.");
            }
        }
        else if (scope.Up && !own && (action.Starts("RENAME TO") || action.Starts("SET SCHEMA")
            || (action.Take("RENAME") && !action.Starts("CONSTRAINT"))))
        {
            scope.Report(line, LintRule.Rename, $"Code that still uses the old name in {table} fails as soon as this is committed.");
        }
        else if (partitions.Check(table, action))
        {
            return;
        }
        else if (action.Take("DROP CONSTRAINT"))
        {
            DropConstraint(table, action, own, line);
        }
        else if (scope.Up && !own && action.Starts("DROP"))
        {
            scope.Report(line, LintRule.DropColumn,
                $"The data of the column in {table} is lost, and code that still names the column fails.");
        }
        else if (!own && (action.Starts("SET TABLESPACE") || action.Starts("SET ACCESS METHOD")))
        {
            scope.Report(line, LintRule.Rewrite, $"{table} is copied while nobody can use it.");
        }
        else if (!own && (action.Starts("SET UNLOGGED") || action.Starts("SET LOGGED")))
        {
            var lost = action.Starts("SET UNLOGGED") ? ", and any later crash of the server empties the table" : "";
            scope.Report(line, LintRule.Rewrite, $"{table} is rewritten while nobody can use it{lost}.");
        }
        else if (!own && action.Starts("ALTER"))
        {
            Column(table, action, line);
        }
    }

    private void Column(string table, SqlCursor action, int line)
    {
        if (RequiredColumn(action) is { } column)
        {
            required.Add((table, column));
            if (scope.Catalog.ExcludesNull(scope.Step.FileName, table, column))
            {
                return;
            }

            scope.Report(line, LintRule.SetNotNull,
                $"All rows of {table} are read while nobody can use the table, unless a validated check excludes NULL from {column}.");
        }
        else if (ColumnDefinition.ReadRetyped(action) is { } retyped
            && (action.Has("USING") || !scope.Catalog.Widens(scope.Step.FileName, scope.Up, table, retyped.Column, retyped.Type)))
        {
            scope.Report(line, LintRule.TypeChange,
                $"{table} is rewritten while nobody can use it, and code that expects the old type of {retyped.Column} may fail.");
        }
    }

    private static string? RequiredColumn(SqlCursor action)
    {
        if (!action.Has("SET NOT NULL"))
        {
            return null;
        }

        action.Take("ALTER");
        action.Take("COLUMN");
        return action.TakeName();
    }

    // A check that SET NOT NULL replaces, or a constraint that the script adds again, is not missed.
    private void DropConstraint(string table, SqlCursor action, bool own, int line)
    {
        action.Take("IF EXISTS");
        var name = action.TakeName() ?? "";
        if (scope.Up && !own && !added.Contains((table, name))
            && !(scope.Catalog.NotNullColumn(table, name) is { } column && required.Contains((table, column))))
        {
            var cascade = action.Starts("CASCADE") ? " CASCADE drops the foreign keys that rely on it, too." : "";
            scope.Report(line, LintRule.DropConstraint,
                $"Rows that {name} of {table} refuses are accepted from now on, and code may rely on it.{cascade}");
        }
    }

    private void Add(string table, SqlCursor action, bool own)
    {
        var line = action.Line;
        if (ConstraintDefinition.BeginsHere(action))
        {
            if (ConstraintDefinition.Read(action) is { } constraint)
            {
                Constraints(table, [constraint]);
                Existing(table, constraint, own, nullsOnly: false);
            }

            return;
        }

        if (ColumnDefinition.ReadAdded(action) is not { } column)
        {
            return;
        }

        Constraints(table, column.Constraints);
        var generated = column.Generated || SerialTypes.Contains(column.Type);
        if (!own && ((generated && !column.Virtual)
            || (column.Default is { } value && Functions.IsVolatile(value, scope.Catalog.IsNotVolatile))))
        {
            scope.Report(line, LintRule.VolatileDefault,
                $"{table} is rewritten while nobody can use it: each row gets its own value of {column.Name}.");
        }

        if (!own && column.NotNull && column.Default is null && !generated)
        {
            scope.Report(line, LintRule.NotNullColumn, $"Fails if {table} has rows: {column.Name} has no default.");
        }

        foreach (var constraint in column.Constraints)
        {
            Existing(table, constraint, own, nullsOnly: column.Default is null && !generated);
        }
    }

    // A foreign key is not checked for a new column that is NULL in every row.
    private void Existing(string table, ConstraintDefinition constraint, bool own, bool nullsOnly)
    {
        if (constraint is { NotValid: true, Name: not null })
        {
            notValid.Add((table, constraint.Name));
        }

        if (own)
        {
            return;
        }

        if (constraint.Kind is "UNIQUE" or "PRIMARY KEY" && !constraint.UsesIndex)
        {
            scope.Report(constraint.Line, LintRule.UniqueWithoutIndex,
                $"The index of the {constraint.Kind} constraint is built while nobody can use {table}.");
        }
        else if (constraint.Kind == "EXCLUDE")
        {
            scope.Report(constraint.Line, LintRule.ExclusionConstraint,
                $"The index of the EXCLUDE constraint is built while nobody can use {table}.");
        }
        else if (!constraint.NotValid && (constraint.Kind == "CHECK" || (constraint.Kind == "FOREIGN KEY" && !nullsOnly)))
        {
            scope.Report(constraint.Line, LintRule.ConstraintNotValid, $"All rows of {table} are checked while nobody can write to it.");
        }
    }

    private void Constraints(string table, IEnumerable<ConstraintDefinition> constraints)
    {
        foreach (var constraint in constraints)
        {
            if (constraint.Name is null)
            {
                scope.Report(constraint.Line, LintRule.Unnamed,
                    $"The server chooses the name of this {constraint.Kind} constraint of {table}.");
            }

            if (constraint is { Cascades: true, Columns: [var column, ..] } && !scope.Catalog.HasIndex(table, column))
            {
                scope.Report(constraint.Line, LintRule.CascadeWithoutIndex,
                    $"Every delete in the referenced table reads all of {table}: no index begins with {column}.");
            }
        }
    }
}
