using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on transactions and on settings of the session.</summary>
internal sealed class SessionRules(ScriptScope scope)
{
    public void Check(ScriptStatement statement)
    {
        var (line, cursor) = (statement.Sql.Line, statement.Sql.Read());

        if (statement.Sql.Tokens.Any(token => token.Is("pg_advisory_unlock_all")))
        {
            scope.Report(line, LintRule.AdvisoryUnlockAll,
                "pg_advisory_unlock_all() also releases the lock that keeps other migrators from working at the same time.");
        }

        // A DO block outside a transaction may commit.
        if (Unrunnable.TransactionWord(statement.Sql) is { } word && !(statement.Nested && !scope.Step.Transactional))
        {
            scope.Report(line, LintRule.TransactionControl, Unrunnable.OfTransaction(word));
        }
        else if (cursor.Take("SET"))
        {
            Set(line, cursor);
        }
        else if (cursor.Has("set_config"))
        {
            Configured(line, cursor);
        }
        else if (cursor.Starts("RESET") || cursor.Starts("DISCARD"))
        {
            scope.Report(line, LintRule.SessionSetting,
                $"{cursor.TakeName()!.ToUpperInvariant()} undoes the settings of the migrator's session.");
        }
    }

    private void Set(int line, SqlCursor cursor)
    {
        var local = cursor.Take("LOCAL");
        cursor.Take("SESSION");
        if (cursor.Starts("lock_timeout"))
        {
            LockTimeout(line);
        }
        else if (!local && !cursor.Starts("CONSTRAINTS") && !cursor.Starts("TRANSACTION"))
        {
            scope.Report(line, LintRule.SessionSetting, $"SET {cursor.TakeName()} stays in the session for all scripts that follow.");
        }
    }

    // SELECT set_config('name', 'value', is_local).
    private void Configured(int line, SqlCursor cursor)
    {
        while (cursor.Find("set_config"))
        {
            List<SqlCursor> arguments = [.. cursor.TakeGroup()?.Items() ?? []];
            var name = arguments is [var first, ..] ? first.Current.Text.Trim('\'') : "";
            if (name.Equals("lock_timeout", StringComparison.OrdinalIgnoreCase))
            {
                LockTimeout(line);
            }
            else if (arguments is [_, _, var local] && local.Starts("false"))
            {
                scope.Report(line, LintRule.SessionSetting, $"set_config of {name} stays in the session for all scripts that follow.");
            }
        }
    }

    private void LockTimeout(int line) => scope.Report(line, LintRule.LockTimeout,
        "The script sets lock_timeout itself and bypasses the header, which the migrator reads and shows.");
}
