using System.Data;
using System.Data.Common;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The one executor: every statement of the library goes through it. It lends a connection, lets Dapper run the command, reads rows with
/// typed getters, times, traces, and translates the error. Reads and writes are different verbs, since only a read may be repeated freely.
/// </summary>
internal abstract class Db(Telemetry telemetry, int commandTimeoutSeconds)
{
    // Of the transaction that the batch is: the next one on the connection starts with the default again. Not SET TRANSACTION, which warns
    // outside BEGIN. Where that is the isolation already, as in a unit of work, it does nothing.
    private const string ReadCommitted = "SET transaction_isolation = 'read committed'";

    /// <summary>Reads one row; null when there is none.</summary>
    public Task<T?> FindAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
        where T : class => RunAsync(operation, new Statement(sql, parameters), Repeat.WhenConnectionIsLost, One(read), cancellationToken);

    /// <summary>Reads one value; null when there is no row.</summary>
    public Task<T?> FindValueAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
        where T : struct => RunAsync(operation, new Statement(sql, parameters), Repeat.WhenConnectionIsLost, OneValue(read), cancellationToken);

    /// <summary>Reads all rows.</summary>
    public Task<IReadOnlyList<T>> ListAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        ListAsync(read, new Statement(sql, parameters), cancellationToken, operation);

