using System.Runtime.Versioning;
using AutoStack.Data.LocalServer;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>A PgBouncer of one test before a server's databases. It ends with this process, killed or not.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class PgBouncer : IAsyncDisposable
{
    private readonly Supervisor supervisor;

    private PgBouncer(Supervisor supervisor, string connectionString)
    {
        this.supervisor = supervisor;
        ConnectionString = connectionString;
    }

    /// <summary>The connection string through the pooler.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts a PgBouncer. Without an installed one the test is ignored, and fails where CI is set.</summary>
    /// <param name="connectionString">The connection string of the database without a pooler.</param>
    /// <param name="settings">Lines of its section <c>[pgbouncer]</c>.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<PgBouncer> StartAsync(string connectionString, string settings, CancellationToken cancellationToken)
    {
        var places = SearchPlaces.OfThisMachine();
        var program = places.FindProgram("pgbouncer") ?? (File.Exists("/usr/sbin/pgbouncer") ? "/usr/sbin/pgbouncer" : null);
        if (program is null)
        {
            const string Reason = "pgbouncer is neither on PATH nor in /usr/sbin: install the package pgbouncer.";
            if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            {
                Assert.Fail(Reason);
            }

            Assert.Ignore(Reason);
        }

        var server = new NpgsqlConnectionStringBuilder(connectionString);
        var pooled = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = "127.0.0.1",
            Port = Postmaster.FindFreePort(),
            SslMode = SslMode.Disable,
            Pooling = false,
        };
        var folder = ServerFolder.Create();
        var configuration = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(configuration, $"""
            [databases]
            * = host={server.Host} port={server.Port} user={server.Username} password={server.Password}

            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {pooled.Port}
            unix_socket_dir =
            auth_type = any
            {settings}
            """, cancellationToken);

        // PgBouncer refuses to run as root.
        string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : [];
        var prepare = Environment.IsPrivilegedProcess ? Shell.Quote(["chown", "-R", "nobody", folder]) : "true";
        var supervisor = Supervisor.Start(folder, prepare, Shell.Quote([program, .. user, configuration]), places.FindProgram("setsid"));
        var bouncer = new PgBouncer(supervisor, pooled.ConnectionString);
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(pooled.ConnectionString);
                await connection.OpenAsync(cancellationToken);
                return bouncer;
            }
            catch (NpgsqlException exception) when (exception is not PostgresException && !supervisor.Ended.IsCompleted)
            {
                await Task.Delay(20, cancellationToken);
            }
            catch (Exception exception)
            {
                var log = supervisor.ReadLog();
                await bouncer.DisposeAsync();
                throw new InvalidOperationException($"pgbouncer did not start; its log ends: {log}", exception);
            }
        }
    }

    public ValueTask DisposeAsync() => supervisor.DisposeAsync();
}
