using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Npgsql;

namespace AutoStack.Data.Postgres;

internal sealed partial class Db
{
    /// <summary>
    /// Streams the answer of COPY … TO STDOUT, in one transaction with the statements before it. The call is not sent again once its
    /// receiver has got a part of the answer: not after a failure, and not beside an attempt that waits for a former primary.
    /// </summary>
    /// <param name="before">The statements before; they choose the isolation.</param>
    /// <param name="read">Reads their result; null ends the call without COPY.</param>
    /// <param name="copy">The COPY, whose text has no parameters.</param>
    /// <param name="receive">Reads the stream to its end.</param>
    /// <param name="cancellationToken">The token of the caller.</param>
    /// <param name="operation">The method.</param>
    public Task<T?> ExportAsync<T>(
        Statement[] before,
        Func<ResultSets, Task<T?>> read,
        Statement copy,
        Func<T, Stream, CancellationToken, Task> receive,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : class
    {
        T? found = null;
        return OnceAsync([.. before, copy], Access.Read, RunAsync, () => found, operation, cancellationToken);

        async Task RunAsync(NpgsqlConnection connection, PendingCall call, Action begin)
        {
            T? first;
            var reader = await executor.SendBatchAsync(connection, before, readCommitted: false, call).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                first = await AllOf(read)((NpgsqlDataReader)reader, call).ConfigureAwait(false);
            }

            if (first is null)
            {
                call.BeginStream();
                return;
            }

            var copied = await connection.BeginTextExportAsync(copy.Sql, call.Token).ConfigureAwait(false);
            using (copied)
            {
                copied.Timeout = 0;
                try
                {
                    begin();
                    found = first;
                    // The reader would decode characters; the bytes are those of the server.
                    var rows = new CallStream(copied.BaseStream, call);
                    await rows.LendAsync(() => receive(first, rows, call.Token), cancellationToken).ConfigureAwait(false);
                    call.EnterDriver();
                }
                catch
                {
                    call.EndStream();
                    // Otherwise the driver would read the rest.
                    await TryAsync(copied.CancelAsync).ConfigureAwait(false);
                    throw;
                }
            }
        }
    }

    /// <summary>
    /// Streams rows to COPY … FROM STDIN, in one transaction with the statements before and after it. Once rows were sent, the call is
    /// not sent again: its caller finds out whether it was committed.
    /// </summary>
    /// <param name="before">The statements before.</param>
    /// <param name="copy">The COPY, whose text has no parameters.</param>
    /// <param name="send">Writes the rows.</param>
    /// <param name="after">The statements after.</param>
    /// <param name="cancellationToken">The token of the caller.</param>
    /// <param name="operation">The method.</param>
    public Task ImportAsync(
        Statement[] before,
        Statement copy,
        Func<Stream, CancellationToken, Task> send,
        Statement[] after,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        OnceAsync(
            [.. before, copy, .. after],
            Access.Write,
            async (connection, call, begin) =>
            {
                await BatchAsync(connection, before, call).ConfigureAwait(false);
                var copied = await connection.BeginTextImportAsync(copy.Sql, call.Token).ConfigureAwait(false);
                copied.Timeout = 0;
                try
                {
                    begin();
                    var rows = new CallStream(copied.BaseStream, call);
                    await rows.LendAsync(() => send(rows, call.Token), cancellationToken).ConfigureAwait(false);
                    call.EnterDriver();
                }
                catch
                {
                    call.EndStream();
                    // Disposing it would end the COPY as if it were complete.
                    await TryAsync(copied.CancelAsync).ConfigureAwait(false);
                    throw;
                }

                await copied.DisposeAsync().ConfigureAwait(false);

                await BatchAsync(connection, after, call).ConfigureAwait(false);
            },
            () => true,
            operation,
            cancellationToken);

    // The failure that led here is reported: of a lost connection, nothing is left to cancel.
    private static async Task TryAsync(Func<Task> cancel)
    {
        try
        {
            await cancel().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or NpgsqlException or IOException)
        {
        }
    }

    private async Task BatchAsync(NpgsqlConnection connection, Statement[] statements, Call call)
    {
        var reader = await executor.SendBatchAsync(connection, statements, readCommitted: false, call).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            await ExecuteAsync((NpgsqlDataReader)reader, call).ConfigureAwait(false);
        }
    }

    // Runs commands in one transaction. After the beginning of a stream, a second attempt ends with the failure of the first one.
    private Task<T> OnceAsync<T>(
        Statement[] statements, Access access, Func<NpgsqlConnection, PendingCall, Action, Task> run, Func<T> result, string operation,
        CancellationToken cancellationToken)
    {
        var hasBegun = false;
        ExceptionDispatchInfo? first = null;
        return executor.RunAsync(
            new(subject, operation), statements, access, SendAsync, (_, _) => Task.FromResult(result()), cancellationToken);

        async Task<DbDataReader?> SendAsync(NpgsqlConnection connection, Call call)
        {
            first?.Throw();
            var pending = (PendingCall)call;
            call.EndsByItself();
            try
            {
                var transaction = await executor.BeginAsync(connection, call.Token).ConfigureAwait(false);
                var isOpen = true;
                try
                {
                    await run(connection, pending, Begin).ConfigureAwait(false);
                    // The driver learns of a cancellation later than its caller.
                    cancellationToken.ThrowIfCancellationRequested();
                    if (transaction is not null)
                    {
                        await transaction.CommitAsync(executor.AttemptLimit).ConfigureAwait(false);
                        isOpen = false;
                    }

                    return null;
                }
                finally
                {
                    if (transaction is not null)
                    {
                        await transaction.EndAsync(isOpen, executor.AttemptLimit).ConfigureAwait(false);
                    }
                }
            }
            catch (Exception exception) when (hasBegun)
            {
                first = ExceptionDispatchInfo.Capture(exception);
                throw;
            }

            void Begin()
            {
                pending.BeginStream();
                hasBegun = true;
                pending.LeaveDriver();
            }
        }
    }
}
