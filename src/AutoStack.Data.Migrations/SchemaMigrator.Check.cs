using System.Data;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Internal.Catalogs;
using Npgsql;

namespace AutoStack.Data.Migrations;

public sealed partial class SchemaMigrator
{
    private static readonly TimeSpan CheckWait = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Compares a database with what the scripts make up to its version, object by object. Writes nothing, does not wait for a migrator, and for a
    /// table that another session has locked at most 5 s; takes some tens of milliseconds.
    /// </summary>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The versions and the differences.</returns>
    /// <exception cref="MigrationException">
    /// No connection (<see cref="MigrationError.NoConnection"/>), a table is locked (<see cref="MigrationError.Locked"/>), or the journal cannot be read.
    /// </exception>
    public async Task<SchemaDrift> CheckAsync(CancellationToken cancellationToken = default)
    {
        var connection = await OpenAsync(progress: null, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);

        // Journal and catalog as they are at one moment, whoever migrates meanwhile. The server opens a table to write out an expression on it.
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        using var prepare = new NpgsqlCommand(
            $"SET TRANSACTION READ ONLY; {SearchPath.OwnInTransaction}; SELECT set_config('lock_timeout', @milliseconds::text, true)", connection, transaction);
        prepare.Parameters.AddWithValue("milliseconds", (long)Math.Clamp(options.LockWait.TotalMilliseconds, 1, CheckWait.TotalMilliseconds));
        await prepare.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);

        var history = Compare(await ReadJournalAsync(connection, make: false, cancellationToken).ConfigureAwait(false));
        var foreign = await ForeignObjects.FindAsync(connection, cancellationToken).ConfigureAwait(false);
        var drift = new SchemaDrift(history, [])
        {
            ForeignObjects = foreign.Objects,
            OpenSchemas = foreign.OpenSchemas,
            AllowsForeignObjects = options.AllowForeignObjects,
        };
        if (history.Versions.Any(v => v.State == VersionState.Unknown))
        {
            return drift;
        }

        try
        {
            var found = await Catalog.ReadAsync(connection, cancellationToken).ConfigureAwait(false);
            return drift with { Differences = Catalog.Compare(Catalog.Expected(history.CurrentVersion), found) };
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new MigrationException(MigrationError.Locked, "Another session is changing a table; the check could not look at it in time.", exception);
        }
    }
}
