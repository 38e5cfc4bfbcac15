using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>Opens connections of the driver's pool, to one of its hosts, and refuses a pooler that is not safe.</summary>
/// <param name="dataSource">The pool of the process.</param>
/// <param name="hosts">The hosts of the pool; null when there is one.</param>
/// <param name="mode">The pooler that the options name; null for a direct connection.</param>
internal sealed class DriverPool(NpgsqlDataSource dataSource, NpgsqlMultiHostDataSource? hosts, PoolerMode? mode)
{
    private readonly PoolerCheck check = new(
        mode, preparesStatements: new NpgsqlConnectionStringBuilder(dataSource.ConnectionString).MaxAutoPrepare > 0);

    private volatile bool passed;
    private volatile bool ended;

    /// <summary>Opens a connection. The first connection is checked, at the cost of one round trip.</summary>
    /// <exception cref="OptionsValidationException">
    /// The connection goes through a pooler that the options do not name, or that mixes up prepared statements.
    /// </exception>
    public ValueTask<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        passed && hosts is null ? dataSource.OpenOutsideAsync(cancellationToken) : OpenCheckedAsync(cancellationToken);

    /// <summary>
    /// Closes the pooled connections, and forgets which host is the primary: what became of one connection probably became of its
    /// neighbours, and the next call asks the hosts again.
    /// </summary>
    public void Clear()
    {
        dataSource.Clear();
        ForgetStates();
    }

    /// <summary>Forgets which host is the primary.</summary>
    public void ForgetStates() => hosts?.ClearDatabaseStates();

    /// <summary>The pool is about to be disposed.</summary>
    public void End() => ended = true;

    /// <summary>
    /// Follows the return of a connection. One that was opened while the pool was disposed returns to a pool that nobody closes any more.
    /// </summary>
    public void Returned()
    {
        if (ended)
        {
            dataSource.Clear();
        }
    }

    private async ValueTask<NpgsqlConnection> OpenCheckedAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection;
        try
        {
            connection = hosts is null
                ? await dataSource.OpenOutsideAsync(cancellationToken).ConfigureAwait(false)
                : await dataSource.OpenHedgedAsync(Returned, cancellationToken).ConfigureAwait(false);
        }
        catch (NpgsqlException exception) when (cancellationToken.IsCancellationRequested)
        {
            // With several hosts the driver tries the next one, and reports that none is left.
            throw new OperationCanceledException("The connection was no longer needed.", exception, cancellationToken);
        }

        if (passed)
        {
            return connection;
        }

        try
        {
            await check.RunAsync(connection, cancellationToken).ConfigureAwait(false);
            passed = true;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            Returned();
            throw;
        }
    }
}
