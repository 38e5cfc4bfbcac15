using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>
/// Lints one script, statement by statement. Objects that the script itself has created may be locked: nobody else sees them yet.
/// </summary>
internal sealed class ScriptLinter(MigrationStep step, bool up, ScriptCatalog catalog)
{
    private static readonly string[] TransactionWords =
        ["BEGIN", "START TRANSACTION", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE", "PREPARE TRANSACTION"];

    private readonly HashSet<string> ownTables = [];
    private readonly HashSet<string> ownIndexes = [];
    private readonly List<Finding> findings = [];

    public IReadOnlyList<Finding> Run()
    {
        if (step.Transactional && step.LockTimeout.TakeWhile(char.IsAsciiDigit).All(digit => digit == '0'))
        {
            Report(1, LintRule.LockTimeout,
                "The header sets no limit to the wait for a lock, and the application queues behind that wait.");
        }

        if (!step.Transactional && step.Statements.Count > 1)
        {
            Report(step.Statements[1].Line, LintRule.ManyStatements, $"{step.Statements.Count} statements run without a transaction.");
        }

        // Tokens of the whole script, since an unterminated comment is part of no statement.
        foreach (var token in SqlText.Tokens(step.Sql).Where(t => t.Kind == SqlTokenKind.Unterminated))
        {
            Report(token.Line, LintRule.Unterminated, "A string, name or comment begins here and does not end.");
        }

        var tables = new TableRules(step, up, catalog, ownTables, Report);
        foreach (var statement in step.Statements)
        {
            Indexes(statement);
            Session(statement);
            Rows(statement);
            Whole(statement);
            tables.Check(statement);
            foreach (var created in SchemaObject.Created(statement))
            {
                (created.Kind == "TABLE" ? ownTables : created.Kind == "INDEX" ? ownIndexes : []).Add(created.Name);
            }

            if (CreateTable.Of(statement) is { Temporary: true } temporary)
            {
                ownTables.Add(temporary.Name);
            }
        }

        return findings;
    }

    private void Report(int line, LintRule rule, string message) => findings.Add(new Finding(step.FileName, line, rule, message));

    private void Indexes(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (CreateIndex.Of(statement) is { } index)
        {
            Concurrency(statement, index.Concurrently, ownTables.Contains(index.Table),
                $"CREATE INDEX blocks every writer of {index.Table} until the index is built.");
            if (index.Name is null)
            {
                Report(statement.Line, LintRule.Unnamed, $"The server chooses the name of this index on {index.Table}.");
            }

            if (!step.Transactional && !index.IfNotExists)
            {
                Report(statement.Line, LintRule.NotRepeatable,
                    $"A second run of CREATE INDEX fails because {index.Name ?? "the index"} exists.");
            }
        }
        else if (cursor.Take("DROP INDEX"))
        {
            var concurrently = cursor.Take("CONCURRENTLY");
            var ifExists = cursor.Take("IF EXISTS");
            var names = cursor.Items().Select(item => item.TakeName()).OfType<string>().ToList();
            Concurrency(statement, concurrently, names.TrueForAll(ownIndexes.Contains),
                $"DROP INDEX {string.Join(", ", names)} blocks every reader and writer of the table while it waits for transactions.");
            if (!step.Transactional && !ifExists)
            {
                Report(statement.Line, LintRule.NotRepeatable,
                    $"A second run of DROP INDEX fails because {string.Join(", ", names)} does not exist.");
            }
        }
        else if (cursor.Take("REINDEX"))
        {
            Concurrency(statement, cursor.Has("CONCURRENTLY"), own: false,
                "REINDEX blocks every writer of the table until the index is built.");
        }
    }

    private void Concurrency(SqlStatement statement, bool concurrently, bool own, string message)
    {
        if (concurrently && step.Transactional)
        {
            Report(statement.Line, LintRule.ConcurrentlyInTransaction, "CONCURRENTLY fails inside the transaction of the script.");
        }
        else if (!concurrently && !own)
        {
            Report(statement.Line, LintRule.BlockingIndex, message);
        }
    }

    private void Session(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (TransactionWords.FirstOrDefault(cursor.Starts) is { } word)
        {
            Report(statement.Line, LintRule.TransactionControl,
                $"{word} is not allowed in a script: the migrator controls transactions.");
        }
        else if (cursor.Take("SET"))
        {
            var local = cursor.Take("LOCAL");
            cursor.Take("SESSION");
            if (cursor.Starts("lock_timeout"))
            {
                Report(statement.Line, LintRule.LockTimeout,
                    "The script sets lock_timeout itself and bypasses the header, which the migrator reads and shows.");
            }
            else if (!local && !cursor.Starts("CONSTRAINTS") && !cursor.Starts("TRANSACTION"))
            {
                Report(statement.Line, LintRule.SessionSetting,
                    $"SET {cursor.TakeName()} stays in the session for all scripts that follow.");
            }
        }
        else if (cursor.Has("set_config"))
        {
            Configured(statement);
        }
        else if (cursor.Starts("RESET") || cursor.Starts("DISCARD"))
        {
            Report(statement.Line, LintRule.SessionSetting,
                $"{cursor.TakeName()!.ToUpperInvariant()} undoes the settings of the migrator's session.");
        }
    }

    // SELECT set_config('name', 'value', is_local).
    private void Configured(SqlStatement statement)
    {
        var cursor = statement.Read();
        while (cursor.Find("set_config"))
        {
            List<SqlCursor> arguments = [.. cursor.TakeGroup()?.Items() ?? []];
            var name = arguments is [var first, ..] ? first.Current.Text.Trim('\'') : "";
            if (name.Equals("lock_timeout", StringComparison.OrdinalIgnoreCase))
            {
                Report(statement.Line, LintRule.LockTimeout,
                    "The script sets lock_timeout itself and bypasses the header, which the migrator reads and shows.");
            }
            else if (arguments is [_, _, var local] && local.Starts("false"))
            {
                Report(statement.Line, LintRule.SessionSetting, $"set_config of {name} stays in the session for all scripts that follow.");
            }
        }
    }

    private void Whole(SqlStatement statement)
    {
        var cursor = statement.Read();
        if ((cursor.Take("VACUUM") && (cursor.Starts("FULL") || cursor.TakeGroup()?.Items().Any(IsFull) == true))
            || cursor.Starts("CLUSTER"))
        {
            Report(statement.Line, LintRule.Rewrite,
                $"{statement.Tokens[0].Text.ToUpperInvariant()} rewrites the table while nobody can use it.");
        }
        else if (cursor.Take("REFRESH MATERIALIZED VIEW") && !cursor.Take("CONCURRENTLY"))
        {
            Report(statement.Line, LintRule.BlockingRefresh,
                $"Nobody can read {cursor.TakeName()} until the refresh is done.");
        }
        else if (up && cursor.Take("DROP SCHEMA") && cursor.Has("CASCADE"))
        {
            cursor.Take("IF EXISTS");
            Report(statement.Line, LintRule.DropTable,
                $"All tables of the schema {cursor.TakeName()} are lost, and code that still names them fails.");
        }

        static bool IsFull(SqlCursor option) =>
            option.Take("FULL") && !option.Starts("false") && !option.Starts("off") && option.Current.Text is not "0";
    }

    private void Rows(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (cursor.Take("LOCK"))
        {
            Report(statement.Line, LintRule.LockTable, "LOCK blocks the application until the whole script is committed.");
        }
        else if (cursor.Take("TRUNCATE"))
        {
            cursor.Take("TABLE");
            cursor.Take("ONLY");
            if (cursor.TakeName() is { } table && !ownTables.Contains(table))
            {
                Report(statement.Line, LintRule.Truncate, $"TRUNCATE loses all rows of {table} and blocks its readers.");
            }
        }
        else if (step.Transactional)
        {
            Write(statement, cursor);
        }
    }

    private void Write(SqlStatement statement, SqlCursor cursor)
    {
        if (cursor.Take("WITH"))
        {
            cursor.Take("RECURSIVE");
            do
            {
                cursor.TakeName();
                cursor.TakeGroup();
                cursor.Take("AS");
                cursor.Take("NOT");
                cursor.Take("MATERIALIZED");
                if (cursor.TakeGroup() is { } inner)
                {
                    Write(statement, inner);
                }
            }
            while (cursor.Take(","));
        }

        if (cursor.Take("UPDATE") || cursor.Take("DELETE FROM"))
        {
            cursor.Take("ONLY");
            if (cursor.TakeName() is { } table && !ownTables.Contains(table) && !cursor.Has("WHERE"))
            {
                Report(statement.Line, LintRule.WholeTableWrite,
                    $"Every row of {table} is written and stays locked until the script is committed.");
            }
        }
    }
}
