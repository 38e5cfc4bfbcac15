using System.Data.Common;
using Dapper;
using Npgsql;

namespace AutoStack.Data.Postgres;

internal abstract partial class Db
{
    /// <summary>Runs one call.</summary>
    /// <param name="operation">The name of the call.</param>
    /// <param name="statements">The statements that are sent.</param>
    /// <param name="repeat">Whether the call may be sent again after a lost connection.</param>
    /// <param name="send">Sends the statements; null when the answer has been read already (COPY).</param>
    /// <param name="read">Reads the answer.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public virtual Task<T> RunAsync<T>(
        string operation,
        Statement[] statements,
        Repeat repeat,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken)
    {
        var call = new PendingCall<T>(this, operation, repeat, timeouts, cancellationToken);
        call.Watch();
        _ = WorkAsync(call, operation, statements, repeat, send, read, cancellationToken);
        return call.Task;
    }

    // One method on purpose: every extra async method allocates a state machine per call. It goes on without the caller when the time of
    // the call is over. A null reader means that send has already consumed the response (COPY).
    private async Task WorkAsync<T>(
        PendingCall<T> call,
        string operation,
        Statement[] statements,
        Repeat repeat,
        Func<NpgsqlConnection, Call, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken)
    {
        T result;
        try
        {
            call.Activity = Telemetry.Start(operation, statements);
            cancellationToken.ThrowIfCancellationRequested();
            var retries = default(Retries);
            while (true)
            {
                TimeSpan delay;
                NpgsqlConnection? connection = null;
                try
                {
                    connection = await AcquireAsync(call.Token).ConfigureAwait(false);
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
                catch (Exception exception)
                {
                    if (!Repeats(ref retries, exception, connection, call, repeat, out delay))
                    {
                        if (Final(exception, connection, call, repeat) is { } final)
                        {
                            throw final;
                        }

                        throw;
                    }
                }
                finally
                {
                    if (connection is not null)
                    {
                        await ReleaseAsync(connection).ConfigureAwait(false);
                    }
                }

                await Task.Delay(delay, call.Token).ConfigureAwait(false);
            }
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

    private bool Repeats(
        ref Retries retries, Exception exception, NpgsqlConnection? connection, Call call, Repeat repeat, out TimeSpan delay)
    {
        if (connection is null)
        {
            return Reopen(ref retries, exception, call, out delay);
        }

        var isLost = SqlErrors.IsLostConnection(exception, connection);
        if (isLost)
        {
            call.Lost ??= exception;
        }
        else
        {
            call.Answer();
        }

        return Continue(ref retries, exception, isLost, repeat, out delay) && call.HasTimeFor(delay);
    }

    // The failure that the caller gets in place of this one; null when it gets this one. A repetition that failed, too, does not tell
    // what became of the first attempt.
    private AutoStackDataException? Final(Exception exception, NpgsqlConnection? connection, Call call, Repeat repeat) => exception switch
    {
        OperationCanceledException => null,
        _ when call.Lost is { } first && !SqlErrors.IsOfTheValues(exception) => DatabaseUnavailableException.Lost(MayChange(repeat), first),
        _ => SqlErrors.Translate(exception, isOpen: connection is not null),
    };
}
