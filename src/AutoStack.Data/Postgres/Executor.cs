using System.Data.Common;
using Dapper;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The one way of every statement to the server: acquires a connection, lets Dapper execute the command, reads rows with typed getters,
/// measures, traces, repeats and translates errors.
/// </summary>
/// <param name="telemetry">Measures the calls.</param>
/// <param name="timeouts">The limits of the calls.</param>
/// <param name="settings">What the server is told about each call.</param>
internal abstract partial class Executor(Telemetry telemetry, Timeouts timeouts, TransactionSettings settings)
{
    /// <summary>The limit of an attempt at a call, in seconds; 0 for none.</summary>
    public int CommandSeconds => timeouts.CommandSeconds;

    /// <summary>The limit of an attempt at a call; null for none.</summary>
    public TimeSpan? AttemptLimit => timeouts.Attempt;

    /// <summary>Measures the calls.</summary>
    protected Telemetry Telemetry { get; } = telemetry;

    /// <summary>Whether each call is a transaction of its own, so that no setting of it meets other statements.</summary>
    public abstract bool IsTransactionPerCall { get; }

    /// <summary>Whether calls that wait for a former primary are sent to the new one.</summary>
    protected virtual bool FollowsPrimary => false;

    /// <summary>Runs statements until they succeed or fail for good.</summary>
    /// <param name="operation">The name of the call in telemetry.</param>
    /// <param name="statements">The statements, for telemetry.</param>
    /// <param name="access">Whether they may change rows.</param>
    /// <param name="send">Sends them; a null reader when the response is consumed already.</param>
    /// <param name="read">Reads the response.</param>
    /// <param name="cancellationToken">The token of the caller.</param>
    /// <returns>The result, at the latest when the time of a call is over.</returns>
    public virtual Task<T> RunAsync<T>(
        Operation operation,
        Statement[] statements,
        Access access,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken)
    {
        var call = new PendingCall<T>(this, operation, access, timeouts, cancellationToken)
        {
            Values = settings.Of(statements, access),
        };
        if (FollowsPrimary)
        {
            SendAgainWhenLeftBehind(call, statements, access, send, read, cancellationToken);
        }

        call.Watch();
        _ = WorkAsync(call, statements, access, send, read, cancellationToken);
        return call.Task;
    }

    /// <summary>Throws when the executor only reads.</summary>
    public virtual void AllowWrite(Operation operation)
    {
    }

    /// <summary>
    /// Runs an action once after the commit, however often it is given; also when no answer to the commit came, and not after a rollback.
    /// </summary>
    public abstract void WhenCommitted(Action action);

    /// <summary>Whether a statement may leave changes behind when no answer to it came.</summary>
    public abstract bool MayChange(Access access);

    /// <summary>Runs when the caller stops waiting for a call that continues.</summary>
    /// <param name="exception">What the caller gets.</param>
    /// <param name="wasSent">Whether a statement waits for its answer.</param>
    public abstract void GivenUp(Exception exception, bool wasSent);

    /// <summary>Begins the transaction of several commands; null when the connection is already in a transaction.</summary>
    public abstract ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    /// <summary>Measures a call that ends for its caller.</summary>
    public void Ended(Call call, Exception? failure) => Telemetry.Stop(call, failure);

    /// <summary>The statement that precedes those of a call, made when the call is sent; null for none. Its result is not read.</summary>
    protected virtual Statement? PrefixOf(Call call) =>
        call.Values is { } values ? TransactionSettings.Set(values.After(TransactionValues.None), TransactionValues.None) : null;

    /// <summary>Acquires the connection for an attempt.</summary>
    protected abstract ValueTask<NpgsqlConnection> AcquireAsync(Call call);

    /// <summary>Releases the connection after an attempt, successful or not.</summary>
    protected abstract ValueTask ReleaseAsync(NpgsqlConnection connection, Call call);

    /// <summary>Decides whether to open a connection again.</summary>
    protected abstract bool Reopen(ref Retries retries, Exception exception, Call call, out TimeSpan delay);

