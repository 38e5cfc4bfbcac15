using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rule on a value of an enum that the script adds: the server refuses its use until the script is committed.</summary>
internal sealed class EnumRules(ScriptScope scope)
{
    private readonly Dictionary<string, string> added = [];
    private readonly HashSet<string> types = [];

    public void Check(ScriptStatement statement)
    {
        var cursor = statement.Sql.Read();
        if (cursor.Take("CREATE TYPE") && cursor.TakeName() is { } created)
        {
            types.Add(created);
        }
        else if (cursor.Take("ALTER TYPE") && cursor.TakeName() is { } type && cursor.Take("ADD VALUE"))
        {
            cursor.Take("IF NOT EXISTS");
            if (!types.Contains(type) && scope.Step.Transactional)
            {
                added[cursor.Current.Text] = type;
            }
        }
        else if (!IsDeferred(statement.Sql) && statement.Sql.Tokens.FirstOrDefault(IsAdded) is { Text: { } value } use)
        {
            scope.Report(use.Line, LintRule.EnumValueUsed,
                $"This statement fails: the server refuses {value} of {added[value]} until the script that adds it is committed.");
        }
    }

    private bool IsAdded(SqlToken token) => token.Kind == SqlTokenKind.Text && added.ContainsKey(token.Text);

    // A comment is text, and a body runs later.
    private static bool IsDeferred(SqlStatement sql)
    {
        var cursor = sql.Read();
        return cursor.Starts("COMMENT") || (cursor.Take("CREATE") && (cursor.Take("OR REPLACE") || true)
            && (cursor.Starts("FUNCTION") || cursor.Starts("PROCEDURE")));
    }
}
