using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on privileges and on what protects rows: triggers, rules and policies.</summary>
internal sealed class AccessRules(ScriptScope scope)
{
    private static readonly string[] Off = ["DISABLE TRIGGER", "DISABLE RULE", "DISABLE ROW LEVEL SECURITY", "NO FORCE ROW LEVEL SECURITY"];

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
        _ = create && cursor.Take("OR REPLACE");
        if ((create || cursor.Take("ALTER")) && (cursor.Take("FUNCTION") || cursor.Take("PROCEDURE") || cursor.Take("ROUTINE"))
            && cursor.TakeName() is { } name && cursor.Has("SECURITY DEFINER") && !SetsPath(cursor))
        {
            scope.Report(sql.Line, LintRule.DefinerSearchPath,
                $"{name} runs with its owner's rights, and the caller's search path decides which objects it uses.");
        }
    }

    private static bool SetsPath(SqlCursor cursor) => cursor.Has("SET search_path");
}
