using System.Data;
using System.Text;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Dumping;

/// <summary>
/// The schema of a database as SQL, read from its catalogs: the same text for the same schema, whoever created it in which order. It is for
/// reading and comparing; a backup also has data, owners and privileges.
/// </summary>
/// <param name="Objects">The number of statements.</param>
/// <param name="Text">The statements, by kind and name.</param>
internal sealed record SchemaDump(int Objects, string Text)
{
    private const string Header = "-- The schema, by autostack-db dump: for reading and comparing, not for restoring.\n";

    // The server opens a table to print an expression on it, and would wait for whoever changes the table.
    internal const string Prepare = $"SET TRANSACTION READ ONLY; {SearchPath.OwnInTransaction}; SET LOCAL lock_timeout = '5s'; "
        + "SET LOCAL DateStyle = ISO; SET LOCAL IntervalStyle = postgres; SET LOCAL extra_float_digits = 1; SET LOCAL TimeZone = 'UTC'; "
        + "SET LOCAL bytea_output = hex; SET LOCAL quote_all_identifiers = off; "
        + SessionLimits.LiftInTransaction;

    /// <exception cref="MigrationException">The server cannot be reached.</exception>
    public static async Task<SchemaDump> ReadAsync(
        MigrationServer server, TimeSpan wait, IProgress<MigrationEvent> progress, CancellationToken cancellationToken)
    {
        var connection = await server.ConnectAsync(wait, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        using var prepare = new NpgsqlCommand(Prepare, connection, transaction);
        await prepare.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Of(await ListAsync(connection, transaction, cancellationToken).ConfigureAwait(false));
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new CliException(new Failure(ExitCode.Locked, "locked",
                "Another session has locked a table of the database." +
                await LockedTables.SentenceAsync(server, writes: false, cancellationToken).ConfigureAwait(false) +
                " Run the dump again when that session has ended."));
        }
    }

    internal static SchemaDump Of(IReadOnlyCollection<(int Kind, string Name, string Text)> statements)
    {
        var text = new StringBuilder(Header);
        foreach (var (_, _, statement) in statements
            .OrderBy(s => s.Kind).ThenBy(s => s.Name, StringComparer.Ordinal).ThenBy(s => s.Text, StringComparer.Ordinal))
        {
            text.Append('\n').Append(statement.Replace("\r\n", "\n", StringComparison.Ordinal)).Append(";\n");
        }

        return new SchemaDump(statements.Count, text.ToString());
    }

    private static async Task<List<(int Kind, string Name, string Text)>> ListAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        using var stream = typeof(SchemaDump).Assembly.GetManifestResourceStream("Dump.sql")!;
        using var text = new StreamReader(stream);
        using var query = new NpgsqlCommand(await text.ReadToEndAsync(cancellationToken).ConfigureAwait(false), connection, transaction);
        return await query.ListAsync(
            row => (row.GetInt32(0), row.GetString(1), row.GetString(2)), cancellationToken).ConfigureAwait(false);
    }
}
