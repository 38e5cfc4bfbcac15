using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on views, types, functions and other objects besides tables and indexes, and on triggers.</summary>
internal sealed class ObjectRules(ScriptScope scope)
{
    private static readonly string[] Kinds =
    [
        "MATERIALIZED VIEW", "VIEW", "TYPE", "DOMAIN", "SCHEMA", "EXTENSION", "FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "SEQUENCE",
        "TRIGGER", "EVENT TRIGGER", "RULE", "POLICY", "FOREIGN TABLE", "SERVER", "COLLATION", "OPERATOR", "CAST", "ROLE", "PUBLICATION",
        "SUBSCRIPTION",
    ];

    // Statements that end at once, so that the lock of a trigger before them is short.
    private static readonly string[] Brief =
    [
        "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", "CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", "CREATE CONSTRAINT TRIGGER",
        "DROP TRIGGER", "DROP FUNCTION", "COMMENT", "GRANT", "REVOKE", "SET", "ALTER FUNCTION",
    ];

    private readonly HashSet<(string Kind, string Name)> created =
        [.. scope.Statements.Select(statement => Created(statement.Sql)).OfType<(string, string)>()];

    public void Check(ScriptStatement statement)
    {
        var sql = statement.Sql;
        if (scope.Up)
        {
            Drop(sql);
            Rename(sql);
        }

        Domain(sql);
        if (Created(sql) is ("TRIGGER", var name) && sql.Read() is var cursor && cursor.Find("ON") && cursor.TakeName() is { } table
            && !scope.OwnsTable(table) && After(statement).Any(later => !Array.Exists(Brief, later.Sql.Read().Starts)))
        {
            scope.Report(sql.Line, LintRule.CreateTrigger,
                $"The trigger {name} blocks every writer of {table} until the statements after it are done.");
        }
    }

    private IEnumerable<ScriptStatement> After(ScriptStatement statement) =>
        scope.Statements.SkipWhile(other => !ReferenceEquals(other, statement)).Skip(1);

    private static (string Kind, string Name)? Created(SqlStatement sql)
    {
        var cursor = sql.Read();
        if (!cursor.Take("CREATE"))
        {
            return null;
        }

        cursor.Take("OR REPLACE");
        _ = cursor.Take("TEMP") || cursor.Take("TEMPORARY");
        _ = cursor.Take("CONSTRAINT") || cursor.Take("RECURSIVE") || cursor.Take("TRUSTED");
        if (Kinds.FirstOrDefault(cursor.Take) is not { } kind)
        {
            return null;
        }

        cursor.Take("IF NOT EXISTS");
        return cursor.TakeName() is { } name ? (kind, name) : null;
    }

    private void Drop(SqlStatement sql)
    {
        var cursor = sql.Read();
        if (!cursor.Take("DROP"))
        {
            return;
        }

        if (cursor.Take("OWNED BY"))
        {
            scope.Report(sql.Line, LintRule.DropTable,
                $"All objects of {cursor.TakeName()} in this database are lost with their rows, and all its privileges.");
        }
        else if (cursor.Take("DATABASE"))
        {
            cursor.Take("IF EXISTS");
            scope.Report(sql.Line, LintRule.DropTable, $"All tables of the database {cursor.TakeName()} are lost.");
        }
        else if (cursor.Starts("SCHEMA") && cursor.Has("CASCADE"))
        {
            cursor.Take("SCHEMA");
            cursor.Take("IF EXISTS");
            scope.Report(sql.Line, LintRule.DropTable,
                $"All tables of the schema {cursor.TakeName()} are lost, and code that still names them fails.");
        }
        else if (Kinds.FirstOrDefault(cursor.Take) is { } kind)
        {
            cursor.Take("IF EXISTS");
            var cascade = cursor.Has("CASCADE") ? " CASCADE drops everything that depends on it, too, without naming it." : "";
            foreach (var name in cursor.Items().Select(item => item.TakeName() ?? "it").Where(name => !created.Contains((kind, name))))
            {
                scope.Report(sql.Line, LintRule.DropObject,
                    $"Code that still uses the {kind.ToLowerInvariant()} {name} fails.{cascade}");
            }
        }
    }

    private void Rename(SqlStatement sql)
    {
        var cursor = sql.Read();
        if (!cursor.Take("ALTER") || cursor.Starts("TABLE") || Kinds.FirstOrDefault(cursor.Take) is not { } kind)
        {
            return;
        }

        cursor.Take("IF EXISTS");
        if (cursor.TakeName() is { } name && !created.Contains((kind, name))
            && (cursor.Has("RENAME TO") || cursor.Has("RENAME VALUE") || cursor.Has("RENAME ATTRIBUTE") || cursor.Has("RENAME COLUMN")
                || cursor.Has("SET SCHEMA")) && kind is not ("TRIGGER" or "POLICY" or "RULE" or "EVENT TRIGGER"))
        {
            var what = cursor.Has("RENAME VALUE") ? "the old value" : "the old name";
            scope.Report(sql.Line, LintRule.Rename, $"Code that still uses {what} in {name} fails as soon as this is committed.");
        }
    }

    // A domain has no lock of its own: the tables that use it are locked and read.
    private void Domain(SqlStatement sql)
    {
        var cursor = sql.Read();
        if (!cursor.Take("ALTER DOMAIN") || cursor.TakeName() is not { } domain || created.Contains(("DOMAIN", domain)))
        {
            return;
        }

        if (cursor.Take("ADD") && !cursor.Has("NOT VALID"))
        {
            scope.Report(sql.Line, LintRule.ConstraintNotValid,
                $"All rows of every table with a column of {domain} are checked while nobody can write to it.");
        }
        else if (cursor.Take("SET NOT NULL"))
        {
            scope.Report(sql.Line, LintRule.SetNotNull,
                $"All rows of every table with a column of {domain} are read while nobody can write to it.");
        }
    }
}
