using System.Globalization;
using AutoStack.Data.LocalServer;
using Npgsql;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>A PgBouncer in transaction mode before one server, which the tests restart and command. It ends with this process.</summary>
internal sealed class Bouncer : IAsyncDisposable
{
    private static readonly TimeSpan StartWait = TimeSpan.FromSeconds(60);

    // Fewer sessions than connections of the services, each for two seconds: the pooler lends each to several clients, and opens new
    // ones. Idle ones end soon, so that the check of what is left behind sees none.
    private const string Settings = """
        pool_mode = transaction
        default_pool_size = 15
        max_client_conn = 2000
        server_lifetime = 2
        server_idle_timeout = 1
        server_login_retry = 1
        auth_type = any
        admin_users = autostack
        listen_addr = 127.0.0.1
        unix_socket_dir =
        """;

    private readonly ServerShell shell;
    private int process;

    private Bouncer(ServerShell shell, int port) => (this.shell, Port) = (shell, port);

    public int Port { get; }

    /// <summary>Starts a PgBouncer; where none is installed, the test is ignored, and fails where CI is set.</summary>
    /// <param name="connectionString">A direct connection string of the server.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<Bouncer> StartAsync(string connectionString, CancellationToken cancellationToken)
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
        var port = Postmaster.FindFreePort();
        var folder = ServerFolder.Create();
        var configuration = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(configuration, $"""
            [databases]
            * = host={server.Host} port={server.Port} user={server.Username} password={server.Password}

            [pgbouncer]
            listen_port = {port}
            {Settings}
            """, cancellationToken);

        // PgBouncer refuses to run as root.
        string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : [];
        var shell = await ServerShell.StartAsync(
            folder,
            Environment.IsPrivilegedProcess ? Shell.Quote(["chown", "-R", "nobody", folder]) : "true",
            "exec " + Shell.Quote([program, "-q", .. user, configuration]),
            ServerShell.SetSid(places));
        var bouncer = new Bouncer(shell, port);
        try
        {
            await bouncer.ServeAsync(cancellationToken);
            return bouncer;
        }
        catch
        {
            await bouncer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the process with SIGTERM, which cuts every connection, and starts another one after a time.</summary>
    public async Task RestartAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        await Shell.RunAsync("kill", ["-TERM", process.ToString(CultureInfo.InvariantCulture)], folder: null, cancellationToken);
        await shell.WaitAsync(cancellationToken);
        await Task.Delay(pause, cancellationToken);
        await ServeAsync(cancellationToken);
    }

    /// <summary>Runs a command of the administration console.</summary>
    public Task CommandAsync(string command, CancellationToken cancellationToken) =>
        BouncerConsole.RunAsync(Port, command, cancellationToken);

    public ValueTask DisposeAsync() => shell.DisposeAsync();

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        process = await shell.ServeAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartWait);
        while (true)
        {
            try
            {
                await CommandAsync("SHOW VERSION", limit.Token);
                return;
            }
            catch (Exception exception) when (exception is IOException or System.Net.Sockets.SocketException)
            {
                if (!Processes.IsAlive(process))
                {
                    throw new InvalidOperationException($"pgbouncer ended; its log ends: {shell.ReadLog()}", exception);
                }

                await Task.Delay(20, limit.Token);
            }
        }
    }
}
