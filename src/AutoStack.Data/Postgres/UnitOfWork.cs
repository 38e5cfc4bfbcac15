using System.Data;
using Npgsql;
using Polly;

namespace AutoStack.Data.Postgres;

internal sealed class UnitOfWork(
    NpgsqlDataSource dataSource, PoolerGuard guard, Func<Type, Db, object> createRepository, Telemetry telemetry, int commandTimeoutSeconds)
    : IUnitOfWork
{
    private static readonly ResiliencePipeline Conflicts = ConflictRetry.Create(exception => exception is ConflictException);

    public Task RunAsync(Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return RunAsync(async (repositories, token) =>
        {
            await work(repositories, token).ConfigureAwait(false);
            return true;
        }, cancellationToken);
    }

    public async Task<TResult> RunAsync<TResult>(Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return await Conflicts.ExecuteAsync(
            static async (call, token) => await call.Unit.OnceOrAgainAsync(call.Work, token).ConfigureAwait(false),
            (Unit: this, Work: work),
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<TResult> OnceOrAgainAsync<TResult>(Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken)
    {
        var neverBegan = false;
        try
        {
            return await OnceAsync(work, db => neverBegan = db.NeverBegan, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (neverBegan)
        {
            // The pool handed out a connection whose server had closed it; BEGIN goes with the first statement. Its neighbours are suspect.
            dataSource.Clear();
            return await OnceAsync(work, _ => { }, cancellationToken).ConfigureAwait(false);
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
