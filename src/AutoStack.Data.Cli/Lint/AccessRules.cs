using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on privileges and on what protects rows: triggers, rules and policies.</summary>
internal sealed class AccessRules(ScriptScope scope)
{
    private const string AllFunctions = "*";

    private static readonly string[] Off = ["DISABLE TRIGGER", "DISABLE RULE", "DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"];

    // The functions that the script takes from PUBLIC.
    private readonly HashSet<string> revoked = [.. scope.Statements.SelectMany(statement => Revoked(statement.Sql))];

    public void Check(ScriptStatement statement)
    {
        var sql = statement.Sql;
        Grant(sql);
        Definer(sql);
        if (scope.Up && AlterTable.Of(sql) is { } alter && !scope.OwnsTable(alter.Table))
        {
            foreach (var action in alter.Actions())
            {
                if (Off.FirstOrDefault(action.Starts) is { } off)
                {
                    scope.Report(action.Line, LintRule.ProtectionOff,
                        $"{off} ends a protection of {alter.Table} for all sessions, and blocks its writers.");
                }
            }
        }
    }

    private void Grant(SqlStatement sql)
    {
        var cursor = sql.Read();
        if ((cursor.Take("GRANT") || (cursor.Take("ALTER DEFAULT PRIVILEGES") && cursor.Find("GRANT"))) && cursor.Find("TO")
            && cursor.Items().Any(role => (role.Take("GROUP") || true) && role.Current.Is("PUBLIC")))
        {
            scope.Report(sql.Line, LintRule.GrantPublic, "PUBLIC is every role of the server, future ones included.");
        }
    }

    private void Definer(SqlStatement sql)
    {
        var cursor = sql.Read();
        var create = cursor.Take("CREATE");
        var replace = create && cursor.Take("OR REPLACE");
        if (!((create || cursor.Take("ALTER")) && TakeRoutine(cursor) && cursor.TakeName() is { } name && cursor.Has("SECURITY DEFINER")))
        {
            return;
        }

        if (!cursor.Has("SET search_path"))
        {
            scope.Report(sql.Line, LintRule.DefinerSearchPath,
                $"{name} runs with its owner's rights, and the caller's search path decides which objects it uses.");
        }

        // What replaces or alters a function keeps its rights.
        if (scope.Up && create && !replace && !revoked.Contains(name) && !revoked.Contains(AllFunctions))
        {
            scope.Report(sql.Line, LintRule.DefinerPublic,
                $"{name} runs with its owner's rights, and every role may call it, or make it the trigger of a table of its own.");
        }
    }

    private static List<string> Revoked(SqlStatement sql)
    {
        var cursor = sql.Read();
        if (!cursor.Take("REVOKE") || !cursor.Find("ON"))
        {
            return [];
        }

        string[] wholeSchema = ["ALL FUNCTIONS IN SCHEMA", "ALL PROCEDURES IN SCHEMA", "ALL ROUTINES IN SCHEMA"];
        var all = wholeSchema.Any(cursor.Take);
        if (!all && !TakeRoutine(cursor))
        {
            return [];
        }

        var names = new SqlCursor(cursor.TakeWhile(token => !token.Is("FROM"))).Items().Select(item => item.TakeName() ?? "").ToList();
        return !cursor.Take("FROM") || !cursor.Items().Any(role => role.Current.Is("PUBLIC")) ? [] : all ? [AllFunctions] : names;
    }

    private static bool TakeRoutine(SqlCursor cursor) => cursor.Take("FUNCTION") || cursor.Take("PROCEDURE") || cursor.Take("ROUTINE");
}
