using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>
/// What the rules know of one script: its statements, its set, and the objects that it has created so far. Such objects may be locked:
/// nobody else sees them yet.
/// </summary>
internal sealed class ScriptScope(MigrationStep step, bool up, ScriptCatalog catalog, IReadOnlyList<ScriptStatement> statements)
{
    private readonly HashSet<string> tables = [];
    private readonly HashSet<string> indexes = [];

    public MigrationStep Step => step;

    public bool Up => up;

    public ScriptCatalog Catalog => catalog;

    /// <summary>All statements of the script, those of DO blocks in the place of the block.</summary>
    public IReadOnlyList<ScriptStatement> Statements => statements;

    public List<Finding> Findings { get; } = [];

    public bool OwnsTable(string table) => tables.Contains(table);

    public bool OwnsIndex(string index) => indexes.Contains(index);

    /// <summary>True when a table is partitioned; false or null when it is not, or no script of the set creates it.</summary>
    public bool? IsPartitioned(string table) => catalog.IsPartitioned(table);

    public void Report(int line, LintRule rule, string message) => Findings.Add(new Finding(step.FileName, line, rule, message));

    /// <summary>Records what a statement has created or renamed, after the rules have seen the statement.</summary>
    public void Remember(SqlStatement statement)
    {
        foreach (var created in SchemaObject.Created(statement))
        {
            (created.Kind is "TABLE" or "MATERIALIZED VIEW" ? tables : created.Kind == "INDEX" ? indexes : []).Add(created.Name);
        }

        if (CreateTable.Of(statement) is { Temporary: true } temporary)
        {
            tables.Add(temporary.Name);
        }

        if (Renaming.Of(statement) is { } renaming)
        {
            var names = renaming.Kind == "INDEX" ? indexes : tables;
            if (names.Contains(renaming.From))
            {
                names.Add(renaming.To);
            }
        }
    }
}

/// <summary>A statement of a script; nested when a DO block runs it.</summary>
internal sealed record ScriptStatement(SqlStatement Sql, bool Nested);

/// <summary>RENAME TO or SET SCHEMA of a table, view, index or sequence.</summary>
internal sealed record Renaming(string Kind, string From, string To)
{
    private static readonly string[] Kinds = ["TABLE", "MATERIALIZED VIEW", "VIEW", "INDEX", "SEQUENCE", "FOREIGN TABLE"];

    public static Renaming? Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("ALTER") || Kinds.FirstOrDefault(cursor.Take) is not { } kind)
        {
            return null;
        }

        cursor.Take("IF EXISTS");
        if (cursor.TakeName() is not { } name)
        {
            return null;
        }

        var dot = name.LastIndexOf('.');
        if (cursor.Take("RENAME TO") && cursor.TakeName() is { } to)
        {
            return new Renaming(kind, name, dot < 0 ? to : $"{name[..dot]}.{to}");
        }

        return cursor.Take("SET SCHEMA") && cursor.TakeName() is { } schema
            ? new Renaming(kind, name, schema == "public" ? name[(dot + 1)..] : $"{schema}.{name[(dot + 1)..]}") : null;
    }
}
