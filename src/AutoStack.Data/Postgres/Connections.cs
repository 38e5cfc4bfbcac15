using System.Transactions;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Opens connections outside an ambient transaction of the host, in which the host's data source might enlist them.</summary>
internal static class Connections
{
    public static ValueTask<NpgsqlConnection> OpenOutsideAsync(this NpgsqlDataSource dataSource, CancellationToken cancellationToken) =>
        Transaction.Current is null ? dataSource.OpenConnectionAsync(cancellationToken) : SuppressAsync(dataSource, cancellationToken);

    private static async ValueTask<NpgsqlConnection> SuppressAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        using var outside = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
        return await dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
    }
}
