using System.Text.RegularExpressions;
using static AutoStack.Data.Migrations.TableLockMode;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The statements that bring one object to its expected definition, in the way that blocks the application least and truncates no value.
/// </summary>
internal static partial class Repair
{
    public const string NotValid = " NOT VALID";

    private static readonly string[] Verbs = ["DELETE", "UPDATE"];

    /// <summary>The end of the definition of a trigger that also fires while rows are replicated.</summary>
    public const string Always = " ALWAYS";

    public static RepairStatement[] Create(CatalogObject o) => o.Kind switch
    {
        SchemaObjectKind.Extension => [Free($"CREATE EXTENSION \"{o.Name}\" WITH {o.Definition}")],
        SchemaObjectKind.Column => [On(o.Table, AccessExclusive, $"ALTER TABLE {o.TableSql} ADD COLUMN {o.Name} {o.Definition}")],
        SchemaObjectKind.Constraint => AddConstraint(o),
        SchemaObjectKind.Index => [Concurrently(o, CreateIndex().Replace(o.Definition, "CREATE $1INDEX CONCURRENTLY"))],
        SchemaObjectKind.Trigger => [On(o.Table, ShareRowExclusive, o.Definition)],
        SchemaObjectKind.Policy => [On(o.Table, AccessExclusive, o.Definition)],
        _ => [Free(o.Definition)],
    };

    public static RepairStatement CreateTable(CatalogObject table, IEnumerable<CatalogObject> columns) => Free(
        $"CREATE TABLE {table.TableSql} (\n    {string.Join(",\n    ", columns.Select(c => $"{c.Name} {c.Definition}"))}\n)");

    public static RepairStatement DropColumn(CatalogObject column) =>
        On(column.Table, AccessExclusive, $"ALTER TABLE {column.TableSql} DROP COLUMN {column.Sql}") with { LosesData = true };

    /// <summary>The statements that replace an object of the same name and another definition.</summary>
    public static RepairStatement[] Replace(CatalogObject should, CatalogObject there) => should.Kind switch
    {
        SchemaObjectKind.Index => [DropIndex(there), .. Create(should)],
        SchemaObjectKind.Trigger => [ReplaceTrigger(should, there)],
        SchemaObjectKind.Function => [Free($"ALTER ROUTINE {there.Sql} RENAME TO {Aside(there.Name.Split('(')[0])}"), .. Create(should)],
        SchemaObjectKind.Constraint => ReplaceConstraint(should, there),
        _ => [],
    };

    /// <summary>The statement that gives an index of others another name, because the schema needs the name.</summary>
    public static RepairStatement MoveAside(CatalogObject there) => there.Kind == SchemaObjectKind.Index
        ? Named(there, $"ALTER INDEX {there.Sql} RENAME TO {Aside(there.Name)}")
        : On(there.Table, AccessExclusive, $"ALTER TABLE {there.TableSql} RENAME CONSTRAINT {there.Sql} TO {Aside(there.Name)}");

    /// <summary>The statement that renames or reuses an object with the expected definition; null when the definitions differ.</summary>
    public static RepairStatement? TakeOver(CatalogObject expected, CatalogObject found)
    {
        if (expected.Table != found.Table)
        {
            return null;
        }

        switch (expected.Kind, found.Kind)
        {
            case (SchemaObjectKind.Index, SchemaObjectKind.Index) when WithoutName(expected) == WithoutName(found):
                return Named(found, $"ALTER INDEX {found.Sql} RENAME TO {expected.Name}");
            case (SchemaObjectKind.Trigger, SchemaObjectKind.Trigger) when WithoutName(expected) == WithoutName(found):
                return On(found.Table, AccessExclusive, $"ALTER TRIGGER {found.Sql} ON {found.TableSql} RENAME TO {expected.Name}");
            case (SchemaObjectKind.Constraint, SchemaObjectKind.Constraint) when expected.Definition == found.Definition:
                return On(found.Table, AccessExclusive,
                    $"ALTER TABLE {expected.TableSql} RENAME CONSTRAINT {found.Sql} TO {expected.Name}");
            case (SchemaObjectKind.Constraint, SchemaObjectKind.Index) when UniqueIndex(expected, expected.Name) is { } index
                && WithoutName(index) == WithoutName(found):
                return UsingIndex(expected, found.Sql["public.".Length..]);
            default:
                return null;
        }
    }

    /// <summary>The statement that lets a column be NULL.</summary>
    public static RepairStatement DropNotNull(CatalogObject column) =>
        On(column.Table, AccessExclusive, $"ALTER TABLE {column.TableSql} ALTER COLUMN {column.Sql} DROP NOT NULL") with
        {
            LosesSecurity = true,
        };

    /// <summary>The statement that sets a column's type and default, and its NOT NULL.</summary>
    public static RepairStatement AlterColumn(CatalogObject found, ColumnParts should, ColumnParts column)
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

