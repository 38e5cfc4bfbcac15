using System.Data;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Postgres;

internal sealed class UnitOfWork(
    Pool pool, Func<Type, Executor, object> createRepository, Telemetry telemetry, Timeouts timeouts, TransactionSettings settings)
    : IUnitOfWork
{
    private static readonly Subject Name = new("UnitOfWork", table: null);

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
            TransactionExecutor? last = null;
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
                    pool.Clear();
                }

                if (!retries.Continue(neverBegan ? last!.Doom! : exception, isLost: false, out delay))
                {
                    throw;
                }
            }

            await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<(TResult Result, ReadToken Token)> OnceAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, bool wantsToken, Action<TransactionExecutor> ended,
        CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var call = new Call(new(Name, "Run"), timeouts.Operation, cancellationToken);
        telemetry.Start(call, ActivityKind.Internal, []);
        Exception? failure = null;
        try
        {
            return await OnceAsync(call, work, wantsToken, ended, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            failure = exception;
            throw;
        }
        finally
        {
            Telemetry.StopSpan(call, failure);
        }
    }

    private async Task<(TResult Result, ReadToken Token)> OnceAsync<TResult>(
        Call call, Func<IRepositories, CancellationToken, Task<TResult>> work, bool wantsToken, Action<TransactionExecutor> ended,
        CancellationToken cancellationToken)
    {
        var connection = await OpenAsync(call).ConfigureAwait(false);
        Task? unfinished = null;
        var isOpen = true;
        NpgsqlTransaction? transaction = null;
        TransactionExecutor? db = null;
        try
        {
            // Sends nothing: BEGIN goes with the first statement.
            transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
            db = new TransactionExecutor(connection, call, telemetry, timeouts, settings);
            var result = await work(new Scope(db, createRepository), cancellationToken).ConfigureAwait(false);
            db.ThrowIfDoomed();
            db.End();
            var committing = CommitAsync(connection, transaction, wantsToken, task => unfinished = task);
            var token = await db.AfterwardsAsync(committing).ConfigureAwait(false);
            isOpen = false;
            return (result, token);
        }
        finally
        {
            if (db is not null)
            {
                db.End();
                ended(db);
                unfinished ??= db.Unfinished;
                call.Unprepares |= db.Doom is { } doom && SqlErrors.IsOfTheBinding(doom);
            }

            await CloseAsync(call, connection, transaction, isOpen, unfinished, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<NpgsqlConnection> OpenAsync(Call call)
    {
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
                    return await pool.OpenAsync(call).ConfigureAwait(false);
                }
                catch (Exception exception)
                {
                    var reopens = retries.Reopen(exception, call, out delay);
                    telemetry.NotOpened(exception, reopens);
                    if (!reopens)
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
            await pool.CloseAsync(late, call).ConfigureAwait(false);
        }
    }

    // Once sent, a commit that is cancelled leaves open whether it happened: only its time limit ends the wait for it.
    private async Task<ReadToken> CommitAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, bool wantsToken, Action<Task> unfinished)
    {
        var call = new Call(new(Name, "Commit"), timeouts.Operation, CancellationToken.None);
        call.Runs(connection);
        telemetry.Start(call, []);
        call.Send();
        var commit = wantsToken ? CommitForTokenAsync() : CommitAsync();
        if (!await call.EndsAsync(commit).ConfigureAwait(false))
        {
            unfinished(commit);
            Background.Forget(commit);
            pool.Clear();
            telemetry.Expired();
            var late = call.GiveUp(mayChange: true);
            telemetry.Stop(call, late);
            throw late;
        }

        try
        {
            var token = await commit.ConfigureAwait(false);
            telemetry.Stop(call, failure: null);
            return token;
        }
        catch (Exception exception)
        {
            telemetry.Stop(call, exception);
            if (SqlErrors.IsLostConnection(exception, connection))
            {
                telemetry.Lost(exception);
                pool.Clear();
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
            await transaction.CommitAsync(timeouts.Attempt).ConfigureAwait(false);
            return ReadToken.None;
        }

        async Task<ReadToken> CommitForTokenAsync()
        {
            var token = ReadToken.None;
            await Bounded.RunAsync(
                async ended => token = await this.CommitForTokenAsync(connection, ended).ConfigureAwait(false),
                timeouts.Attempt).ConfigureAwait(false);
            return token;
        }
    }

    // One round trip. A transaction that has changed nothing has no id.
    private async Task<ReadToken> CommitForTokenAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var batch = new NpgsqlBatch(connection) { Timeout = timeouts.DriverSeconds };
        batch.BatchCommands.Add(new NpgsqlBatchCommand("SELECT pg_catalog.pg_current_xact_id_if_assigned()::text"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        return await batch.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is string text
            ? ReadToken.Parse(text)
            : ReadToken.None;
    }

    // Rolls an open transaction back. The caller waits for it, so that its locks are free, but not for a server that does not answer.
    private async Task CloseAsync(
        Call holder, NpgsqlConnection connection, NpgsqlTransaction? transaction, bool isOpen, Task? unfinished,
        CancellationToken cancellationToken)
    {
        var closing = CloseAsync();
        if (unfinished is null)
        {
            await new Call(new(Name, "Close"), timeouts.Operation, cancellationToken).EndsAsync(closing).ConfigureAwait(false);
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
                    await transaction.EndAsync(isOpen && connection.State == ConnectionState.Open, timeouts.Attempt).ConfigureAwait(false);
                }
            }
            finally
            {
                await pool.CloseAsync(connection, holder).ConfigureAwait(false);
            }
        }
    }

    private sealed class Scope(TransactionExecutor executor, Func<Type, Executor, object> createRepository) : IRepositories
    {
        public TRepository Get<TRepository>()
            where TRepository : class => typeof(TRepository) == typeof(IOwnStatements)
                ? (TRepository)(object)new OwnStatements(executor)
                : (TRepository)createRepository(typeof(TRepository), executor);
    }
}
