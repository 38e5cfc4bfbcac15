using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>CREATE TABLE with its columns and constraints.</summary>
internal sealed record CreateTable(
    string Name, bool Temporary, IReadOnlyList<ColumnDefinition> Columns, IReadOnlyList<ConstraintDefinition> Constraints)
{
    public static CreateTable? Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("CREATE"))
        {
            return null;
        }

        _ = cursor.Take("GLOBAL") || cursor.Take("LOCAL");
        var temporary = cursor.Take("TEMPORARY") || cursor.Take("TEMP");
        cursor.Take("UNLOGGED");
        if (!cursor.Take("TABLE"))
        {
            return null;
        }

        cursor.Take("IF NOT EXISTS");
        var name = cursor.TakeName() ?? "";
        var columns = new List<ColumnDefinition>();
        var constraints = new List<ConstraintDefinition>();
        foreach (var item in cursor.TakeGroup()?.Items() ?? [])
        {
            if (ConstraintDefinition.BeginsHere(item))
            {
                constraints.AddRange(ConstraintDefinition.Read(item) is { } constraint ? [constraint] : []);
            }
            else if (!item.Take("LIKE") && ColumnDefinition.Read(item) is { } column)
            {
                columns.Add(column);
                constraints.AddRange(column.Constraints);
            }
        }

        return new CreateTable(name, temporary, columns, constraints);
    }
}

/// <summary>ALTER TABLE with its actions. Each call of <paramref name="Actions"/> returns cursors at the start of the actions.</summary>
internal sealed record AlterTable(string Table, Func<IEnumerable<SqlCursor>> Actions)
{
    public static AlterTable? Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("ALTER TABLE"))
        {
            return null;
        }

        cursor.Take("IF EXISTS");
        cursor.Take("ONLY");
        var table = cursor.TakeName() ?? "";
        cursor.Take("*");
        var actions = cursor.TakeWhile(_ => true);
        return new AlterTable(table, () => new SqlCursor(actions).Items());
    }
}

/// <summary>A column: its type in lower case with single spaces, and the tokens of its default; null without a default.</summary>
internal sealed record ColumnDefinition(
    string Name,
    string Type,
    bool NotNull,
    bool Generated,
    bool Virtual,
    IReadOnlyList<SqlToken>? Default,
    IReadOnlyList<ConstraintDefinition> Constraints)
{
    private static readonly string[] Ends =
    [
        "CONSTRAINT", "NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "GENERATED", "COLLATE", "STORAGE",
        "COMPRESSION", "USING",
    ];

    public static ColumnDefinition? Read(SqlCursor cursor)
    {
        if (cursor.TakeName() is not { } name)
        {
            return null;
        }

        var type = ReadType(cursor);
        var constraints = new List<ConstraintDefinition>();
        var (notNull, generated, isVirtual, value) = (false, false, false, (IReadOnlyList<SqlToken>?)null);
        while (!cursor.AtEnd)
        {
            if (cursor.Take("DEFAULT"))
            {
                value = TakePart(cursor) is { Count: > 0 } given ? given : null;
            }
            else if (cursor.Take("NOT NULL"))
            {
                notNull = true;
            }
            else if (cursor.Take("GENERATED"))
            {
                generated = true;
                isVirtual = cursor.Has("VIRTUAL");
            }
            else if (ConstraintDefinition.BeginsHere(cursor))
            {
                constraints.AddRange(ConstraintDefinition.Read(cursor, name) is { } constraint ? [constraint] : []);
            }
            else
            {
                cursor.Skip();
            }
        }

        notNull |= constraints.Any(c => c.Kind == "PRIMARY KEY");
        return new ColumnDefinition(name, type, notNull, generated, isVirtual, value, constraints);
    }

    /// <summary>Reads the column of an action; the cursor is after ADD.</summary>
    public static ColumnDefinition? ReadAdded(SqlCursor action)
    {
        action.Take("COLUMN");
        action.Take("IF NOT EXISTS");
        return Read(action);
    }

    /// <summary>Reads the column and new type of ALTER COLUMN … TYPE, up to the type; null for any other action.</summary>
    public static (string Column, string Type)? ReadRetyped(SqlCursor action)
    {
        if (!action.Take("ALTER"))
        {
            return null;
        }

        action.Take("COLUMN");
        var column = action.TakeName();
        return column is not null && (action.Take("TYPE") || action.Take("SET DATA TYPE")) ? (column, ReadType(action)) : null;
    }

    private static string ReadType(SqlCursor cursor) => string.Join(' ', TakePart(cursor).Select(token => token.Name));

    private static IReadOnlyList<SqlToken> TakePart(SqlCursor cursor) => cursor.TakeWhile(token => !Ends.Any(token.Is));
}