    /// <inheritdoc cref="ListAsync{T}(Func{RowReader, T}, string, NpgsqlParameter[], CancellationToken, string)"/>
    public Task<IReadOnlyList<T>> ListAsync<T>(
        Func<RowReader, T> read, Statement statement, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunAsync(operation, statement, Repeat.WhenConnectionIsLost, All(read), cancellationToken);

    /// <summary>Reads the answers of several statements in one round trip.</summary>
    public Task<T> ReadBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunBatchAsync(operation, statements, Repeat.WhenConnectionIsLost, readCommitted: false, read, cancellationToken);

    /// <summary>Changes rows; the number of them.</summary>
    public Task<int> WriteAsync(
        [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        WriteAsync(new Statement(sql, parameters), cancellationToken, operation);

    /// <inheritdoc cref="WriteAsync(string, NpgsqlParameter[], CancellationToken, string)"/>
    public Task<int> WriteAsync(Statement statement, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunAsync(operation, statement, Repeat.Never, ExecuteAsync, cancellationToken);

    /// <summary>Changes at most one row and reads it back; null when none was changed.</summary>
    public Task<T?> WriteAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
        where T : class => RunAsync(operation, new Statement(sql, parameters), Repeat.Never, One(read), cancellationToken);

    /// <summary>
    /// Writes at most one row and reads it back; null when the statement's own condition matched no row. <paramref name="repeat"/> says
    /// whether the statement may be sent again after a lost connection: an insert under an id that the client chose may, because the second
    /// one returns the row of the first.
    /// </summary>
    public Task<T?> WriteAsync<T>(
        Func<RowReader, T> read,
        [ConstantExpected] string sql,
        NpgsqlParameter[] parameters,
        Repeat repeat,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : class => RunAsync(operation, new Statement(sql, parameters), repeat, One(read), cancellationToken);

    /// <summary>
    /// Several statements in one round trip and one transaction; each sees what was committed when it starts, so that one may take a lock
    /// and the next rely on it, whatever isolation the server, the role or the host's data source sets by default.
    /// </summary>
    public Task<T> WriteBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, Repeat repeat, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunBatchAsync(operation, statements, repeat, readCommitted: true, read, cancellationToken);

    /// <summary>
    /// Inserts rows by COPY, after the statements that they depend on, in one transaction. When it has to be done once more, the statements
    /// given for that are sent instead, which pass over rows that are there: nobody knows whether the first attempt was committed.
    /// </summary>
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
        T result = default!;
        return RunAsync(operation, [.. before, copy], Repeat.WhenConnectionIsLost, SendAsync, (_, _) => Task.FromResult(result), cancellationToken);

        async Task<DbDataReader?> SendAsync(NpgsqlConnection connection, CancellationToken token)
        {
            if (attempts++ > 0)
            {
                result = await BatchAsync(connection, again, readAgain, token).ConfigureAwait(false);
                return null;
            }

            var transaction = await BeginAsync(connection, token).ConfigureAwait(false);
            try
            {
                result = await BatchAsync(connection, before, read, token).ConfigureAwait(false);
                var importer = await connection.BeginBinaryImportAsync(copy.Sql, token).ConfigureAwait(false);
                await using (importer.ConfigureAwait(false))
                {
                    importer.Timeout = TimeSpan.FromSeconds(commandTimeoutSeconds);
                    await write(importer, token).ConfigureAwait(false);
                    await importer.CompleteAsync(token).ConfigureAwait(false);
                }

                // Once sent, a commit that is cancelled leaves open whether it happened.
                if (transaction is not null)
                {
                    await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
                }

                return null;
            }
            finally
            {
                if (transaction is not null)
                {
                    await transaction.DisposeAsync().ConfigureAwait(false);
                }
            }
        }

        async Task<T> BatchAsync(NpgsqlConnection connection, Statement[] statements, Func<ResultSets, Task<T>> readThem, CancellationToken token)
        {
            var reader = await SendBatchAsync(connection, statements, readCommitted: true, token).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                return await AllOf(readThem)((NpgsqlDataReader)reader, token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Does something that must not be done before what was written is committed, nor when it never is.</summary>
    public abstract void WhenCommitted(Action action);

    /// <summary>Lends a connection for one attempt.</summary>
    protected abstract ValueTask<NpgsqlConnection> AcquireAsync(CancellationToken cancellationToken);

    /// <summary>Takes it back, however the attempt ended.</summary>
    protected abstract ValueTask ReleaseAsync(NpgsqlConnection connection);

    /// <summary>Decides whether to send a failed call again.</summary>
    /// <param name="retries">The attempts at the call; this failure is counted.</param>
    /// <param name="exception">The failure.</param>
    /// <param name="repeat">Whether the call may be sent again after a lost connection.</param>
    /// <param name="delay">The delay before the next attempt.</param>
    /// <returns>True for another attempt; false when the failure is final.</returns>
    protected abstract bool Continue(ref Retries retries, Exception exception, Repeat repeat, out TimeSpan delay);

    /// <summary>The transaction of several commands; null when the connection is in one already.</summary>
    protected abstract ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    private static Func<NpgsqlDataReader, CancellationToken, Task<T?>> One<T>(Func<RowReader, T> read)
        where T : class => (reader, cancellationToken) => new ResultSets(reader, cancellationToken).FindAsync(read);

    private static Func<NpgsqlDataReader, CancellationToken, Task<T?>> OneValue<T>(Func<RowReader, T> read)
        where T : struct => async (reader, cancellationToken) =>
        {
            var row = new RowReader(reader);
            return await row.NextAsync(cancellationToken).ConfigureAwait(false) ? read(row) : null;
        };

    private static Func<NpgsqlDataReader, CancellationToken, Task<IReadOnlyList<T>>> All<T>(Func<RowReader, T> read) =>
        (reader, cancellationToken) => new ResultSets(reader, cancellationToken).ListAsync(read);

    private static async Task<int> ExecuteAsync(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false))
        {
        }

        return Math.Max(reader.RecordsAffected, 0);
    }

    // Reads on to the end, where an error of the server may wait.
    private static Func<NpgsqlDataReader, CancellationToken, Task<T>> AllOf<T>(Func<ResultSets, Task<T>> read) => async (reader, cancellationToken) =>
    {
        var result = await read(new ResultSets(reader, cancellationToken)).ConfigureAwait(false);
        await ExecuteAsync(reader, cancellationToken).ConfigureAwait(false);
        return result;
    };

    private Task<T> RunAsync<T>(
        string operation, Statement statement, Repeat repeat, Func<NpgsqlDataReader, CancellationToken, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(operation, [statement], repeat, (connection, token) => SendAsync(connection, statement, token)!, read, cancellationToken);

    private Task<T> RunBatchAsync<T>(
        string operation, Statement[] statements, Repeat repeat, bool readCommitted, Func<ResultSets, Task<T>> read, CancellationToken cancellationToken) =>
        RunAsync(operation, statements, repeat, (connection, token) => SendBatchAsync(connection, statements, readCommitted, token)!, AllOf(read), cancellationToken);

    private Task<DbDataReader> SendAsync(NpgsqlConnection connection, Statement statement, CancellationToken cancellationToken) =>
        connection.ExecuteReaderAsync(new CommandDefinition(
            statement.NumberedText, statement, commandTimeout: commandTimeoutSeconds, commandType: CommandType.Text, cancellationToken: cancellationToken));

    private Task<DbDataReader> SendBatchAsync(NpgsqlConnection connection, Statement[] statements, bool readCommitted, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // It holds nothing but its statements, and is needed until they are read.
        DbBatch batch = new NpgsqlBatch(connection) { Timeout = commandTimeoutSeconds };
#pragma warning restore CA2000
        if (readCommitted)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadCommitted));
        }

        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(statement.ToBatchCommand());
        }

        return batch.ExecuteReaderAsync(cancellationToken);
    }

    // All in one method: each further one between the caller and the answer is a state machine that every call pays for. What was sent and
    // has no reader has its answer already.
    private async Task<T> RunAsync<T>(
        string operation,
        Statement[] statements,
        Repeat repeat,
        Func<NpgsqlConnection, CancellationToken, Task<DbDataReader?>> send,
        Func<NpgsqlDataReader, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var activity = Telemetry.Start(operation, statements);
        Exception? failure = null;
        try
        {
            var retries = default(Retries);
            while (true)
            {
                TimeSpan delay;
                var connection = await AcquireAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    var reader = await send(connection, cancellationToken).ConfigureAwait(false);
                    try
                    {
                        // Dapper's wrapper owns the command; the typed getters are the driver's own.
                        var own = (NpgsqlDataReader)(reader is IWrappedDataReader wrapped ? wrapped.Reader : reader)!;
                        return await read(own, cancellationToken).ConfigureAwait(false);
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
                    if (!Continue(ref retries, exception, repeat, out delay))
                    {
                        throw;
                    }
                }
                finally
                {
                    await ReleaseAsync(connection).ConfigureAwait(false);
                }

                await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception)
        {
            failure = exception;
            if (SqlErrors.Translate(exception) is { } translated)
            {
                throw translated;
            }

            throw;
        }
        finally
        {
            telemetry.Stop(activity, operation, started, failure);
        }
    }
}
