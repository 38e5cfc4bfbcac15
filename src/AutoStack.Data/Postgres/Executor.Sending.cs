using System.Data;
using System.Data.Common;
using Dapper;
using Npgsql;

namespace AutoStack.Data.Postgres;

// How statements are sent: after the values of their transaction, in one round trip.
internal abstract partial class Executor
{
    // Of the transaction of the batch. SET TRANSACTION would warn outside BEGIN. In a unit of work the statement has no effect.
    private const string ReadCommitted = "SET transaction_isolation = 'read committed'";

    /// <summary>Sends one statement.</summary>
    public Task<DbDataReader> SendAsync(NpgsqlConnection connection, Statement statement, Call call) => PrefixOf(call) is { } prefix
        ? SendBatchAsync(connection, prefix, [statement], readCommitted: false, call)
        : connection.ExecuteReaderAsync(new CommandDefinition(
            statement.NumberedText, statement, commandTimeout: timeouts.DriverSeconds, commandType: CommandType.Text,
            cancellationToken: call.Token));

    /// <summary>Sends several statements in one round trip, which is one transaction unless the connection is in one.</summary>
    public Task<DbDataReader> SendBatchAsync(NpgsqlConnection connection, Statement[] statements, bool readCommitted, Call call) =>
        SendBatchAsync(connection, PrefixOf(call), statements, readCommitted, call);

    /// <summary>Tells the server about a call whose statements others send; sends nothing when there is nothing to tell.</summary>
    public async Task TellAsync(NpgsqlConnection connection, Call call)
    {
        if (PrefixOf(call) is { } prefix)
        {
            var reader = await SendBatchAsync(connection, prefix: null, [prefix], readCommitted: false, call).ConfigureAwait(false);
            await reader.DisposeAsync().ConfigureAwait(false);
        }
    }

    private Task<DbDataReader> SendBatchAsync(
        NpgsqlConnection connection, Statement? prefix, Statement[] statements, bool readCommitted, Call call)
    {
#pragma warning disable CA2000 // A batch holds no resource besides its statements, which the reader needs.
        DbBatch batch = new NpgsqlBatch(connection) { Timeout = timeouts.DriverSeconds };
#pragma warning restore CA2000
        if (readCommitted)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(ReadCommitted));
        }

        if (prefix is not null)
        {
            batch.BatchCommands.Add(prefix.ToBatchCommand());
        }

        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(statement.ToBatchCommand());
        }

        return prefix is null ? batch.ExecuteReaderAsync(call.Token) : AfterPrefixAsync(batch, call.Token);
    }

    private static async Task<DbDataReader> AfterPrefixAsync(DbBatch batch, CancellationToken cancellationToken)
    {
        var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await reader.NextResultAsync(cancellationToken).ConfigureAwait(false);
            return reader;
        }
        catch
        {
            await reader.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
