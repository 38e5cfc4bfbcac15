using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on CREATE, ALTER and DROP TABLE.</summary>
internal sealed class TableRules(
    MigrationStep step, bool up, ScriptCatalog catalog, IReadOnlySet<string> ownTables, Action<int, LintRule, string> tell)
{
    // Constant or stable: evaluated once, whatever the number of rows. A type with a length reads as a call, too.
    private static readonly HashSet<string> EvaluatedOnce =
    [
        "now", "transaction_timestamp", "statement_timestamp", "current_timestamp", "current_time", "localtimestamp", "localtime", "to_timestamp", "to_date",
        "make_date", "make_interval", "date_trunc", "lower", "upper", "concat", "coalesce", "nullif", "greatest", "least", "cast", "array", "row",
        "json_build_object", "json_build_array", "jsonb_build_object", "jsonb_build_array", "md5", "current_setting",
        "varchar", "varying", "char", "character", "numeric", "decimal", "bit", "timestamp", "timestamptz", "time", "timetz", "interval", "float",
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
                tell(statement.Line, LintRule.DropTable, $"The rows of {dropped.Name} are lost, and code that still names it fails.");
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
                tell(line, LintRule.ValidateWithAdd, $"{name} is added in this script: all rows of {table} are read under the lock of the addition.");
            }
        }
        else if (up && !own && (action.Starts("RENAME TO") || action.Starts("SET SCHEMA")
            || (action.Take("RENAME") && !action.Starts("CONSTRAINT"))))
        {
            tell(line, LintRule.Rename, $"Code that still uses the old name in {table} fails as soon as this is committed.");
        }
        else if (up && !own && action.Starts("DROP") && !action.Starts("DROP CONSTRAINT"))
        {
            tell(line, LintRule.DropColumn, $"The column's data in {table} is lost, and code that still names it fails.");
        }
        else if (!own && (action.Starts("SET UNLOGGED") || action.Starts("SET LOGGED")))
        {
            var lost = action.Starts("SET UNLOGGED") ? ", and a crash of the server empties it from then on" : "";
            tell(line, LintRule.Rewrite, $"{table} is written anew while nobody can use it{lost}.");
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
            tell(line, LintRule.SetNotNull, $"All rows of {table} are read while nobody can use it, unless a validated check says that none is NULL.");
        }
        else if (ColumnDefinition.ReadRetyped(action) is { } retyped
            && (action.Has("USING") || !catalog.Widens(step.FileName, up, table, retyped.Column, retyped.Type)))
        {
            tell(line, LintRule.TypeChange, $"{table} is rewritten while nobody can use it, and code that expects the old type of {retyped.Column} may fail.");
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
            tell(line, LintRule.VolatileDefault, $"{table} is rewritten while nobody can use it: each row gets its own value of {column.Name}.");
        }

        if (!own && column.NotNull && column.Default is null && !generated)
        {
            tell(line, LintRule.NotNullColumn, $"Fails as soon as {table} has a row: there is no value for {column.Name}.");
        }

        foreach (var constraint in column.Constraints)
        {
            Existing(table, constraint, own, nullsOnly: column.Default is null && !generated);
        }
    }

    // A key to another table is not checked for a new column that is NULL everywhere.
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
            tell(constraint.Line, LintRule.UniqueWithoutIndex, $"The index of the {constraint.Kind} constraint is built while nobody can use {table}.");
        }
        else if (!constraint.NotValid && (constraint.Kind == "CHECK" || (constraint.Kind == "FOREIGN KEY" && !nullsOnly)))
        {
            tell(constraint.Line, LintRule.ConstraintNotValid, $"All rows of {table} are checked while nobody can write to it.");
        }
    }

    private void Constraints(string table, IEnumerable<ConstraintDefinition> constraints)
    {
        foreach (var constraint in constraints)
        {
            if (constraint.Name is null)
            {
                tell(constraint.Line, LintRule.Unnamed, $"The server chooses the name of this {constraint.Kind} constraint of {table}.");
            }

            if (constraint is { Cascades: true, Columns: [var column, ..] } && !catalog.HasIndex(table, column))
            {
                tell(constraint.Line, LintRule.CascadeWithoutIndex, $"Every delete at the other end reads all of {table}: {column} leads no index.");
            }
        }
    }

    private static bool IsVolatile(IReadOnlyList<SqlToken> value) =>
        value.Index().Any(t => t.Item.IsName && t.Index + 1 < value.Count && value[t.Index + 1].Is("(") && !EvaluatedOnce.Contains(t.Item.Name));
}
