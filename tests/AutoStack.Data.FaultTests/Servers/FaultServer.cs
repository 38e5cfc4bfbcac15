using System.Globalization;
using System.Security.Cryptography;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations;
using Npgsql;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>
/// A server that the tests stop, kill and freeze. It keeps commits when its processes are killed; <c>fsync</c> is off, because no test cuts
/// the power.
/// </summary>
internal sealed class FaultServer : IAsyncDisposable
{
    /// <summary>The application name of the laboratory's own connections, which no fault ends.</summary>
    public const string Direct = "fault laboratory";

    private const string Template = "faults_template";
    private const string Space = "faults_disk";
    private static readonly TimeSpan StartWait = TimeSpan.FromSeconds(60);

    private readonly ServerShell shell;
    private int postmaster;

    private FaultServer(ServerShell shell, PostgresBinaries binaries, NpgsqlConnectionStringBuilder connection, SmallDisk? disk)
    {
        (this.shell, Disk) = (shell, disk);
        Source = $"PostgreSQL {binaries.Version} binaries in {binaries.Folder}";
        Binaries = binaries.Folder;
        Connection = connection;
    }

    /// <summary>The origin of the server, for people.</summary>
    public string Source { get; }

    /// <summary>The folder of the server's programs.</summary>
    public string Binaries { get; }

    /// <summary>The disk of the laboratories' databases; null where this process may not mount one.</summary>
    public SmallDisk? Disk { get; }

    public int Port => Connection.Port;

    private NpgsqlConnectionStringBuilder Connection { get; }

