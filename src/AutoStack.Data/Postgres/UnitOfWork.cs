using System.Data;
using Npgsql;

namespace AutoStack.Data.Postgres;

internal sealed class UnitOfWork(
    PoolerGuard guard, Func<Type, Db, object> createRepository, Telemetry telemetry, Timeouts timeouts)
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
        Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken) =>
        (await RunAsync(work, wantsToken: false, cancellationToken).ConfigureAwait(false)).Result;

    public async Task<ReadToken> RunForTokenAsync(
        Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return (await RunForTokenAsync(async (repositories, token) =>
        {
            await work(repositories, token).ConfigureAwait(false);
            return true;
        }, cancellationToken).ConfigureAwait(false)).Token;
    }

    public Task<(TResult Result, ReadToken Token)> RunForTokenAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken) =>
        RunAsync(work, wantsToken: true, cancellationToken);

    private async Task<(TResult Result, ReadToken Token)> RunAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, bool wantsToken, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        var retries = default(Retries);
        while (true)
        {
            TimeSpan delay;
            TransactionDb? last = null;
            try
            {
                return await OnceAsync(work, wantsToken, db => last = db, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                // BEGIN is sent with the first statement: in a session that refused that statement no transaction began, or it could change
                // nothing, whatever the work made of that failure.
                var neverBegan = last?.Doom is { } doom && SqlErrors.IsOfTheSession(doom);
                if (neverBegan || last is { IsLost: true })
                {
                    guard.Clear();
                }

                if (!retries.Continue(neverBegan ? last!.Doom! : exception, isLost: false, Repeat.Never, out delay))
                {
                    throw;
                }
            }

            await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(TResult Result, ReadToken Token)> OnceAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, bool wantsToken, Action<TransactionDb> ended,
        CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        Task? unfinished = null;
        NpgsqlTransaction? transaction = null;
        TransactionDb? db = null;
        try
        {
            // Sends nothing: BEGIN goes with the first statement.
            transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
            db = new TransactionDb(connection, telemetry, timeouts);
            var result = await work(new Scope(db, createRepository), cancellationToken).ConfigureAwait(false);
            db.ThrowIfDoomed();
            db.End();
            var token = await CommitAsync(connection, transaction, wantsToken, task => unfinished = task).ConfigureAwait(false);
            db.Committed();
            return (result, token);
        }
        finally
        {
            if (db is not null)
            {
                db.End();
                ended(db);
                unfinished ??= db.Unfinished;
            }

            await CloseAsync(connection, transaction, unfinished, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var call = new Call(timeouts.Operation, cancellationToken);
        var opening = TryAsync();
        if (!await call.EndsAsync(opening).ConfigureAwait(false))
        {
            var exception = call.GiveUp(mayChange: false);
            Background.Forget(CloseLateAsync());
            throw exception;
        }

        try
        {
            return await opening.ConfigureAwait(false);
        }
        catch (OperationCanceledException exception)
        {
            throw call.OfCaller(exception);
        }
        catch (Exception exception) when (SqlErrors.IsUnreachable(exception))
        {
            throw DatabaseUnavailableException.NoConnection(exception);
        }

        async Task<NpgsqlConnection> TryAsync()
        {
            var retries = default(Retries);
            while (true)
            {
                TimeSpan delay;
                try
                {
                    return await guard.OpenAsync(call.Token).ConfigureAwait(false);
                }
                catch (Exception exception)
                {
                    if (!retries.Reopen(exception, call, out delay))
                    {
                        throw;
                    }
                }

                await Task.Delay(delay, call.Token).ConfigureAwait(false);
            }
        }

        async Task CloseLateAsync()
        {
            var late = await opening.ConfigureAwait(false);
            await late.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Once sent, a commit that is cancelled leaves open whether it happened: only its time limit ends the wait for it.
    private async Task<ReadToken> CommitAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, bool wantsToken, Action<Task> unfinished)
    {
        var call = new Call(timeouts.Operation, CancellationToken.None);
        call.Send();
        var commit = wantsToken ? CommitForTokenAsync(connection) : CommitAsync();
        if (!await call.EndsAsync(commit).ConfigureAwait(false))
        {
            unfinished(commit);
            Background.Forget(commit);
            guard.Clear();
            throw call.GiveUp(mayChange: true);
        }

        try
        {
            return await commit.ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            if (SqlErrors.IsLostConnection(exception, connection))
            {
                guard.Clear();
                throw DatabaseUnavailableException.Lost(mayChange: true, exception);
            }

            if (SqlErrors.Translate(exception, isOpen: true) is { } translated)
            {
                throw translated;
            }

            throw;
        }

        async Task<ReadToken> CommitAsync()
        {
            await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            return ReadToken.None;
        }
    }

    // One round trip. A transaction that has changed nothing has no id.
    private async Task<ReadToken> CommitForTokenAsync(NpgsqlConnection connection)
    {
        using var batch = new NpgsqlBatch(connection) { Timeout = timeouts.CommandSeconds };
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_catalog.pg_current_xact_id_if_assigned()::text"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        return await batch.ExecuteScalarAsync(CancellationToken.None).ConfigureAwait(false) is string text
            ? ReadToken.Parse(text)
            : ReadToken.None;
    }

    // Rolls an open transaction back. The caller waits for it, so that its locks are free, but not for a server that does not answer.
    private async Task CloseAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, Task? unfinished, CancellationToken cancellationToken)
    {
        var closing = CloseAsync();
        if (unfinished is null)
        {
            await new Call(timeouts.Operation, cancellationToken).EndsAsync(closing).ConfigureAwait(false);
        }

        Background.Forget(closing);

        async Task CloseAsync()
        {
            try
            {
                if (unfinished is not null)
                {
                    await unfinished.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                if (transaction is not null)
                {
                    await transaction.DisposeAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private sealed class Scope(TransactionDb db, Func<Type, Db, object> createRepository) : IRepositories
    {
        public TRepository Get<TRepository>()
            where TRepository : class => (TRepository)createRepository(typeof(TRepository), db);
    }
}
