using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on the whole server, on what a transaction or the migrator's connection refuses, and on long names.</summary>
internal sealed class ServerRules(ScriptScope scope)
{
    private const int MaxNameBytes = 63;

    private static readonly string[] OutsideTransactions =
    [
        "VACUUM", "CREATE DATABASE", "DROP DATABASE", "CREATE TABLESPACE", "DROP TABLESPACE", "REINDEX DATABASE", "REINDEX SYSTEM",
        "REINDEX SCHEMA",
    ];

    public void Check(ScriptStatement statement)
    {
        var sql = statement.Sql;
        var cursor = sql.Read();
        if (scope.Step.Transactional && OutsideTransactions.FirstOrDefault(cursor.Starts) is { } alone)
        {
            scope.Report(sql.Line, LintRule.FailsInTransaction, $"{alone} fails inside the transaction of the script.");
        }

        Rewrite(sql);
        Copy(sql);
        if (cursor.Starts("ALTER SYSTEM"))
        {
            scope.Report(sql.Line, LintRule.AlterSystem,
                "ALTER SYSTEM changes the configuration of all databases of the server, and fails inside a transaction.");
        }

        foreach (var name in sql.Tokens.Where(IsTooLong).DistinctBy(token => token.Name))
        {
            scope.Report(name.Line, LintRule.LongName,
                $"The server cuts the name {name.Name} to {MaxNameBytes} bytes, where it may equal another one.");
        }
    }

    private static bool IsTooLong(SqlToken token) => token.IsName && System.Text.Encoding.UTF8.GetByteCount(token.Name) > MaxNameBytes;

    private void Rewrite(SqlStatement sql)
    {
        var cursor = sql.Read();
        if ((cursor.Take("VACUUM") && (cursor.Starts("FULL") || cursor.TakeGroup()?.Items().Any(IsFull) == true))
            || cursor.Starts("CLUSTER"))
        {
            scope.Report(sql.Line, LintRule.Rewrite,
                $"{sql.Tokens[0].Text.ToUpperInvariant()} rewrites the table while nobody can use it.");
        }
        else if (cursor.Take("ALTER INDEX") || cursor.Take("ALTER MATERIALIZED VIEW"))
        {
            cursor.Take("ALL IN TABLESPACE");
            cursor.Take("IF EXISTS");
            if (cursor.TakeName() is { } name && !scope.OwnsTable(name) && !scope.OwnsIndex(name)
                && (cursor.Has("SET TABLESPACE") || cursor.Has("SET ACCESS METHOD")))
            {
                scope.Report(sql.Line, LintRule.Rewrite, $"{name} is copied while nobody can use it.");
            }
        }

        static bool IsFull(SqlCursor option) => option.Take("FULL") && !IndexRules.IsOff(option);
    }

    private void Copy(SqlStatement sql)
    {
        var cursor = sql.Read();
        if (cursor.Take("COPY") && cursor.Has("PROGRAM"))
        {
            scope.Report(sql.Line, LintRule.ServerProgram,
                "COPY … PROGRAM runs a command on the database server, as the server's own user.");
        }
        else if (Unrunnable.ExchangesRows(sql))
        {
            scope.Report(sql.Line, LintRule.CopyData, Unrunnable.OfCopy);
        }
    }
}
