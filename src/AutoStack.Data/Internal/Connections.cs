using System.Transactions;
using Npgsql;

namespace AutoStack.Data.Internal;

/// <summary>Connections from the pool, outside whatever ambient transaction the host has open: its data source may enlist.</summary>
internal static class Connections
{
    public static async ValueTask<NpgsqlConnection> OpenOutsideAsync(this NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        if (Transaction.Current is null)
        {
            return await dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        }

        using var outside = new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled);
        return await dataSource.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
    }
}
