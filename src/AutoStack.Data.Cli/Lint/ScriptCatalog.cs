using System.Globalization;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>What the up scripts of a set create: columns with their types over time, what leads an index, checks, functions.</summary>
internal sealed class ScriptCatalog
{
    private readonly HashSet<(string Table, string Column)> indexed = [];
    private readonly List<(string File, string Table, string Column, string Type)> types = [];
    private readonly Dictionary<string, bool> partitioned = [];
    private readonly HashSet<string> functions = [];
    private readonly List<Check> checks = [];
    private readonly List<(string File, string Table, string Constraint)> validated = [];

    public ScriptCatalog(IEnumerable<MigrationStep> ups)
    {
        foreach (var step in ups)
        {
            foreach (var statement in step.Statements)
            {
                Read(step.FileName, statement);
                foreach (var inner in PlpgSql.Of(statement))
                {
                    Read(step.FileName, inner);
                }
            }
        }
    }

    /// <summary>True for a function of the set that is immutable or stable.</summary>
    public bool IsNotVolatile(string function) => functions.Contains(function);

    /// <summary>True when a table is partitioned, false when it is not; null when no script of the set creates the table.</summary>
    public bool? IsPartitioned(string table) => partitioned.TryGetValue(table, out var known) ? known : null;

    /// <summary>True when a check of a column, valid before or in this script, refuses NULL.</summary>
    public bool ExcludesNull(string file, string table, string column) =>
        checks.Exists(check => check.Table == table && check.NotNull == column && IsValid(file, check));

    /// <summary>The column that a check requires; null when the set has no such check.</summary>
    public string? NotNullColumn(string table, string constraint) =>
        checks.Find(check => check.Table == table && check.Name == constraint)?.NotNull;

    /// <summary>True when a table has a check that was validated before or in this script.</summary>
    public bool HasValidCheck(string file, string table) => checks.Exists(check => check.Table == table && IsValid(file, check));

    private bool IsValid(string file, Check check) =>
        (!check.NotValid && string.CompareOrdinal(check.File, file) <= 0)
        || validated.Exists(v => v.Table == check.Table && v.Constraint == check.Name && string.CompareOrdinal(v.File, file) <= 0);

    public bool HasIndex(string table, string column) => indexed.Contains((table, column));

    /// <summary>True when a new type stores every value of a known column unchanged: a longer varchar, or text.</summary>
    public bool Widens(string file, bool up, string table, string column, string newType)
    {
        // A down script starts from the types that its up script left.
        var last = file.Replace(".down.sql", ".sql", StringComparison.Ordinal);
        var old = types.LastOrDefault(t =>
            t.Table == table && t.Column == column && string.CompareOrdinal(t.File, last) < (up ? 0 : 1));
        return old.Type is not null && Length(old.Type) is { } from && Length(newType) is { } to && to >= from;
    }

    private static int? Length(string type) => type.Replace("character varying", "varchar", StringComparison.Ordinal).Split(' ') switch
    {
        ["text"] or ["varchar"] => int.MaxValue,
        ["varchar", "(", var length, ")"]
            when int.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var characters) => characters,
        _ => null,
    };

    private void Read(string file, SqlStatement statement)
    {
        if (CreateIndex.Of(statement) is { LeadingColumn: { } leading } index)
        {
            indexed.Add((index.Table, leading));
        }
        else if (CreateTable.Of(statement) is { } table)
        {
            types.AddRange(table.Columns.Select(c => (file, table.Name, c.Name, c.Type)));
            Index(table.Name, table.Constraints);
            partitioned[table.Name] = statement.Read().Has("PARTITION BY");
            foreach (var constraint in table.Constraints)
            {
                Add(file, table.Name, constraint);
            }
        }
        else if (OwnFunction(statement) is var (function, notVolatile))
        {
            _ = notVolatile ? functions.Add(function) : functions.Remove(function);
        }
        else if (AlterTable.Of(statement) is { } alter)
        {
            foreach (var action in alter.Actions())
            {
                Read(file, alter.Table, action);
            }
        }
    }

    private void Read(string file, string table, SqlCursor action)
    {
        if (action.Take("ADD"))
        {
            if (ConstraintDefinition.BeginsHere(action))
            {
                if (ConstraintDefinition.Read(action) is { } constraint)
                {
                    Index(table, [constraint]);
                    Add(file, table, constraint);
                }
            }
            else if (ColumnDefinition.ReadAdded(action) is { } column)
            {
                types.Add((file, table, column.Name, column.Type));
                Index(table, column.Constraints);
            }
        }
        else if (action.Take("VALIDATE CONSTRAINT"))
        {
            validated.Add((file, table, action.TakeName() ?? ""));
        }
        else if (ColumnDefinition.ReadRetyped(action) is { } retyped)
        {
            types.Add((file, table, retyped.Column, retyped.Type));
        }
    }

    // The last definition counts. The words before the body: a body in quotes is one token.
    private static (string Name, bool NotVolatile)? OwnFunction(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("CREATE") || !(cursor.Take("OR REPLACE") || true) || !cursor.Take("FUNCTION") || cursor.TakeName() is not { } name)
        {
            return null;
        }

        cursor.TakeGroup();
        return (name, cursor.TakeWhile(token => !token.Is("BEGIN")).Any(token => token.Is("IMMUTABLE") || token.Is("STABLE")));
    }

    private void Index(string table, IEnumerable<ConstraintDefinition> constraints)
    {
        foreach (var constraint in constraints.Where(c => c.Kind is "UNIQUE" or "PRIMARY KEY" && c.Columns.Count > 0))
        {
            indexed.Add((table, constraint.Columns[0]));
        }
    }

    private void Add(string file, string table, ConstraintDefinition constraint)
    {
        if (constraint is { Kind: "CHECK", Name: { } name })
        {
            checks.Add(new Check(file, table, name, constraint.NotNull, constraint.NotValid));
        }
    }

    /// <summary>A named check; <paramref name="NotNull"/> is the column that it requires, and null for any other check.</summary>
    private sealed record Check(string File, string Table, string Name, string? NotNull, bool NotValid);
}
