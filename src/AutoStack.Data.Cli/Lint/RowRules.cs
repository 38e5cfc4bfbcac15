using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on statements that lock or write rows: LOCK, TRUNCATE, UPDATE, DELETE, MERGE and SELECT INTO.</summary>
internal sealed class RowRules(ScriptScope scope)
{
    public void Check(ScriptStatement statement)
    {
        var (line, cursor) = (statement.Sql.Line, statement.Sql.Read());
        if (!statement.Nested && Unrunnable.CreatesTable(statement.Sql))
        {
            scope.Report(line, LintRule.SelectInto, scope.Step.Transactional
                ? Unrunnable.OfSelectInto
                : "SELECT INTO assigns no variable here: it creates a table, which no rule recognizes.");
        }

        if (cursor.Take("LOCK"))
        {
            scope.Report(line, LintRule.LockTable, "LOCK blocks the application until the whole script is committed.");
        }
        else if (cursor.Take("TRUNCATE"))
        {
            Truncate(line, cursor);
        }
        else if (scope.Step.Transactional)
        {
            Write(line, cursor, []);
        }
    }

    private void Truncate(int line, SqlCursor cursor)
    {
        cursor.Take("TABLE");
        var cascade = cursor.Has("CASCADE") ? ", and of all tables that refer to it" : "";
        foreach (var item in cursor.Items())
        {
            item.Take("ONLY");
            if (item.TakeName() is { } table && !scope.OwnsTable(table))
            {
                scope.Report(line, LintRule.Truncate, $"TRUNCATE loses all rows of {table}{cascade}, and blocks its readers.");
            }
        }
    }

    private void Write(int line, SqlCursor cursor, HashSet<string> queries)
    {
        if (cursor.Take("WITH"))
        {
            cursor.Take("RECURSIVE");
            do
            {
                queries.Add(cursor.TakeName() ?? "");
                cursor.TakeGroup();
                cursor.Take("AS");
                cursor.Take("NOT");
                cursor.Take("MATERIALIZED");
                if (cursor.TakeGroup() is { } inner)
                {
                    Write(line, inner, [.. queries]);
                }
            }
            while (cursor.Take(","));
        }

        var merge = cursor.Take("MERGE INTO");
        if (merge || cursor.Take("UPDATE") || cursor.Take("DELETE FROM"))
        {
            cursor.Take("ONLY");
            if (cursor.TakeName() is not { } table || scope.OwnsTable(table))
            {
                return;
            }

            if (merge)
            {
                Merge(line, table, cursor, queries);
            }
            else if (Unlimited(cursor, queries) is { } why)
            {
                scope.Report(line, LintRule.WholeTableWrite,
                    $"{why} of {table} is written and stays locked until the script is committed.");
            }
        }
    }

    // A source that is a list of values, or has a LIMIT, is a batch.
    private void Merge(int line, string table, SqlCursor cursor, HashSet<string> queries)
    {
        if (!cursor.Find("USING"))
        {
            return;
        }

        cursor.Take("ONLY");
        var batch = cursor.TakeGroup() is { } query ? query.Starts("VALUES") || query.Has("LIMIT")
            : queries.Contains(cursor.TakeName() ?? "");
        if (!batch)
        {
            scope.Report(line, LintRule.WholeTableWrite,
                $"MERGE writes every matching row of {table} at once; they stay locked until the script is committed.");
        }
    }

    // The rows that are written: all, or all that a join finds; null when a condition limits them.
    private static string? Unlimited(SqlCursor cursor, HashSet<string> queries)
    {
        var sources = new SqlCursor(cursor.TakeWhile(token => !token.Is("WHERE") && !token.Is("RETURNING")));
        if (!cursor.Take("WHERE"))
        {
            return "Every row";
        }

        var condition = cursor.TakeWhile(token => !token.Is("RETURNING"));
        if (Condition.Evaluate(condition) == true)
        {
            return "Every row";
        }

        return (sources.Find("USING") || sources.Find("FROM")) && !IsBatch(sources, queries) && IsJoin(condition)
            ? "Every row that the join finds" : null;
    }

    private static bool IsBatch(SqlCursor sources, HashSet<string> queries) => sources.Items().Any(source =>
    {
        source.Take("LATERAL");
        source.Take("ONLY");
        return source.TakeGroup() is not null || (source.TakeName() is { } name && queries.Contains(name));
    });

    // Equalities of two columns, joined by AND.
    private static bool IsJoin(IReadOnlyList<SqlToken> condition) => Condition.Conjuncts(condition).All(part =>
    {
        var cursor = new SqlCursor(part);
        return cursor.TakeName() is not null && cursor.Take("=") && cursor.TakeName() is not null && cursor.AtEnd;
    });
}
