using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The rules on CREATE, DROP and REINDEX, and on the refresh of a materialized view.</summary>
internal sealed class IndexRules(ScriptScope scope)
{
    public void Check(ScriptStatement statement)
    {
        var sql = statement.Sql;
        var cursor = sql.Read();
        if (CreateIndex.Of(sql) is { } index)
        {
            Create(sql, index);
        }
        else if (cursor.Take("DROP INDEX"))
        {
            Drop(sql, cursor);
        }
        else if (cursor.Take("REINDEX"))
        {
            Concurrency(sql, IsConcurrent(cursor), own: false, "REINDEX blocks every writer of the table until the index is built.");
        }
        else if (cursor.Take("REFRESH MATERIALIZED VIEW") && !cursor.Take("CONCURRENTLY") && cursor.TakeName() is { } view
            && !scope.OwnsTable(view))
        {
            scope.Report(sql.Line, LintRule.BlockingRefresh, $"Nobody can read {view} until the refresh is done.");
        }
    }

    private void Create(SqlStatement sql, CreateIndex index)
    {
        var partitioned = scope.IsPartitioned(index.Table);
        var only = sql.Read() is var cursor && cursor.Find("ON") && cursor.Starts("ONLY") && partitioned != false;
        if (partitioned == true && !only && (index.Concurrently || !scope.OwnsTable(index.Table)))
        {
            scope.Report(sql.Line, LintRule.PartitionedIndex, index.Concurrently
                ? $"CREATE INDEX CONCURRENTLY fails: {index.Table} is partitioned."
                : $"CREATE INDEX blocks every writer of {index.Table} until the indexes of all partitions are built.");
        }
        else
        {
            Concurrency(sql, index.Concurrently, only || scope.OwnsTable(index.Table),
                $"CREATE INDEX blocks every writer of {index.Table} until the index is built.");
        }

        if (index.Name is null)
        {
            scope.Report(sql.Line, LintRule.Unnamed, $"The server chooses the name of this index on {index.Table}.");
        }

        if (!scope.Step.Transactional && !index.IfNotExists)
        {
            scope.Report(sql.Line, LintRule.NotRepeatable,
                $"A second run of CREATE INDEX fails because {index.Name ?? "the index"} exists.");
        }
    }

    private void Drop(SqlStatement sql, SqlCursor cursor)
    {
        var concurrently = cursor.Take("CONCURRENTLY");
        var ifExists = cursor.Take("IF EXISTS");
        var names = cursor.Items().Select(item => item.TakeName()).OfType<string>().ToList();
        Concurrency(sql, concurrently, names.TrueForAll(scope.OwnsIndex),
            $"DROP INDEX {string.Join(", ", names)} blocks every reader and writer of the table while it waits for transactions.");
        if (!scope.Step.Transactional && !ifExists)
        {
            scope.Report(sql.Line, LintRule.NotRepeatable,
                $"A second run of DROP INDEX fails because {string.Join(", ", names)} does not exist.");
        }
    }

    // REINDEX TABLE CONCURRENTLY t, or REINDEX (CONCURRENTLY [value], …) TABLE t.
    private static bool IsConcurrent(SqlCursor cursor)
    {
        var option = cursor.TakeGroup()?.Items().Any(item => item.Take("CONCURRENTLY") && !IsOff(item)) == true;
        return option || cursor.Has("CONCURRENTLY");
    }

    /// <summary>True for the value of an option in parentheses that turns it off.</summary>
    internal static bool IsOff(SqlCursor option) => option.Starts("false") || option.Starts("off") || option.Current.Text is "0";

    private void Concurrency(SqlStatement sql, bool concurrently, bool own, string message)
    {
        if (concurrently && scope.Step.Transactional)
        {
            scope.Report(sql.Line, LintRule.ConcurrentlyInTransaction, "CONCURRENTLY fails inside the transaction of the script.");
        }
        else if (!concurrently && !own)
        {
            scope.Report(sql.Line, LintRule.BlockingIndex, message);
        }
    }
}
