using System.Globalization;
using AutoStack.Data.Values;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Opens connections of the pool, and refuses a pooler of the server's that lends a session to many clients and passes prepared statements
/// on as they are: a statement that another client has prepared under the same name would run in place of ours.
/// </summary>
/// <param name="dataSource">The pool of the process.</param>
/// <param name="hosts">The hosts of the pool; null when there is one.</param>
/// <param name="mode">The pooler that the options name; null for a direct connection.</param>
internal sealed class PoolerGuard(NpgsqlDataSource dataSource, NpgsqlMultiHostDataSource? hosts, PoolerMode? mode)
{
    private readonly bool preparesStatements = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString).MaxAutoPrepare > 0;
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
            await CheckAsync(connection, cancellationToken).ConfigureAwait(false);
            passed = true;
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task CheckAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // The server reports the id of its process at connect; a pooler invents an id.
        if (await ServerProcessAsync(connection, cancellationToken).ConfigureAwait(false) == connection.ProcessID)
        {
            return;
        }

        if (mode is null)
        {
            throw InvalidSetting.Of(
                typeof(PoolerMode),
                "Pooler",
                "is not set, and the connection goes through a pooler: set it to Transaction or Session, whichever the pooler's mode is, " +
                "or connect to the server directly");
        }

        if (mode == PoolerMode.Transaction && preparesStatements
            && await PassesNamesOnAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            throw InvalidSetting.Of(
                typeof(PoolerMode),
                "Pooler",
                "is Transaction, and the pooler keeps the names that clients give prepared statements, so that one client's statement " +
                "would run for another: set Max Auto Prepare=0, or use PgBouncer 1.21 or newer with max_prepared_statements above 0");
        }
    }

    // A pooler that keeps the prepared statements of its clients apart renames them.
    private static async Task<bool> PassesNamesOnAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        using var command = new NpgsqlCommand(
            "SELECT pg_catalog.count(*) FROM pg_catalog.pg_prepared_statements WHERE pg_catalog.starts_with(name, '_p')", connection,
            transaction);
        await command.PrepareAsync(cancellationToken).ConfigureAwait(false);
        var found = (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))! > 0;
        await command.UnprepareAsync(cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return found;
    }

    // COPY, because the driver never prepares it: a prepared statement would stay in a session that other clients use.
    private static async Task<int> ServerProcessAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var answer = await connection.BeginTextExportAsync("COPY (SELECT pg_catalog.pg_backend_pid()) TO STDOUT", cancellationToken)
            .ConfigureAwait(false);
        return int.Parse(await answer.ReadToEndAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
    }
}
