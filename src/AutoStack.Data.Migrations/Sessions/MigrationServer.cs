using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Opens the sessions of a migrator; its errors name host, port and database.</summary>
internal sealed class MigrationServer
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    private readonly NpgsqlConnectionStringBuilder settings;
    private readonly string where;
    private readonly Func<string, CancellationToken, Task<string?>>? askPassword;

    /// <param name="connection">A connection string of Npgsql, libpq or SQLAlchemy.</param>
    /// <param name="showValues">Whether errors may quote values of rows.</param>
    /// <param name="askPassword">
    /// Asks a person for a password that the server requires and the connection string lacks; null to ask nobody.
    /// </param>
    public MigrationServer(string connection, bool showValues = false, Func<string, CancellationToken, Task<string?>>? askPassword = null)
    {
        this.askPassword = askPassword;
        settings = ConnectionText.Parse(connection);
        settings.Pooling = settings.Enlist = settings.Multiplexing = false;
        settings.IncludeErrorDetail = showValues;

        // The driver's query that loads types compares oid with regproc: it would call an operator planted for these two types before the
        // search path can be set. The migrator needs only built-in types.
#pragma warning disable CS0618 // A data source builder is the newer way, but a connection is cloned by its connection string alone.
        settings.ServerCompatibilityMode = ServerCompatibilityMode.NoTypeLoading;
#pragma warning restore CS0618
        settings.KeepAlive = settings.KeepAlive > 0 ? settings.KeepAlive : 30;
        settings.ApplicationName ??= "autostack-db";

        // The driver would otherwise conclude from a read-only session that the server itself is read-only.
        settings.HostRecheckSeconds = 0;
        var servers = IsOne ? ConnectionUri.HostAndPort(settings.Host!, settings.Port) : settings.Host!;
        var database = string.IsNullOrEmpty(settings.Database) ? settings.Username : settings.Database;
        where = string.IsNullOrEmpty(database) ? servers : $"{servers}, database {database}";
        if (IsOne && settings.TargetSessionAttributes is not null)
        {
            // Npgsql checks these attributes only for several hosts.
            settings.Host = $"{servers},{servers}";
        }
    }

    private MigrationServer(MigrationServer other, Action<NpgsqlConnectionStringBuilder> change, string? where = null)
    {
        this.where = where ?? other.where;
        askPassword = other.askPassword;
        settings = new NpgsqlConnectionStringBuilder(other.settings.ConnectionString);
        change(settings);
    }

    /// <summary>
    /// The password that was given or entered; null when there is none, or when the driver finds one in PGPASSWORD or a password file.
    /// </summary>
    public string? Password => settings.Password;

    private bool IsOne => !settings.Host!.Contains(',', StringComparison.Ordinal);

    /// <summary>The same settings with the host of an open session only.</summary>
    public MigrationServer Of(NpgsqlConnection connection) =>
        IsOne ? this : new(this, s => (s.Host, s.Port, s.TargetSessionAttributes) = (connection.Host, connection.Port, null));

    /// <summary>The same settings with another database.</summary>
    public MigrationServer To(string database) =>
        new(this, s => s.Database = database, $"{settings.Host}, database {Visible.Text(database)}");

    /// <summary>Opens a session.</summary>
    /// <param name="wait">How long to retry while the server is starting.</param>
    /// <param name="progress">Receives one event when the wait begins.</param>
    /// <param name="cancellationToken">Cancels the wait.</param>
    /// <exception cref="MigrationException"><see cref="MigrationError.NoConnection"/>.</exception>
    public async Task<NpgsqlConnection> ConnectAsync(
        TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        for (var reported = false; ; reported = true)
        {
            var connection = new NpgsqlConnection(settings.ConnectionString);
            try
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return connection;
            }
            catch (FormatException)
            {
                // The message quotes the part, which may be a password: the exception is not kept as the inner one either.
                await connection.DisposeAsync().ConfigureAwait(false);
                throw new MigrationException(MigrationError.NoConnection, "The connection string has a part that cannot be read.");
            }
            catch (Exception exception) when (exception is NpgsqlException or SocketException or TimeoutException or ArgumentException
                or NotSupportedException or IOException or UnauthorizedAccessException or CryptographicException)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                if (IsPasswordMissing(exception) && askPassword is not null
                    && await askPassword($"Password of {settings.Username ?? Environment.UserName} ({where}): ", cancellationToken)
                        .ConfigureAwait(false) is { Length: > 0 } password)
                {
                    settings.Password = password;
                    continue;
                }

                var mayComeUp = MayComeUp(exception);
                if (!mayComeUp || watch.Elapsed >= wait)
                {
                    var waited = mayComeUp && wait > TimeSpan.Zero ? $" (waited {wait.TotalSeconds:0} s)" : "";
                    throw new MigrationException(
                        MigrationError.NoConnection, $"No connection to {where}: {Why(exception)}{waited}", exception);
                }

                if (!reported)
                {
                    progress?.Report(new WaitingForServer(where, Why(exception)));
                }
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a session in which the server refuses to write.</summary>
    /// <inheritdoc cref="ConnectAsync"/>
    public async Task<NpgsqlConnection> ConnectReadOnlyAsync(
        TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(wait, progress, cancellationToken).ConfigureAwait(false);
        try
        {
            // Poolers refuse such options at connect. On a shared session the setting would keep the next client from writing.
            await Pooler.RefuseSharedSessionAsync(connection, cancellationToken).ConfigureAwait(false);
            using var refuse = new NpgsqlCommand(
                $"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; {SearchPath.Own}; {SessionLimits.Lift}", connection);
            await refuse.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // The driver has already looked at PGPASSWORD and the password file; it has no exception type for a missing password.
    private bool IsPasswordMissing(Exception exception) => string.IsNullOrEmpty(settings.Password)
        && exception is NpgsqlException and not PostgresException
            && exception.Message.StartsWith("No password has been provided", StringComparison.Ordinal);

    // "Failed to connect" has the reason in its inner exception.
    private static string Why(Exception exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } missing
            ? $"{missing.MessageText} (autostack-db create makes it)"
        : exception is PostgresException postgres ? postgres.MessageText
        : exception.InnerException is SocketException socket ? socket.Message
        : exception.Message;

    // No listener, no such host name yet, a proxy without a server, or a server that reports that it is starting. Other errors of the
    // server, such as a wrong password, and a missing certificate file stay the same, however long the wait.
    private static bool MayComeUp(Exception exception) => exception switch
    {
        PostgresException postgres => postgres.SqlState == PostgresErrorCodes.CannotConnectNow,
        FileNotFoundException or DirectoryNotFoundException => false,
        SocketException or IOException or TimeoutException => true,
        AggregateException several => several.InnerExceptions.All(MayComeUp),
        NpgsqlException { InnerException: { } inner } => MayComeUp(inner),
        _ => false,
    };
}
