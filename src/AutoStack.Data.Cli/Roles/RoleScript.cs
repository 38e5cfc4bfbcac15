using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Roles;

/// <summary>The roles of a database before and after <c>scripts/roles.sql</c>, which the program holds as a resource.</summary>
/// <param name="Database">The database.</param>
/// <param name="Prefix">The prefix of the roles.</param>
/// <param name="Shared">True when everybody keeps the functions of PostgreSQL that the script restricts.</param>
/// <param name="Changes">What the script changes.</param>
/// <param name="Refused">
/// Why the script refused to continue, with its hint: a right that another role has given. The changes are then unknown. Null otherwise.
/// </param>
internal sealed record RoleReport(string Database, string Prefix, bool Shared, IReadOnlyList<RoleChange> Changes, string? Refused);

/// <summary>Runs the script of the roles in one transaction, and reads the rights before and after it.</summary>
internal sealed class RoleScript(MigrationServer server, string? prefix, bool shared)
{
    private const string BadName = "42602";
    private const string LongName = "42622";
    private const string OtherGrantor = "0LP01";

    // The owner first.
    private static readonly string[] Names = ["owner", "migrator", "app", "readonly", "tenant"];

    private const string Prepare = $"""
        SET TRANSACTION READ WRITE;
        SET LOCAL search_path = pg_catalog, pg_temp;
        SET LOCAL statement_timeout = '60s';
        SET LOCAL lock_timeout = '5s';
        SET LOCAL quote_all_identifiers = off;
        SELECT
            set_config('autostack.role_prefix',
                coalesce(nullif(@prefix, ''), nullif(current_setting('autostack.role_prefix', TRUE), ''), 'autostack'), TRUE),
            set_config('autostack.restrict_functions',
                CASE
                    WHEN @shared THEN 'off'
                    ELSE coalesce(nullif(current_setting('autostack.restrict_functions', TRUE), ''), 'on')
                END, TRUE);
        {SessionLimits.LiftInTransaction}
        """;

    /// <summary>The statements of the script, without BEGIN and COMMIT.</summary>
    public static string Body
    {
        get
        {
            var text = Resource("roles.sql");
            var begin = text.IndexOf("\nBEGIN;\n", StringComparison.Ordinal) + "\nBEGIN;\n".Length;
            return text[begin..text.LastIndexOf("\nCOMMIT;\n", StringComparison.Ordinal)];
        }
    }

    /// <summary>Runs the script, and commits it or rolls it back.</summary>
    /// <param name="keeps">True to commit.</param>
    /// <param name="wait">The longest wait for a server that is starting.</param>
    /// <param name="progress">Receives that wait.</param>
    /// <param name="cancellationToken">Cancels the run.</param>
    /// <exception cref="CliException">The role may not run the script, or the script was refused.</exception>
    /// <exception cref="MigrationException">The server cannot be reached.</exception>
    public async Task<RoleReport> RunAsync(
        bool keeps, TimeSpan wait, IProgress<MigrationEvent> progress, CancellationToken cancellationToken)
    {
        var connection = await server.ConnectAsync(wait, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = connection.ConfigureAwait(false);
        await RoleRights.RequireAsync(connection, shared, cancellationToken).ConfigureAwait(false);
        var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        try
        {
            var (known, restricts) = await PrepareAsync(connection, cancellationToken).ConfigureAwait(false);
            string[] roles = [.. Names.Select(name => $"{known}_{name}")];
            var before = await ReadAsync(connection, roles, cancellationToken).ConfigureAwait(false);
            string? refused = null;
            try
            {
                using var script = new NpgsqlCommand(Body, connection, transaction) { CommandTimeout = 0 };
                await script.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException exception) when (exception.SqlState == OtherGrantor && !keeps)
            {
                refused = Sentence(exception);
            }

            var changes = refused is null
                ? RoleChange.Between(before, await ReadAsync(connection, roles, cancellationToken).ConfigureAwait(false)) : [];
            if (keeps)
            {
                // A cancelled COMMIT leaves open whether the transaction was committed.
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            }

            return new RoleReport(connection.Database, known, !restricts, changes, refused);
        }
        catch (PostgresException exception) when (exception.SqlState is BadName or LongName)
        {
            throw Failure.Usage($"--prefix: {exception.MessageText}.");
        }
        catch (PostgresException exception) when (exception.SqlState == OtherGrantor)
        {
            throw new CliException(new Failure(ExitCode.Failed, "otherGrantor", $"{Sentence(exception)} Nothing was changed."));
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new CliException(new Failure(ExitCode.Locked, "locked",
                "Another session has locked a table whose owner changes, or another run of the roles is under way." +
                await LockedTables.SentenceAsync(server, writes: false, CancellationToken.None).ConfigureAwait(false) +
                " Nothing was changed. Run the command again."));
        }
    }

    private async Task<(string Prefix, bool Restricts)> PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Prepare, connection);
        command.Parameters.AddWithValue("prefix", prefix ?? "");
        command.Parameters.AddWithValue("shared", shared);
        return (await command.ListAsync(row => (row.GetString(0), row.GetString(1) != "off"), cancellationToken).ConfigureAwait(false))[0];
    }

    private static async Task<IReadOnlyList<RoleRight>> ReadAsync(
        NpgsqlConnection connection, string[] roles, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Resource("Rights.sql"), connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = roles });
        return await command.ListAsync(
            row => new RoleRight(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)), cancellationToken)
            .ConfigureAwait(false);
    }

    private static string Sentence(PostgresException exception) =>
        Visible.Text($"{exception.MessageText}. {exception.Hint}").Trim();

    private static string Resource(string name)
    {
        using var stream = typeof(RoleScript).Assembly.GetManifestResourceStream(name)!;
        using var text = new StreamReader(stream);
        return text.ReadToEnd().Replace("\r\n", "\n", StringComparison.Ordinal);
    }
}