/// <summary>
/// A constraint of a column or a table. The name is null when the server chooses one; the columns are empty when an expression determines
/// them. NotNull is the column of CHECK (column IS NOT NULL).
/// </summary>
internal sealed record ConstraintDefinition(
    string Kind, string? Name, IReadOnlyList<string> Columns, bool Cascades, bool NotValid, bool UsesIndex, string? NotNull, int Line)
{
    private static readonly string[] Beginnings = ["CONSTRAINT", "CHECK", "UNIQUE", "PRIMARY KEY", "EXCLUDE", "FOREIGN KEY", "REFERENCES"];

    public static bool BeginsHere(SqlCursor cursor) => Beginnings.Any(word => cursor.Starts(word));

    /// <summary>Reads a constraint; null for a kind that is not checked here, such as a named NOT NULL.</summary>
    public static ConstraintDefinition? Read(SqlCursor cursor, string? column = null)
    {
        var line = cursor.Line;
        var name = cursor.Take("CONSTRAINT") ? cursor.TakeName() : null;
        var kind = Beginnings.Skip(1).FirstOrDefault(cursor.Take);
        if (kind is null)
        {
            return null;
        }

        cursor.Take("NULLS NOT DISTINCT");
        IReadOnlyList<string> columns = column is not null ? [column] : [];
        string? notNull = null;
        if (kind == "EXCLUDE" && cursor.Take("USING"))
        {
            cursor.TakeName();
        }

        if (kind != "REFERENCES" && cursor.TakeGroup() is { } group)
        {
            (columns, notNull) = kind == "CHECK" ? (columns, RequiredBy(group))
                : ([.. group.Items().Select(item => item.TakeName() ?? "")], null);
        }

        if (kind == "REFERENCES" || cursor.Take("REFERENCES"))
        {
            kind = "FOREIGN KEY";
            cursor.TakeName();
            cursor.TakeGroup();
        }

        var (cascades, notValid, usesIndex) = (false, false, false);
        while (true)
        {
            if (cursor.Take("ON DELETE"))
            {
                cascades = !cursor.Starts("NO ACTION") && !cursor.Starts("RESTRICT");
                TakeAction(cursor);
            }
            else if (cursor.Take("ON UPDATE"))
            {
                TakeAction(cursor);
            }
            else if (cursor.Take("NOT VALID"))
            {
                notValid = true;
            }
            else if (cursor.Take("USING INDEX"))
            {
                usesIndex = !cursor.Take("TABLESPACE");
            }
            else if (cursor.Take("MATCH") || (column is null && !cursor.AtEnd))
            {
                cursor.Skip();
            }
            else
            {
                return new ConstraintDefinition(kind, name, columns, cascades, notValid, usesIndex, notNull, line);
            }
        }
    }

    private static string? RequiredBy(SqlCursor condition)
    {
        condition = condition.Starts("(") ? condition.TakeGroup()! : condition;
        return condition.TakeName() is { } column && condition.Take("IS NOT NULL") && condition.AtEnd ? column : null;
    }

    private static void TakeAction(SqlCursor cursor)
    {
        _ = cursor.Take("CASCADE") || cursor.Take("RESTRICT") || cursor.Take("NO ACTION") || cursor.Take("SET NULL")
            || cursor.Take("SET DEFAULT");
        cursor.TakeGroup();
    }
}
