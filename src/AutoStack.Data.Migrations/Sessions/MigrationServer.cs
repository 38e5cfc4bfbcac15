using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Opens the sessions of a migrator, and says where to when it cannot.</summary>
internal sealed class MigrationServer
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    private readonly NpgsqlConnectionStringBuilder settings;
    private readonly string where;
    private readonly Func<string, CancellationToken, Task<string?>>? askPassword;

    /// <param name="connection">What names the database.</param>
    /// <param name="showValues">Whether errors may quote values of rows.</param>
    /// <param name="askPassword">Asks a person for a password that the server wants and that is not given; null to ask nobody.</param>
    public MigrationServer(string connection, bool showValues = false, Func<string, CancellationToken, Task<string?>>? askPassword = null)
    {
        this.askPassword = askPassword;
        settings = ConnectionText.Parse(connection);
        settings.Pooling = settings.Enlist = settings.Multiplexing = false;
        settings.IncludeErrorDetail = showValues;

        // The query by which the driver loads types compares oid with regproc: an operator that somebody planted for these two types would be called before
        // anything can be set. The built-in types are all that is needed.
#pragma warning disable CS0618 // The builder of a data source is the newer place, but a connection is cloned with its string alone.
        settings.ServerCompatibilityMode = ServerCompatibilityMode.NoTypeLoading;
#pragma warning restore CS0618
        settings.KeepAlive = settings.KeepAlive > 0 ? settings.KeepAlive : 30;
        settings.ApplicationName ??= "autostack-db";

        // Of a session of ours that is read-only, the driver would conclude that its server is.
        settings.HostRecheckSeconds = 0;
        var servers = IsOne ? ConnectionText.HostAndPort(settings.Host!, settings.Port) : settings.Host!;
        var database = string.IsNullOrEmpty(settings.Database) ? settings.Username : settings.Database;
        where = string.IsNullOrEmpty(database) ? servers : $"{servers}, database {database}";
        if (IsOne && settings.TargetSessionAttributes is not null)
        {
            // Npgsql looks at what a server is only when it has a choice.
            settings.Host = $"{servers},{servers}";
        }
    }

    private MigrationServer(MigrationServer other, Action<NpgsqlConnectionStringBuilder> change)
    {
        where = other.where;
        askPassword = other.askPassword;
        settings = new NpgsqlConnectionStringBuilder(other.settings.ConnectionString);
        change(settings);
    }

    /// <summary>The password that was given or entered; null when there is none, or the driver finds it elsewhere.</summary>
    public string? Password => settings.Password;

    private bool IsOne => !settings.Host!.Contains(',', StringComparison.Ordinal);

    /// <summary>Of several servers the one that this session is on.</summary>
    public MigrationServer Of(NpgsqlConnection connection) =>
        IsOne ? this : new(this, s => (s.Host, s.Port, s.TargetSessionAttributes) = (connection.Host, connection.Port, null));

    /// <summary>Opens a session.</summary>
    /// <param name="wait">For how long to go on trying while the server is not up yet.</param>
    /// <param name="progress">Told once, when the wait begins.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    /// <exception cref="MigrationException"><see cref="MigrationError.NoConnection"/>.</exception>
    public async Task<NpgsqlConnection> ConnectAsync(TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        for (var told = false; ; told = true)
        {
            var connection = new NpgsqlConnection(settings.ConnectionString);
            try
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return connection;
            }
            catch (FormatException)
            {
                // Its message quotes what it could not read: it is no inner exception either.
                await connection.DisposeAsync().ConfigureAwait(false);
                throw new MigrationException(MigrationError.NoConnection, "The connection string has a part that cannot be read.");
            }
            catch (Exception exception) when (exception is NpgsqlException or SocketException or TimeoutException or ArgumentException
                or NotSupportedException or IOException or UnauthorizedAccessException or CryptographicException)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
                if (IsPasswordMissing(exception) && askPassword is not null
                    && await askPassword($"Password of {settings.Username ?? Environment.UserName} ({where}): ", cancellationToken).ConfigureAwait(false) is { Length: > 0 } password)
                {
                    settings.Password = password;
                    continue;
                }

                var mayComeUp = MayComeUp(exception);
                if (!mayComeUp || watch.Elapsed >= wait)
                {
                    var waited = mayComeUp && wait > TimeSpan.Zero ? $" (waited {wait.TotalSeconds:0} s)" : "";
                    throw new MigrationException(MigrationError.NoConnection, $"No connection to {where}: {Why(exception)}{waited}", exception);
                }

                if (!told)
                {
                    progress?.Report(new WaitingForServer(where, Why(exception)));
                }
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Opens a session in which the server itself refuses to write.</summary>
    /// <inheritdoc cref="ConnectAsync"/>
    public async Task<NpgsqlConnection> ConnectReadOnlyAsync(TimeSpan wait, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var connection = await ConnectAsync(wait, progress, cancellationToken).ConfigureAwait(false);
        try
        {
            // Not with the connection: poolers refuse such options. And on no session that others get after us: they would not be able to write.
            await Pooler.RefuseSharedSessionAsync(connection, cancellationToken).ConfigureAwait(false);
            using var refuse = new NpgsqlCommand($"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY; {SearchPath.Own}", connection);
            await refuse.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    // The driver has looked for PGPASSWORD and the password file by then; it has no kind of its own for this.
    private bool IsPasswordMissing(Exception exception) => string.IsNullOrEmpty(settings.Password)
        && exception is NpgsqlException and not PostgresException && exception.Message.StartsWith("No password has been provided", StringComparison.Ordinal);

    // "Failed to connect" says that, its inner exception says why.
    private static string Why(Exception exception) => exception is PostgresException postgres ? postgres.MessageText
        : exception.InnerException is SocketException socket ? socket.Message
        : exception.Message;

    // Nobody there, no such name yet, a proxy with nothing behind it, or a server that says itself that it is starting. What a server answers
    // otherwise, a wrong password for one, stays the same however long one waits; so does a certificate that is no file.
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