    /// <summary>Decides whether to send a failed call again.</summary>
    /// <param name="retries">The attempts at the call; this failure is counted.</param>
    /// <param name="exception">The failure.</param>
    /// <param name="isLost">Whether the failure is the loss of the connection.</param>
    /// <param name="delay">The delay before the next attempt.</param>
    /// <returns>True for another attempt; false when the failure is final.</returns>
    protected abstract bool Continue(ref Retries retries, Exception exception, bool isLost, out TimeSpan delay);

    // A method of its own: the closure costs nothing where there is one host.
    private void SendAgainWhenLeftBehind<T>(
        PendingCall<T> call,
        Statement[] statements,
        Access access,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken) =>
        call.SendsAgain(second =>
        {
            second.Values = call.Values;
            Telemetry.Lost(second.Lost!);
            Telemetry.Repeated(second.Lost!, isLost: true);
            _ = WorkAsync(second, statements, access, send, read, cancellationToken);
        });

    // One method on purpose: every extra async method allocates a state machine per call. It goes on without the caller when the time of
    // the call is over. A null reader means that send has already consumed the response (COPY).
    private async Task WorkAsync<T>(
        PendingCall<T> call,
        Statement[] statements,
        Access access,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken)
    {
        T result;
        try
        {
            if (call.Origin is null)
            {
                Telemetry.Start(call, statements);
            }

            cancellationToken.ThrowIfCancellationRequested();
            var retries = default(Retries);
            while (true)
            {
                TimeSpan delay;
                NpgsqlConnection? connection = null;
                try
                {
                    connection = await AcquireAsync(call).ConfigureAwait(false);
                    call.Send();
                    var reader = await send(connection, call).ConfigureAwait(false);
                    try
                    {
                        // Dapper's wrapper owns the command; the driver's reader has the typed getters.
                        var own = (NpgsqlDataReader)(reader is IWrappedDataReader wrapped ? wrapped.Reader : reader)!;
                        result = await read(own, call).ConfigureAwait(false);
                        break;
                    }
                    finally
                    {
                        if (reader is not null)
                        {
                            await reader.DisposeAsync().ConfigureAwait(false);
                        }
                    }
                }
                catch (Exception failure)
                {
                    var exception = call.Failed(failure);
                    if (!Repeats(ref retries, exception, connection, call, out delay))
                    {
                        if (Final(exception, connection, call, access) is { } final)
                        {
                            throw final;
                        }

                        if (exception != failure)
                        {
                            throw exception;
                        }

                        throw;
                    }
                }
                finally
                {
                    if (connection is not null)
                    {
                        await ReleaseAsync(connection, call).ConfigureAwait(false);
                    }
                }

                await Task.Delay(delay, call.Token).ConfigureAwait(false);
            }

            call.Recycle();
        }
#pragma warning disable CA1031 // The caller gets any failure.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            call.Fail(exception);
            return;
        }

        call.Complete(result);
    }

    private bool Repeats(ref Retries retries, Exception exception, NpgsqlConnection? connection, Call call, out TimeSpan delay)
    {
        if (connection is null)
        {
            var reopens = Reopen(ref retries, exception, call, out delay);
            Telemetry.NotOpened(exception, reopens);
            return reopens;
        }

        var isLost = SqlErrors.IsLostConnection(exception, connection);
        if (isLost)
        {
            call.Lost ??= exception;
            Telemetry.Lost(exception);
        }
        else
        {
            call.Answer();
            call.Unprepares |= SqlErrors.IsOfTheBinding(exception);
        }

        if (!Continue(ref retries, exception, isLost, out delay) || !call.HasTimeFor(delay))
        {
            return false;
        }

        Telemetry.Repeated(exception, isLost);
        return true;
    }

    // The failure that the caller gets in place of this one; null when it gets this one. A repetition that failed, too, does not tell
    // what became of the first attempt.
    private AutoStackDataException? Final(Exception exception, NpgsqlConnection? connection, Call call, Access access) => exception switch
    {
        OperationCanceledException => null,
        _ when call.Lost is { } first && !SqlErrors.IsOfTheValues(exception) => DatabaseUnavailableException.Lost(MayChange(access), first),
        _ => SqlErrors.Translate(exception, isOpen: connection is not null),
    };
}
