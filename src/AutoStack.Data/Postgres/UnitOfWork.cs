using System.Data;
using Npgsql;

namespace AutoStack.Data.Postgres;

internal sealed class UnitOfWork(
    NpgsqlDataSource dataSource, PoolerGuard guard, Func<Type, Db, object> createRepository, Telemetry telemetry, int commandTimeoutSeconds)
    : IUnitOfWork
{
    public Task RunAsync(Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return RunAsync(async (repositories, token) =>
        {
            await work(repositories, token).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }

    public async Task<TResult> RunAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var retries = default(Retries);
        while (true)
        {
            TimeSpan delay;
            Exception? doom = null;
            try
            {
                return await OnceAsync(work, db => doom = db.Doom, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // BEGIN is sent with the first statement: on a connection that the server had closed for being idle, no transaction began,
                // whatever the work made of that failure.
                var neverBegan = doom is not null && SqlErrors.IsIdleTimeout(doom);
                if (!retries.Continue(neverBegan ? doom! : exception, Repeat.Never, out delay))
                {
                    throw;
                }

                if (neverBegan)
                {
                    dataSource.Clear();
                }
            }

            await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<TResult> OnceAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, Action<TransactionDb> ended, CancellationToken cancellationToken)
    {
        var connection = await guard.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);

        var db = new TransactionDb(connection, telemetry, commandTimeoutSeconds);
        try
        {
            var result = await work(new Scope(db, createRepository), cancellationToken).ConfigureAwait(false);
            db.ThrowIfDoomed();
            db.End();
            // Once sent, a commit that is cancelled leaves open whether it happened.
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            db.Committed();
            return result;
        }
        catch (PostgresException exception) when (SqlErrors.Translate(exception) is { } translated)
        {
            throw translated;
        }
        finally
        {
            db.End();
            ended(db);
        }
    }

    private sealed class Scope(TransactionDb db, Func<Type, Db, object> createRepository) : IRepositories
    {
        public TRepository Get<TRepository>()
            where TRepository : class => (TRepository)createRepository(typeof(TRepository), db);
    }
}
