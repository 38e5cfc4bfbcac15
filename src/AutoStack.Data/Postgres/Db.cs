using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The statements of one repository, by verbs. Reads and writes are different verbs: a standby refuses a write, the outcome of a write is
/// unknown when its answer does not come, and a write names the actor to the database.
/// </summary>
/// <param name="executor">Runs them.</param>
/// <param name="subject">The repository.</param>
internal sealed partial class Db(Executor executor, Subject subject)
{
    /// <summary>Reads one row; null when the result has no row.</summary>
    public Task<T?> FindAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : class => RunAsync(operation, new Statement(sql, parameters), Access.Read, One(read), cancellationToken);

    /// <summary>Reads one value; null when the result has no row.</summary>
    public Task<T?> FindValueAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : struct => RunAsync(operation, new Statement(sql, parameters), Access.Read, OneValue(read),
            cancellationToken);

    /// <summary>Reads all rows.</summary>
    public Task<IReadOnlyList<T>> ListAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        ListAsync(read, new Statement(sql, parameters), cancellationToken, operation);

    /// <inheritdoc cref="ListAsync{T}(Func{RowReader, T}, string, NpgsqlParameter[], CancellationToken, string)"/>
    public Task<IReadOnlyList<T>> ListAsync<T>(
        Func<RowReader, T> read, Statement statement, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunAsync(operation, statement, Access.Read, All(read), cancellationToken);

    /// <summary>Reads the results of several statements in one round trip.</summary>
    public Task<T> ReadBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        RunBatchAsync(operation, statements, Access.Read, readCommitted: false, read, cancellationToken);

    /// <summary>Changes rows; returns the number of rows, after a lost connection that of the second attempt.</summary>
    public Task<int> WriteAsync(
        [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        WriteAsync(new Statement(sql, parameters), cancellationToken, operation);

    /// <inheritdoc cref="WriteAsync(string, NpgsqlParameter[], CancellationToken, string)"/>
    public Task<int> WriteAsync(Statement statement, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        RunAsync(operation, statement, Access.Write, ExecuteAsync, cancellationToken);

    /// <summary>Changes at most one row and reads the row back; null when no row matched.</summary>
    public Task<T?> WriteAsync<T>(
        Func<RowReader, T> read, [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "")
        where T : class => RunAsync(operation, new Statement(sql, parameters), Access.Write, One(read), cancellationToken);

    /// <summary>Changes rows and reads the result; after a lost connection another statement is sent.</summary>
    /// <param name="read">Reads the result of either statement.</param>
    /// <param name="statement">The statement.</param>
    /// <param name="again">The statement after a lost connection.</param>
    /// <param name="cancellationToken">The token of the caller.</param>
    /// <param name="operation">The method.</param>
    public Task<T> WriteAsync<T>(
        Func<ResultSets, Task<T>> read, Statement statement, Statement again, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        executor.RunAsync(
            new(subject, operation),
            [statement],
            Access.Write,
            (connection, call) => executor.SendAsync(connection, call.Lost is null ? statement : again, call)!,
            AllOf(read),
            cancellationToken);

    /// <summary>
    /// Deletes or changes at most one row, which the statement does not match afterwards; true when there was one. Sent again after a lost
    /// connection, it is also true when no row matches by then: the first attempt may have changed it.
    /// </summary>
    public Task<bool> WriteOnceAsync(
        [ConstantExpected] string sql, NpgsqlParameter[] parameters, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        RunAsync(
            operation,
            new Statement(sql, parameters),
            Access.Write,
            async (reader, call) => await ExecuteAsync(reader, call).ConfigureAwait(false) > 0 || call.Lost is not null,
            cancellationToken);

    /// <summary>
    /// Runs several statements in one round trip and one READ COMMITTED transaction, whatever isolation the server, the role or the host's
    /// data source sets by default: each statement sees what was committed when it starts, so that a statement may lock what the next
    /// reads.
    /// </summary>
    public Task<T> WriteBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        RunBatchAsync(operation, statements, Access.Write, readCommitted: true, read, cancellationToken);

    /// <summary>As the other form; after a lost connection another statement is sent.</summary>
    /// <param name="read">Reads the results of the batch, or that of the other statement.</param>
    /// <param name="statements">The batch.</param>
    /// <param name="again">The statement after a lost connection.</param>
    /// <param name="cancellationToken">The token of the caller.</param>
    /// <param name="operation">The method.</param>
    public Task<T> WriteBatchAsync<T>(
        Func<ResultSets, Task<T>> read, Statement[] statements, Statement again, CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        executor.RunAsync(
            new(subject, operation),
            statements,
            Access.Write,
            (connection, call) => (call.Lost is null
                ? executor.SendBatchAsync(connection, statements, readCommitted: true, call)
                : executor.SendAsync(connection, again, call))!,
            AllOf(read),
            cancellationToken);

    /// <summary>Whether each call is a transaction of its own, so that no setting of it meets other statements.</summary>
    public bool IsTransactionPerCall => executor.IsTransactionPerCall;

    /// <summary>The limit of an attempt at a call, in seconds; 0 for none.</summary>
    public int CommandSeconds => executor.CommandSeconds;

    /// <summary>Says that the method changes rows, before the reads that it begins with.</summary>
    /// <exception cref="InvalidOperationException">The executor only reads.</exception>
    public void Writes([CallerMemberName] string operation = "") => executor.AllowWrite(new(subject, operation));

    /// <summary>
    /// Runs an action once after the commit, however often it is given; also when no answer to the commit came, and not after a rollback.
    /// </summary>
    public void WhenCommitted(Action action) => executor.WhenCommitted(action);

    private static Func<NpgsqlDataReader, Call, Task<T?>> One<T>(Func<RowReader, T> read)
        where T : class => (reader, call) => new ResultSets(reader, call).FindAsync(read);

    private static Func<NpgsqlDataReader, Call, Task<T?>> OneValue<T>(Func<RowReader, T> read)
        where T : struct => async (reader, call) =>
        {
            var row = new RowReader(reader);
            if (!await row.NextAsync(call.Token).ConfigureAwait(false))
            {
                return null;
            }

            call.Rows++;
            return read(row);
        };

    private static Func<NpgsqlDataReader, Call, Task<IReadOnlyList<T>>> All<T>(Func<RowReader, T> read) =>
        (reader, call) => new ResultSets(reader, call).ListAsync(read);

    private static async Task<int> ExecuteAsync(NpgsqlDataReader reader, Call call)
    {
        while (await reader.NextResultAsync(call.Token).ConfigureAwait(false))
        {
        }

        var affected = Math.Max(reader.RecordsAffected, 0);
        call.Rows += affected;
        return affected;
    }

    // Reads to the end of the batch, where an error of the server may follow.
    private static Func<NpgsqlDataReader, Call, Task<T>> AllOf<T>(Func<ResultSets, Task<T>> read) => async (reader, call) =>
    {
        var result = await read(new ResultSets(reader, call)).ConfigureAwait(false);
        await ExecuteAsync(reader, call).ConfigureAwait(false);
        return result;
    };

    private Task<T> RunAsync<T>(
        string operation, Statement statement, Access access, Func<NpgsqlDataReader, Call, Task<T>> read,
        CancellationToken cancellationToken) =>
        executor.RunAsync(
            new(subject, operation),
            [statement],
            access,
            (connection, call) => executor.SendAsync(connection, statement, call)!,
            read,
            cancellationToken);

    private Task<T> RunBatchAsync<T>(
        string operation, Statement[] statements, Access access, bool readCommitted, Func<ResultSets, Task<T>> read,
        CancellationToken cancellationToken) =>
        executor.RunAsync(
            new(subject, operation),
            statements,
            access,
            (connection, call) => executor.SendBatchAsync(connection, statements, readCommitted, call)!,
            AllOf(read),
            cancellationToken);
}