    /// <exception cref="UnusableException">This machine has no usable binaries.</exception>
    public static async Task<FaultServer> StartAsync(CancellationToken cancellationToken)
    {
        var places = SearchPlaces.OfThisMachine();
        await ServerFolder.RemoveAbandonedAsync(cancellationToken);
        var binaries = await FindBinariesAsync(places, cancellationToken);
        var user = Environment.IsPrivilegedProcess ? await Postmaster.FindUserAsync(places, cancellationToken) : null;
        var connection = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = Postmaster.FindFreePort(),
            Database = "postgres",
            Username = Postmaster.Role,
            Password = RandomNumberGenerator.GetHexString(32, lowercase: true),
            SslMode = SslMode.Disable,
            GssEncryptionMode = GssEncryptionMode.Disable,
            ApplicationName = Direct,
        };
        var folder = ServerFolder.Create();
        var passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, connection.Password, cancellationToken);

        var data = Path.Combine(folder, "data");
        var settings = ServerSetup.Create(durable: true).Settings
            .Concat(["fsync=off", "listen_addresses=127.0.0.1", $"port={connection.Port}", "unix_socket_directories="])
            .SelectMany(setting => new[] { "-c", setting });
        var prepare = Shell.Quote(
        [
            .. user?.Prefix ?? [], binaries.InitDb, "-D", data, "-U", Postmaster.Role, "--auth=password", $"--pwfile={passwordFile}",
            "--encoding=UTF8", "--no-sync", "--no-instructions", .. Postmaster.Locale(),
        ]);
        var disk = await SmallDisk.TryAsync(folder, cancellationToken);
        string[] commands =
        [
            .. disk is null ? [] : new[] { disk.Mount() },
            .. user is null ? [] : new[] { Shell.Quote(["chown", "-R", $"{user.UserId}:{user.GroupId}", folder]) },
            prepare,
        ];
        var shell = await ServerShell.StartAsync(
            folder,
            string.Join(" && ", commands),
            Shell.Quote([.. user?.Prefix ?? [], binaries.Postgres, "-D", data, .. settings]),
            [.. disk is null ? [] : SmallDisk.Prefix, .. ServerShell.SetSid(places)]);
        var server = new FaultServer(shell, binaries, connection, disk);
        try
        {
            await server.StartServerAsync(cancellationToken);
            if (disk is not null)
            {
                await server.ExecuteAsync($"CREATE TABLESPACE {Space} LOCATION '{disk.Path}'", cancellationToken);
            }

            await server.ExecuteAsync($"CREATE DATABASE {Template}", cancellationToken);
            await new SchemaMigrator(server.ConnectionStringTo(Template)).UpgradeAsync(cancellationToken: cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Creates a database with the newest schema and no rows.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var name = $"faults_{RandomName.Create()}";
        var space = Disk is null ? "" : $" TABLESPACE {Space}";
        await ExecuteAsync($"CREATE DATABASE {name} TEMPLATE {Template}{space}", cancellationToken);
        return name;
    }

    public Task DropDatabaseAsync(string name, CancellationToken cancellationToken) =>
        ExecuteAsync($"DROP DATABASE {name} WITH (FORCE)", cancellationToken);

    /// <summary>A connection string that passes no proxy and no pool, for sessions that the settings of a fault do not concern.</summary>
    public string ConnectionStringTo(string database) =>
        new NpgsqlConnectionStringBuilder(Connection.ConnectionString)
        {
            Database = database,
            Pooling = false,
            Options = "-c statement_timeout=0 -c lock_timeout=0 -c default_transaction_read_only=off",
        }.ConnectionString;

    /// <summary>A connection string of the library, through a proxy.</summary>
    public string ConnectionStringThrough(Proxy proxy, string database, string applicationName) =>
        new NpgsqlConnectionStringBuilder(Connection.ConnectionString)
        {
            Database = database,
            Port = proxy.Port,
            ApplicationName = applicationName,
        }.ConnectionString;

    /// <summary>Ends every session of a database but the laboratory's own.</summary>
    public async Task<int> TerminateBackendsAsync(string database, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionStringTo("postgres"));
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("""
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND application_name <> $2
            """, connection);
        command.Parameters.Add(new NpgsqlParameter { Value = database });
        command.Parameters.Add(new NpgsqlParameter { Value = Direct });
        return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
    }

    /// <summary>Stops the server as a planned restart does: sessions end, a checkpoint is written; then starts it.</summary>
    public Task RestartFastAsync(CancellationToken cancellationToken) => RestartAsync("INT", cancellationToken);

    /// <summary>Stops the server without a checkpoint, then starts it: it recovers from its write-ahead log.</summary>
    public Task RestartImmediateAsync(CancellationToken cancellationToken) => RestartAsync("QUIT", cancellationToken);

    /// <summary>Kills the postmaster with SIGKILL; its children find out and end. Then starts the server.</summary>
    public Task KillAsync(CancellationToken cancellationToken) => RestartAsync("KILL", cancellationToken);

    /// <summary>Stops every process of the server with SIGSTOP for a time: connections stay open, nobody answers.</summary>
    public async Task FreezeAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        // The postmaster first: it then starts no process that is not in the list.
        await SignalAsync("STOP", [postmaster]);
        var children = Processes.ChildrenOf(postmaster);
        try
        {
            await SignalAsync("STOP", children);
            await Task.Delay(time, cancellationToken);
        }
        finally
        {
            await SignalAsync("CONT", [postmaster, .. children]);
        }
    }

    /// <summary>Fills the disk of the laboratories' databases while <paramref name="work"/> lasts.</summary>
    public Task FillDiskAsync(Func<Task> work, CancellationToken cancellationToken) =>
        Disk!.FillAsync(postmaster, work, cancellationToken);

    public async ValueTask DisposeAsync() => await shell.DisposeAsync();

    private static async Task<PostgresBinaries> FindBinariesAsync(SearchPlaces places, CancellationToken cancellationToken)
    {
        var reasons = new List<string>();
        var found = new List<PostgresBinaries>();
        foreach (var folder in places.FindBinDirectories())
        {
            try
            {
                found.Add(await PostgresBinaries.ReadAsync(folder, ServerSetup.OldestMajor, cancellationToken));
            }
            catch (UnusableException exception)
            {
                reasons.Add(exception.Message);
            }
        }

        return found.MaxBy(binaries => binaries.Major) ?? throw new UnusableException(
            $"no PostgreSQL binaries on PATH or in the usual folders {string.Join(", ", reasons)}");
    }

    private async Task RestartAsync(string signal, CancellationToken cancellationToken)
    {
        var children = Processes.ChildrenOf(postmaster);
        await SignalAsync(signal, [postmaster]);
        await shell.WaitAsync(cancellationToken);

        // After SIGKILL the children hold the shared memory until they end, and a new postmaster refuses to start.
        while (children.Any(Processes.IsAlive))
        {
            await Task.Delay(10, cancellationToken);
        }

        await StartServerAsync(cancellationToken);
    }

    private async Task StartServerAsync(CancellationToken cancellationToken)
    {
        postmaster = await shell.ServeAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(StartWait);
        while (true)
        {
            try
            {
                await ExecuteAsync("SELECT 1", limit.Token);
                return;
            }
            catch (NpgsqlException) when (Processes.IsAlive(postmaster))
            {
                await Task.Delay(20, limit.Token);
            }
            catch (NpgsqlException exception)
            {
                throw new UnusableException($"the server ended; its log ends: {shell.ReadLog()}", exception);
            }
        }
    }

    /// <summary>Opens a connection that passes no proxy.</summary>
    public Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellationToken) =>
        OpenDirectAsync(ConnectionStringTo(database), cancellationToken);

    /// <summary>Opens a connection of the laboratory's own.</summary>
    public static async Task<NpgsqlConnection> OpenDirectAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, ApplicationName = Direct }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Changes settings of the running server, and takes them back at the end.</summary>
    public async Task WithSettingsAsync(
        IReadOnlyDictionary<string, string> settings, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var (name, value) in settings)
            {
                await ExecuteAsync($"ALTER SYSTEM SET {name} = '{value}'", cancellationToken);
            }

            await ExecuteAsync("SELECT pg_reload_conf()", cancellationToken);
            await work();
        }
        finally
        {
            foreach (var name in settings.Keys)
            {
                await ExecuteAsync($"ALTER SYSTEM RESET {name}", CancellationToken.None);
            }

            await ExecuteAsync("SELECT pg_reload_conf()", CancellationToken.None);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync("postgres", cancellationToken);
#pragma warning disable CA2100 // Every name in the text is of this class.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static Task SignalAsync(string signal, IReadOnlyList<int> processes) =>
        Shell.RunAsync(
            "kill",
            [$"-{signal}", .. processes.Select(id => id.ToString(CultureInfo.InvariantCulture))],
            folder: null,
            CancellationToken.None);
}
