using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Dapper;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The one executor of every statement: acquires a connection, lets Dapper execute the command, reads rows with typed getters, measures,
/// traces, retries and translates errors. Reads and writes are different verbs, because only a read may always be sent again.
/// </summary>
internal abstract partial class Db(Telemetry telemetry, Timeouts timeouts)
{
    // Applies to the transaction of the batch only. SET TRANSACTION would warn outside BEGIN. In a unit of work, which is READ COMMITTED
    // already, the statement has no effect.
    private const string ReadCommitted = "SET transaction_isolation = 'read committed'";

    /// <summary>Reads one row; null when the result has no row.</summary>
    public Task<T?> FindAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : class => RunAsync(operation, new Statement(sql, parameters), Repeat.Read, One(read), cancellationToken);

    /// <summary>Reads one value; null when the result has no row.</summary>
    public Task<T?> FindValueAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : struct => RunAsync(operation, new Statement(sql, parameters), Repeat.Read, OneValue(read),
            cancellationToken);

    /// <summary>Reads all rows.</summary>
    public Task<IReadOnlyList<T>> ListAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        ListAsync(read, new Statement(sql, parameters), cancellationToken, operation);

    /// <inheritdoc cref="ListAsync{T}(Func{RowReader, T}, string, NpgsqlParameter[], CancellationToken, string)"/>
    public Task<IReadOnlyList<T>> ListAsync<T>(
        Func<RowReader, T> read, Statement statement, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunAsync(operation, statement, Repeat.Read, All(read), cancellationToken);

    /// <summary>Reads the results of several statements in one round trip.</summary>
    public Task<T> ReadBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        RunBatchAsync(operation, statements, Repeat.Read, readCommitted: false, read, cancellationToken);

    /// <summary>Changes rows; returns the number of rows.</summary>
    public Task<int> WriteAsync(
        [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        WriteAsync(new Statement(sql, parameters), cancellationToken, operation);

    /// <inheritdoc cref="WriteAsync(string, NpgsqlParameter[], CancellationToken, string)"/>
    public Task<int> WriteAsync(Statement statement, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunAsync(operation, statement, Repeat.Never, ExecuteAsync, cancellationToken);

    /// <summary>Changes at most one row and reads the row back; null when no row matched.</summary>
    public Task<T?> WriteAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
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
    /// Deletes at most one row; true when there was one. Sent again after a lost connection, it is also true when the row is gone by then:
    /// the first attempt may have deleted it.
    /// </summary>
    public Task<bool> RemoveAsync(
        [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        RunAsync(
            operation,
            new Statement(sql, parameters),
            Repeat.WhenConnectionIsLost,
            async (reader, call) => await ExecuteAsync(reader, call).ConfigureAwait(false) > 0 || call.Lost is not null,
            cancellationToken);

    /// <summary>
    /// Runs several statements in one round trip and one READ COMMITTED transaction, whatever isolation the server, the role or the host's
    /// data source sets by default: each statement sees what was committed when it starts, so that a statement may lock what the next
    /// reads.
    /// </summary>
    public Task<T> WriteBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, Repeat repeat, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        RunBatchAsync(operation, statements, repeat, readCommitted: true, read, cancellationToken);

    /// <summary>Runs an action after the commit, and not at all after a rollback.</summary>
    public abstract void WhenCommitted(Action action);

    /// <summary>Whether a statement may leave changes behind when no answer to it came.</summary>
    public abstract bool MayChange(Repeat repeat);

    /// <summary>Follows the end of the wait for a call that goes on without its caller.</summary>
    /// <param name="exception">What the caller gets.</param>
    /// <param name="wasSent">Whether a statement waits for its answer.</param>
    public abstract void GivenUp(Exception exception, bool wasSent);

    /// <summary>Measures a call that ends for its caller.</summary>
    public void Ended(PendingCall call, string operation, Exception? failure) =>
        telemetry.Stop(call.Activity, operation, call.Started, failure);

    /// <summary>Acquires the connection for an attempt.</summary>
    protected abstract ValueTask<NpgsqlConnection> AcquireAsync(CancellationToken cancellationToken);

    /// <summary>Releases the connection after an attempt, successful or not.</summary>
    protected abstract ValueTask ReleaseAsync(NpgsqlConnection connection);

    /// <summary>Decides whether to open a connection again.</summary>
    protected abstract bool Reopen(ref Retries retries, Exception exception, Call call, out TimeSpan delay);

    /// <summary>Decides whether to send a failed call again.</summary>
    /// <param name="retries">The attempts at the call; this failure is counted.</param>
    /// <param name="exception">The failure.</param>
    /// <param name="isLost">Whether the failure is the loss of the connection.</param>
    /// <param name="repeat">Whether the call may be sent again after a lost connection.</param>
    /// <param name="delay">The delay before the next attempt.</param>
    /// <returns>True for another attempt; false when the failure is final.</returns>
    protected abstract bool Continue(ref Retries retries, Exception exception, bool isLost, Repeat repeat, out TimeSpan delay);

    /// <summary>Begins the transaction of several commands; null when the connection is already in a transaction.</summary>
    protected abstract ValueTask<NpgsqlTransaction?> BeginAsync(NpgsqlConnection connection, CancellationToken cancellationToken);

    private static Func<NpgsqlDataReader, Call, Task<T?>> One<T>(Func<RowReader, T> read)
        where T : class => (reader, call) => new ResultSets(reader, call).FindAsync(read);

    private static Func<NpgsqlDataReader, Call, Task<T?>> OneValue<T>(Func<RowReader, T> read)
        where T : struct => async (reader, call) =>
        {
            var row = new RowReader(reader);
            return await row.NextAsync(call.Token).ConfigureAwait(false) ? read(row) : null;
        };

    private static Func<NpgsqlDataReader, Call, Task<IReadOnlyList<T>>> All<T>(Func<RowReader, T> read) =>
        (reader, call) => new ResultSets(reader, call).ListAsync(read);

    private static async Task<int> ExecuteAsync(NpgsqlDataReader reader, Call call)
    {
        while (await reader.NextResultAsync(call.Token).ConfigureAwait(false))
        {
        }

        return Math.Max(reader.RecordsAffected, 0);
    }

    // Reads to the end of the batch, where an error of the server may follow.
    private static Func<NpgsqlDataReader, Call, Task<T>> AllOf<T>(Func<ResultSets, Task<T>> read) => async (reader, call) =>
    {
        var result = await read(new ResultSets(reader, call)).ConfigureAwait(false);
        await ExecuteAsync(reader, call).ConfigureAwait(false);
        return result;
    };

    private Task<T> RunAsync<T>(
        string operation, Statement statement, Repeat repeat, Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken) =>
        RunAsync(
            operation, [statement], repeat, (connection, call) => SendAsync(connection, statement, call.Token)!, read, cancellationToken);

    private Task<T> RunBatchAsync<T>(
        string operation, Statement[] statements, Repeat repeat, bool readCommitted, Func<ResultSets, Task<T>> read,
        CancellationToken cancellationToken) =>
        RunAsync(operation, statements, repeat, (connection, call) => SendBatchAsync(connection, statements, readCommitted, call.Token)!,
            AllOf(read), cancellationToken);

    private Task<DbDataReader> SendAsync(NpgsqlConnection connection, Statement statement, CancellationToken cancellationToken) =>
        connection.ExecuteReaderAsync(new CommandDefinition(
            statement.NumberedText, statement, commandTimeout: timeouts.CommandSeconds, commandType: CommandType.Text,
            cancellationToken: cancellationToken));

    private protected Task<DbDataReader> SendBatchAsync(
        NpgsqlConnection connection, Statement[] statements, bool readCommitted, CancellationToken cancellationToken)
    {
#pragma warning disable CA2000 // A batch holds no resource besides its statements, which the reader needs.
        DbBatch batch = new NpgsqlBatch(connection) { Timeout = timeouts.CommandSeconds };
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
}
