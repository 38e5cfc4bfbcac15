using System.Globalization;
using AutoStack.Data.Values;
using Microsoft.Extensions.Options;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Refuses a pooler that lends a session to many clients and passes prepared statements on as they are: a statement that another client has
/// prepared under the same name would run in place of ours.
/// </summary>
/// <param name="mode">The pooler that the options name; null for a direct connection.</param>
/// <param name="preparesStatements">Whether the driver prepares statements.</param>
internal sealed class PoolerCheck(PoolerMode? mode, bool preparesStatements)
{
    /// <summary>Checks the pooler behind a connection.</summary>
    /// <exception cref="OptionsValidationException">
    /// The options do not name the pooler, or it mixes up prepared statements.
    /// </exception>
    public async Task RunAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
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
