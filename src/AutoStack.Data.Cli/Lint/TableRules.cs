using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on CREATE, ALTER and DROP TABLE.</summary>
internal sealed class TableRules(
    MigrationStep step, bool up, ScriptCatalog catalog, IReadOnlySet<string> ownTables, Action<int, LintRule, string> report)
{
    // Constant or stable functions, evaluated once per statement. A type with a length looks like a call and is listed too.
    private static readonly HashSet<string> EvaluatedOnce =
    [
        "now", "transaction_timestamp", "statement_timestamp", "current_timestamp", "current_time", "localtimestamp", "localtime",
        "to_timestamp", "to_date", "make_date", "make_interval", "date_trunc", "lower", "upper", "concat", "coalesce", "nullif", "greatest",
        "least", "cast", "array", "row", "json_build_object", "json_build_array", "jsonb_build_object", "jsonb_build_array", "md5",
        "current_setting", "varchar", "varying", "char", "character", "numeric", "decimal", "bit", "timestamp", "timestamptz", "time",
        "timetz", "interval", "float",
    ];

    private static readonly string[] SerialTypes = ["serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"];

    private readonly HashSet<(string Table, string Constraint)> notValid = [];
    private readonly HashSet<string> validated = [];

    public void Check(SqlStatement statement)
    {
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
                Alter(alter.Table, action, ownTables.Contains(alter.Table));
            }
        }
        else if (up)
        {
            foreach (var dropped in SchemaObject.Dropped(statement).Where(o => o.Kind == "TABLE" && !ownTables.Contains(o.Name)))
            {
                report(statement.Line, LintRule.DropTable,
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
            validated.Add(table);
            if (notValid.Contains((table, name)))
            {
                report(line, LintRule.ValidateWithAdd,
                    $"This script adds {name}: all rows of {table} are read under the lock of the addition.");
            }
        }
        else if (up && !own && (action.Starts("RENAME TO") || action.Starts("SET SCHEMA")
            || (action.Take("RENAME") && !action.Starts("CONSTRAINT"))))
        {
            report(line, LintRule.Rename, $"Code that still uses the old name in {table} fails as soon as this is committed.");
        }
        else if (up && !own && action.Starts("DROP") && !action.Starts("DROP CONSTRAINT"))
        {
            report(line, LintRule.DropColumn, $"The data of the column in {table} is lost, and code that still names the column fails.");
        }
        else if (!own && (action.Starts("SET UNLOGGED") || action.Starts("SET LOGGED")))
        {
            var lost = action.Starts("SET UNLOGGED") ? ", and any later crash of the server empties the table" : "";
            report(line, LintRule.Rewrite, $"{table} is rewritten while nobody can use it{lost}.");
        }
        else if (!own && action.Starts("ALTER"))
        {
            Column(table, action, line);
        }
    }

    private void Column(string table, SqlCursor action, int line)
    {
        if (action.Has("SET NOT NULL") && !validated.Contains(table))
        {
            report(line, LintRule.SetNotNull,
                $"All rows of {table} are read while nobody can use the table, unless a validated check excludes NULL.");
        }
        else if (ColumnDefinition.ReadRetyped(action) is { } retyped
            && (action.Has("USING") || !catalog.Widens(step.FileName, up, table, retyped.Column, retyped.Type)))
        {
            report(line, LintRule.TypeChange,
                $"{table} is rewritten while nobody can use it, and code that expects the old type of {retyped.Column} may fail.");
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
        if (!own && ((generated && !column.Virtual) || (column.Default is { } value && IsVolatile(value))))
        {
            report(line, LintRule.VolatileDefault,
                $"{table} is rewritten while nobody can use it: each row gets its own value of {column.Name}.");
        }

        if (!own && column.NotNull && column.Default is null && !generated)
        {
            report(line, LintRule.NotNullColumn, $"Fails if {table} has rows: {column.Name} has no default.");
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
            report(constraint.Line, LintRule.UniqueWithoutIndex,
                $"The index of the {constraint.Kind} constraint is built while nobody can use {table}.");
        }
        else if (!constraint.NotValid && (constraint.Kind == "CHECK" || (constraint.Kind == "FOREIGN KEY" && !nullsOnly)))
        {
            report(constraint.Line, LintRule.ConstraintNotValid, $"All rows of {table} are checked while nobody can write to it.");
        }
    }

    private void Constraints(string table, IEnumerable<ConstraintDefinition> constraints)
    {
        foreach (var constraint in constraints)
        {
            if (constraint.Name is null)
            {
                report(constraint.Line, LintRule.Unnamed,
                    $"The server chooses the name of this {constraint.Kind} constraint of {table}.");
            }

            if (constraint is { Cascades: true, Columns: [var column, ..] } && !catalog.HasIndex(table, column))
            {
                report(constraint.Line, LintRule.CascadeWithoutIndex,
                    $"Every delete in the referenced table reads all of {table}: no index begins with {column}.");
            }
        }
    }

    private static bool IsVolatile(IReadOnlyList<SqlToken> value) =>
        value.Index().Any(token => token.Item.IsName && token.Index + 1 < value.Count && value[token.Index + 1].Is("(")
            && !EvaluatedOnce.Contains(token.Item.Name));
}
