using System.Collections.Concurrent;
using System.Data.Common;
using System.Runtime.CompilerServices;
using Npgsql;

namespace AutoStack.Data.Postgres;

internal sealed partial class Db
{
    // The server ends a COPY at the limit, before the driver closes the connection.
    private static readonly TimeSpan ServersLead = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Inserts rows by COPY after other statements, in one transaction. A second attempt sends the statements <paramref name="again"/>
    /// instead, which skip existing rows, because the first attempt may have been committed.
    /// </summary>
    /// <remarks>
    /// The statements before set the server's own time limit: the driver does not cancel a COPY that reaches its limit, and the server
    /// would keep its locks.
    /// </remarks>
    public Task<T> CopyAsync<T>(
        Func<ResultSets, Task<T>> read,
        Statement[] before,
        Statement copy,
        Func<NpgsqlBinaryImporter, CancellationToken, Task> write,
        Statement[] again,
        Func<ResultSets, Task<T>> readAgain,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
    {
        var attempts = 0;

        // Two sendings may run beside each other, when the first one waits for a former primary.
        var results = new ConcurrentDictionary<Call, T>();
        return executor.RunAsync(
            new(subject, operation),
            [.. before, copy],
            Access.Write,
            SendAsync,
            (_, call) => Task.FromResult(results[call]),
            cancellationToken);

        async Task<DbDataReader?> SendAsync(NpgsqlConnection connection, Call call)
        {
            // The server ends what takes too long: the driver would close the connection, and leave the server at work.
            call.EndsByItself();
            var token = call.Token;
            if (Interlocked.Increment(ref attempts) > 1)
            {
                results[call] = await BatchAsync(connection, again, readAgain, call).ConfigureAwait(false);
                return null;
            }

            var transaction = await executor.BeginAsync(connection, token).ConfigureAwait(false);
            var isOpen = true;
            try
            {
                results[call] = await BatchAsync(connection, before, read, call).ConfigureAwait(false);
                var importer = await connection.BeginBinaryImportAsync(copy.Sql, token).ConfigureAwait(false);
                await using (importer.ConfigureAwait(false))
                {
                    importer.Timeout = executor.CommandSeconds == 0
                        ? TimeSpan.Zero
                        : TimeSpan.FromSeconds(executor.CommandSeconds) + ServersLead;
                    await write(importer, token).ConfigureAwait(false);
                    await importer.CompleteAsync(token).ConfigureAwait(false);
                }

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

        async Task<T> BatchAsync(NpgsqlConnection connection, Statement[] statements, Func<ResultSets, Task<T>> readThem,
            Call call)
        {
            var reader = await executor.SendBatchAsync(connection, statements, readCommitted: true, call).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await AllOf(readThem)((NpgsqlDataReader)reader, call).ConfigureAwait(false);
            }
        }
    }
}
