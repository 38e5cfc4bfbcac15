using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The statements that bring one object to its expected definition, in the way that blocks the application least and truncates no value.
/// </summary>
internal static partial class Repair
{
    public static string[] Create(CatalogObject o) => o.Kind switch
    {
        SchemaObjectKind.Extension => [$"CREATE EXTENSION \"{o.Name}\" WITH {o.Definition}"],
        SchemaObjectKind.Column => [$"ALTER TABLE {o.TableSql} ADD COLUMN {o.Name} {o.Definition}"],
        SchemaObjectKind.Constraint => AddConstraint(o),
        SchemaObjectKind.Index => [CreateIndex().Replace(o.Definition, "CREATE $1INDEX CONCURRENTLY")],
        _ => [o.Definition],
    };

    public static string CreateTable(CatalogObject table, IEnumerable<CatalogObject> columns) =>
        $"CREATE TABLE {table.TableSql} (\n    {string.Join(",\n    ", columns.Select(c => $"{c.Name} {c.Definition}"))}\n)";

    public static string Drop(CatalogObject o) => o.Kind switch
    {
        SchemaObjectKind.Function => $"DROP ROUTINE {o.Sql}",
        SchemaObjectKind.Column => $"ALTER TABLE {o.TableSql} DROP COLUMN {o.Sql}",
        SchemaObjectKind.Constraint => $"ALTER TABLE {o.TableSql} DROP CONSTRAINT {o.Sql}",
        SchemaObjectKind.Index => $"DROP INDEX CONCURRENTLY {o.Sql}",
        SchemaObjectKind.Trigger => $"DROP TRIGGER IF EXISTS {o.Sql} ON {o.TableSql}",
        SchemaObjectKind.Rule => $"DROP RULE {o.Sql} ON {o.TableSql}",
        _ => throw new ArgumentOutOfRangeException(nameof(o), o.Kind, "is never dropped"),
    };

    /// <summary>The statement that renames or reuses an object with the expected definition; null when the definitions differ.</summary>
    public static string? TakeOver(CatalogObject expected, CatalogObject found)
    {
        if (expected.Table != found.Table)
        {
            return null;
        }

        switch (expected.Kind, found.Kind)
        {
            case (SchemaObjectKind.Index, SchemaObjectKind.Index) when WithoutName(expected) == WithoutName(found):
                return $"ALTER INDEX {found.Sql} RENAME TO {expected.Name}";
            case (SchemaObjectKind.Constraint, SchemaObjectKind.Constraint) when expected.Definition == found.Definition:
                return $"ALTER TABLE {expected.TableSql} RENAME CONSTRAINT {found.Sql} TO {expected.Name}";
            case (SchemaObjectKind.Constraint, SchemaObjectKind.Index) when UniqueIndex(expected) is { } index
                && WithoutName(index) == WithoutName(found):
                return UsingIndex(expected, found.Sql["public.".Length..]);
            default:
                return null;
        }
    }

    /// <summary>The statement that sets a column's type, nullability and default.</summary>
    public static string AlterColumn(CatalogObject found, ColumnParts should, ColumnParts column)
    {
        var actions = new List<string>();
        var retyped = column.Type != should.Type;
        if (column.Generated is not null)
        {
            actions.Add(column.Generated.EndsWith("IDENTITY", StringComparison.Ordinal) ? "DROP IDENTITY" : "DROP EXPRESSION");
        }

        if (column.Default is not null && (retyped || should.Default is null))
        {
            actions.Add("DROP DEFAULT");
        }

        if (retyped)
        {
            actions.Add($"TYPE {should.Type}{Using(found.Sql, column.Type, should.Type)}");
        }

        if (should.Default is not null && (retyped || column.Default != should.Default))
        {
            actions.Add($"SET DEFAULT {should.Default}");
        }

        if (column.Required != should.Required)
        {
            actions.Add(should.Required ? "SET NOT NULL" : "DROP NOT NULL");
        }

        return $"ALTER TABLE {found.TableSql} {string.Join(", ", actions.Select(action => $"ALTER COLUMN {found.Sql} {action}"))}";
    }

    public static string[] EnableTrigger(CatalogObject trigger) => [$"ALTER TABLE {trigger.TableSql} ENABLE TRIGGER {trigger.Name}"];

    public static string[] Validate(CatalogObject constraint) =>
        [$"ALTER TABLE {constraint.TableSql} VALIDATE CONSTRAINT {constraint.Name}"];

    // Without USING the server assigns, which refuses text that is too long; a cast would truncate it. Times with a zone are converted to
    // UTC, as the schema stores them.
    private static string Using(string column, string from, string to) =>
        to.StartsWith("character varying", StringComparison.Ordinal) || to == "text" ? ""
        : from.EndsWith("with time zone", StringComparison.Ordinal) && to.EndsWith("without time zone", StringComparison.Ordinal)
            ? $" USING {column} AT TIME ZONE 'UTC'"
        : $" USING {column}::{to}";

    private static string[] AddConstraint(CatalogObject o)
    {
        var add = $"ALTER TABLE {o.TableSql} ADD CONSTRAINT {o.Name} {o.Definition}";
        return UniqueIndex(o) is { } index ? [.. Create(index), UsingIndex(o, index.Name)]
            : o.Definition.StartsWith("CHECK", StringComparison.Ordinal) || o.Definition.StartsWith("FOREIGN KEY", StringComparison.Ordinal)
                ? o.Definition.EndsWith(NotValid, StringComparison.Ordinal) ? [add] : [add + NotValid, .. Validate(o)]
            : [add];
    }

    public const string NotValid = " NOT VALID";

    // The index of a plain key, to be built concurrently before the key is added.
    private static CatalogObject? UniqueIndex(CatalogObject constraint) => Key().Match(constraint.Definition) is { Success: true } key
        ? new CatalogObject(SchemaObjectKind.Index, constraint.Table, constraint.Name,
            $"CREATE UNIQUE INDEX {constraint.Name} ON {constraint.TableSql} USING btree {key.Groups["columns"].Value}")
        : null;

    private static string UsingIndex(CatalogObject constraint, string index) =>
        $"ALTER TABLE {constraint.TableSql} ADD CONSTRAINT {constraint.Name} {Key().Match(constraint.Definition).Groups["kind"].Value} " +
            $"USING INDEX {index}";

    private static string WithoutName(CatalogObject index) => IndexName().Replace(index.Definition, "INDEX ON ", 1);

    [GeneratedRegex(@"^(?<kind>PRIMARY KEY|UNIQUE) (?<columns>\([^()]*\))$", RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex("^CREATE (UNIQUE )?INDEX", RegexOptions.CultureInvariant)]
    private static partial Regex CreateIndex();

    [GeneratedRegex("""INDEX (".*?"|\w+) ON """, RegexOptions.CultureInvariant)]
    private static partial Regex IndexName();
}
