using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>The ends of transactions, which belong to no attempt at a call.</summary>
internal static class Bounded
{
    /// <summary>
    /// Commits. A caller's token must not end it: once sent, a commit that is cancelled leaves open whether it happened.
    /// </summary>
    public static Task CommitAsync(this NpgsqlTransaction transaction, TimeSpan? limit) => RunAsync(transaction.CommitAsync, limit);

    /// <summary>
    /// Rolls back, unless the transaction has ended, so that its locks are free. A rollback that fails is no failure: without COMMIT
    /// nothing is stored, and the driver has closed the connection.
    /// </summary>
    public static async Task EndAsync(this NpgsqlTransaction transaction, bool isOpen, TimeSpan? limit)
    {
        try
        {
            if (isOpen)
            {
                await RunAsync(transaction.RollbackAsync, limit).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // What made the rollback necessary is reported.
        }
        finally
        {
            await transaction.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Runs work of the driver; at the limit the driver closes the connection.</summary>
    /// <exception cref="NpgsqlException">The limit was reached.</exception>
    public static async Task RunAsync(Func<CancellationToken, Task> run, TimeSpan? limit)
    {
        using var source = new CancellationTokenSource();
        var work = run(source.Token);
        if (!work.IsCompleted && limit is { } time)
        {
            await work.WaitAsync(time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!work.IsCompleted)
            {
                Background.Cancel(source);
            }
        }

        try
        {
            await work.ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            throw new NpgsqlException("The server did not answer within the command timeout.", new TimeoutException(null, exception));
        }
    }
}
