using System.Globalization;
using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;

namespace AutoStack.Data.Integrity;

/// <summary>A run of the checks: its options, and its way to the server.</summary>
internal sealed class Verification(Db db, SecretProtector secrets, TimeProvider clock, VerificationOptions options)
{
    public VerificationOptions Options => options;

    public SecretProtector Secrets => secrets;

    public TimeProvider Clock => clock;

    /// <summary>True when all rows are read.</summary>
    public bool ReadsAll => options.Sample >= 1;

    /// <summary>Reads the rows of a statement in a transaction of its own, which can change nothing and does not wait long.</summary>
    public Task<IReadOnlyList<T>> ListAsync<T>(Func<RowReader, T> read, Statement statement, CancellationToken cancellationToken)
    {
        var bounds = new Statement("""
            SELECT
                pg_catalog.set_config('transaction_read_only', 'on', TRUE),
                pg_catalog.set_config('statement_timeout', @timeout, TRUE),
                pg_catalog.set_config('lock_timeout', '2s', TRUE),
                pg_catalog.set_config('max_parallel_workers_per_gather', '0', TRUE),
                pg_catalog.set_config('jit', 'off', TRUE),
                pg_catalog.set_config('constraint_exclusion', 'off', TRUE)
            """, P.Text(((long)options.StatementTimeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture), name: "timeout"));
        return db.ReadBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.ListAsync(read).ConfigureAwait(false);
            },
            [bounds, statement], cancellationToken, nameof(IDatabaseVerifier.VerifyAsync));
    }

    /// <summary>Reads the result of a statement in the form of <see cref="RangeSql.Close"/>.</summary>
    public async Task<RangeResult> RangeAsync(Statement statement, CancellationToken cancellationToken) =>
        RangeResult.Of(await ListAsync(RangeResult.Read, statement, cancellationToken).ConfigureAwait(false));

    /// <summary>
    /// The number of pages of a table, of a partitioned one that of its largest partition; null when there is no such table.
    /// </summary>
    public async Task<long?> PagesAsync(string table, CancellationToken cancellationToken)
    {
        var pages = await ListAsync(row => row.LongOrNull(), new Statement("""
            SELECT greatest(
                pg_catalog.pg_relation_size(c.oid),
                (SELECT pg_catalog.max(pg_catalog.pg_relation_size(p.relid)) FROM pg_catalog.pg_partition_tree(c.oid) p)
            ) / pg_catalog.current_setting('block_size')::bigint
            FROM pg_catalog.pg_class c
            WHERE c.oid = pg_catalog.to_regclass(@table)::oid
            """, P.Text(table)), cancellationToken).ConfigureAwait(false);
        return pages.Count == 0 ? null : pages[0];
    }
}
