using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Monitoring;

/// <summary>Runs the queries of one part of a look: one round trip and one transaction, bounded in time.</summary>
internal sealed class Look(Db db)
{
    // In force for the transaction only. The limits of a query, and of a wait for a lock; no workers besides, and no compilation, which
    // takes longer than these queries. Names in dynamic statements resolve to pg_catalog.
    private static Statement Limits() => new("""
        SELECT
            pg_catalog.set_config('statement_timeout', '5s', TRUE), pg_catalog.set_config('lock_timeout', '1s', TRUE),
            pg_catalog.set_config('max_parallel_workers_per_gather', '0', TRUE), pg_catalog.set_config('jit', 'off', TRUE),
            pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', TRUE)
        """);

    /// <summary>What the role could not see, so far.</summary>
    public List<NotVisible> NotVisible { get; } = [];

    /// <summary>Reads a part; null, and listed, when the role may not read it or it takes too long.</summary>
    public async Task<T?> FindAsync<T>(
        StatsParts part, string what, Func<ResultSets, Task<T>> read, Statement[] statements, CancellationToken cancellationToken)
        where T : class
    {
        try
        {
            return await ReadAsync(read, statements, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.InsufficientPrivilege)
        {
            Miss(part, what, $"The role lacks a right: {exception.MessageText}.");
        }
        catch (PostgresException exception) when (exception.SqlState is PostgresErrorCodes.UndefinedTable)
        {
            Miss(part, what, $"The schema of the library is not in the database: {exception.MessageText}.");
        }
        catch (StatementTimeoutException)
        {
            Miss(part, what, "The server did not answer within 5 s, or another session held a lock for longer than 1 s.");
        }

        return null;
    }

    /// <summary>Reads what every role may read.</summary>
    public Task<T> ReadAsync<T>(Func<ResultSets, Task<T>> read, Statement[] statements, CancellationToken cancellationToken) =>
        db.ReadBatchAsync(
            async results =>
            {
                await results.SkipAsync().ConfigureAwait(false);
                return await read(results).ConfigureAwait(false);
            },
            [Limits(), .. statements],
            cancellationToken,
            nameof(IDatabaseMonitor.MeasureAsync));

    public void Miss(StatsParts part, string what, string why) => NotVisible.Add(new NotVisible(part, what, why));
}