        if (should.Required && (!column.Required || column.Unchecked))
        {
            actions.Add("SET NOT NULL");
        }

        return On(found.Table, AccessExclusive,
            $"ALTER TABLE {found.TableSql} {string.Join(", ", actions.Select(action => $"ALTER COLUMN {found.Sql} {action}"))}") with
        {
            LosesData = retyped && !TypeChange.IsWidening(column.Type, should.Type),
        };
    }

    /// <summary>Runs a statement without the triggers of a table, in one transaction.</summary>
    public static RepairStatement Without(IReadOnlyList<CatalogObject> triggers, RepairStatement statement)
    {
        var lines = triggers.Select(t => $"DROP TRIGGER {t.Sql} ON {t.TableSql}").Append(statement.Sql)
            .Concat(triggers.Select(t => t.Definition));
        return triggers.Count == 0 ? statement : statement with
        {
            Sql = $"DO $repair$\nBEGIN\n{string.Concat(lines.Select(line => $"    {line};\n"))}END\n$repair$",
        };
    }

    public static RepairStatement[] EnableTrigger(CatalogObject trigger, bool fromAlways = false) =>
        [On(trigger.Table, ShareRowExclusive, $"ALTER TABLE {trigger.TableSql} ENABLE TRIGGER {trigger.Name}") with
        {
            LosesSecurity = fromAlways,
        }];

    public static RepairStatement Validate(CatalogObject constraint) => On(
        constraint.Table, ShareUpdateExclusive, $"ALTER TABLE {constraint.TableSql} VALIDATE CONSTRAINT {constraint.Name}");

    /// <summary>
    /// The statement that adds what a table lacks, or removes what the scripts do not create; null without such a statement.
    /// </summary>
    public static RepairStatement? AlterTable(CatalogObject table, string part, bool missing) =>
        (part, missing) switch
        {
            ("unlogged", false) => "SET LOGGED",
            ("under row level security", true) => "ENABLE ROW LEVEL SECURITY",
            ("under forced row level security", true) => "FORCE ROW LEVEL SECURITY",
            _ => null,
        }
        is { } action ? On(table.Table, AccessExclusive, $"ALTER TABLE {table.TableSql} {action}") : null;

    /// <summary>A statement that locks a table.</summary>
    public static RepairStatement On(string table, TableLockMode mode, string sql) => new(sql, [new StatementLock(mode, table)]);

    /// <summary>A statement that locks no table.</summary>
    public static RepairStatement Free(string sql) => new(sql, []);

    private static RepairStatement Named(CatalogObject index, string sql) => On("index " + index.Name, ShareUpdateExclusive, sql);

    private static RepairStatement Concurrently(CatalogObject index, string sql) =>
        On(index.Table, ShareUpdateExclusive, sql) with { Transactional = false };

    // Without USING the server assigns, which refuses text that is too long; a cast would truncate it. Times with a zone are converted to
    // UTC, as the schema stores them.
    private static string Using(string column, string from, string to) =>
        to.StartsWith("character varying", StringComparison.Ordinal) || to == "text" ? ""
        : from.EndsWith("with time zone", StringComparison.Ordinal) && to.EndsWith("without time zone", StringComparison.Ordinal)
            ? $" USING {column} AT TIME ZONE 'UTC'"
        : $" USING {column}::{to}";

    private static RepairStatement DropIndex(CatalogObject index) =>
        Concurrently(index, $"DROP INDEX CONCURRENTLY {index.Sql}") with
        {
            LosesSecurity = index.IsUniqueIndex && !index.Definition.EndsWith(CatalogObject.Invalid, StringComparison.Ordinal),
        };

    private static RepairStatement[] AddConstraint(CatalogObject o)
    {
        var add = $"ALTER TABLE {o.TableSql} ADD CONSTRAINT {o.Name} {o.Definition}";
        return UniqueIndex(o, o.Name) is { } index ? [.. Create(index), UsingIndex(o, index.Name)]
            : Referenced(o) is { } referenced ? NotValidFirst(new RepairStatement(add, [new(ShareRowExclusive, o.Table),
                .. referenced == o.Table ? [] : new StatementLock[] { new(ShareRowExclusive, referenced) }]))
            : o.Definition.StartsWith("CHECK", StringComparison.Ordinal) ? NotValidFirst(On(o.Table, AccessExclusive, add))
            : [On(o.Table, AccessExclusive, add)];

        RepairStatement[] NotValidFirst(RepairStatement statement) => o.Definition.EndsWith(NotValid, StringComparison.Ordinal)
            ? [statement] : [statement with { Sql = statement.Sql + NotValid }, Validate(o)];
    }

    private static RepairStatement ReplaceTrigger(CatalogObject should, CatalogObject there) =>
        On(should.Table, ShareRowExclusive, CreateTrigger().Replace(should.Definition, "CREATE OR REPLACE TRIGGER")) with
        {
            LosesSecurity = Function(should) != Function(there) || there.Definition.EndsWith(Always, StringComparison.Ordinal),
        };

    // The old constraint goes in the statement that adds the new one: no row slips in between.
    private static RepairStatement[] ReplaceConstraint(CatalogObject should, CatalogObject there)
    {
        var drop = $"ALTER TABLE {should.TableSql} DROP CONSTRAINT {there.Sql}, ADD CONSTRAINT {should.Name} ";
        if (UniqueIndex(should, Aside(should.Name)) is { } index && Key().IsMatch(there.Definition))
        {
            return
            [
                .. Create(index),
                On(should.Table, AccessExclusive, $"{drop}{Key().Match(should.Definition).Groups["kind"].Value} USING INDEX {index.Name}")
                    with { LosesSecurity = true },
            ];
        }

        var deferred = should.Definition.StartsWith("CHECK", StringComparison.Ordinal) || Referenced(should) is not null;
        var added = deferred && !should.Definition.EndsWith(NotValid, StringComparison.Ordinal);
        var tables = new[] { should.Table, Referenced(should), Referenced(there) }.OfType<string>().Distinct();
        return
        [
            new RepairStatement(
                drop + should.Definition + (added ? NotValid : ""), [.. tables.Select(t => new StatementLock(AccessExclusive, t))])
            {
                LosesSecurity = Referenced(should) is null || References(should) != References(there) || Freed(should, there).Count > 0,
            },
            .. added ? [Validate(should)] : Array.Empty<RepairStatement>(),
        ];
    }

    // The index of a plain key, to be built concurrently before the key is added.
    private static CatalogObject? UniqueIndex(CatalogObject constraint, string name) =>
        Key().Match(constraint.Definition) is { Success: true } key
            ? new CatalogObject(SchemaObjectKind.Index, constraint.Table, name,
                $"CREATE UNIQUE INDEX {name} ON {constraint.TableSql} USING btree {key.Groups["columns"].Value}")
            : null;

    private static RepairStatement UsingIndex(CatalogObject constraint, string index) => On(constraint.Table, AccessExclusive,
        $"ALTER TABLE {constraint.TableSql} ADD CONSTRAINT {constraint.Name} {Key().Match(constraint.Definition).Groups["kind"].Value} " +
            $"USING INDEX {index}");

    // A name of at most 63 bytes.
    private static string Aside(string name) => $"\"{name.Trim('"')[..Math.Min(name.Trim('"').Length, 50)]}_found\"";

    private static string WithoutName(CatalogObject o) => Name().Replace(o.Definition, "$1 ", 1);

    /// <summary>The table that a foreign key refers to; null for other constraints.</summary>
    public static string? Referenced(CatalogObject constraint) =>
        ForeignKey().Match(constraint.Definition) is { Success: true } key ? key.Groups["table"].Value : null;

    /// <summary>What the found foreign key refuses on the referenced table and the expected one does not: DELETE, UPDATE.</summary>
    public static IReadOnlyList<string> Freed(CatalogObject should, CatalogObject there) =>
        [.. Verbs.Where(verb => Referenced(should) is not null && ActsOn(verb, should) && !ActsOn(verb, there))];

    // RESTRICT, and NO ACTION, which the server does not print, refuse.
    private static bool ActsOn(string verb, CatalogObject key) => key.Definition.Contains($" ON {verb} CASCADE", StringComparison.Ordinal)
        || key.Definition.Contains($" ON {verb} SET ", StringComparison.Ordinal);

    private static string References(CatalogObject constraint) => ForeignKey().Match(constraint.Definition).Value;

    private static string Function(CatalogObject trigger) => Executed().Match(trigger.Definition).Groups["function"].Value;

    [GeneratedRegex(@"^(?<kind>PRIMARY KEY|UNIQUE) (?<columns>\([^()]*\))$", RegexOptions.CultureInvariant)]
    private static partial Regex Key();

    [GeneratedRegex(@"^FOREIGN KEY \([^()]*\) REFERENCES (\w+\.)?(?<table>\w+)\([^()]*\)", RegexOptions.CultureInvariant)]
    private static partial Regex ForeignKey();

    [GeneratedRegex("^CREATE (UNIQUE )?INDEX", RegexOptions.CultureInvariant)]
    private static partial Regex CreateIndex();

    [GeneratedRegex("^CREATE TRIGGER", RegexOptions.CultureInvariant)]
    private static partial Regex CreateTrigger();

    [GeneratedRegex(@"EXECUTE FUNCTION (?<function>[^(]+)\(", RegexOptions.CultureInvariant)]
    private static partial Regex Executed();

    [GeneratedRegex("""(INDEX|TRIGGER) (?:".*?"|\w+)(?= (?:ON|BEFORE|AFTER|INSTEAD) )""", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
