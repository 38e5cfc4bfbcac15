using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>A transaction that stays open until it is released; disposing rolls it back.</summary>
public sealed class OpenTransaction(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
{
    /// <summary>Rolls back synchronously, for callbacks that cannot await.</summary>
    public void Release() => transaction.Rollback();

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection, transaction);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
