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

    public MigrationServer(string connection)
    {
        settings = ConnectionText.Parse(connection);
        settings.Pooling = settings.Enlist = settings.Multiplexing = false;
        settings.IncludeErrorDetail = true;
        settings.KeepAlive = settings.KeepAlive > 0 ? settings.KeepAlive : 30;
        settings.ApplicationName ??= "autostack-db";
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
        settings = new NpgsqlConnectionStringBuilder(other.settings.ConnectionString);
        change(settings);
    }

    private bool IsOne => !settings.Host!.Contains(',', StringComparison.Ordinal);

    /// <summary>The same server and database, where the server itself refuses to write.</summary>
    public MigrationServer ReadOnly() => new(this, s =>
    {
        s.Options = $"{s.Options} -c default_transaction_read_only=on".TrimStart();

        // A session that must not write is no read-write one on any server.
        s.TargetSessionAttributes = s.TargetSessionAttributes == "read-write" ? "primary" : s.TargetSessionAttributes;
    });

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
            catch (FormatException)
            {
                // Its message quotes what it could not read: it is no inner exception either.
                await connection.DisposeAsync().ConfigureAwait(false);
                throw new MigrationException(MigrationError.NoConnection, "The connection string has a part that cannot be read.");
            }
            var connection = new NpgsqlConnection(settings.ConnectionString);
            try
            {
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                return connection;
            }
            catch (Exception exception) when (exception is NpgsqlException or SocketException or TimeoutException or ArgumentException
                or NotSupportedException or IOException or UnauthorizedAccessException or CryptographicException)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
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
