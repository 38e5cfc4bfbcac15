using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.FaultTests.Backups;

/// <summary>A server whose write-ahead log pgBackRest archives, with a database of the newest schema.</summary>
internal sealed class BackedUpServer : IAsyncDisposable
{
    public const string Database = "autostack";
    private const string Stanza = "autostack";

    // pgBackRest flushes each of a thousand files, which costs nothing in memory and seconds on a disk.
    private const string Memory = "/dev/shm";
    private const long Room = 1_000_000_000;

    private readonly RunningServer server;
    private readonly string program;
    private readonly Postmaster.OtherUser? user;

    private BackedUpServer(RunningServer server, string program, Postmaster.OtherUser? user, string folder)
    {
        (this.server, this.program, this.user, Folder) = (server, program, user, folder);
        Scratch = Path.Combine(folder, "s");
        Configuration = Path.Combine(folder, "pgbackrest.conf");
        ConnectionString = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Database = Database, Pooling = false }
            .ConnectionString;
    }

    /// <summary>The folder of the repository and everything else besides the server.</summary>
    public string Folder { get; }

    public string Repository => Path.Combine(Folder, "repository");

    public string Scratch { get; }

    public string Configuration { get; }

    public string ConnectionString { get; }

    public string DataDirectory { get; private set; } = "";

    /// <summary>Starts a server; where pgBackRest is not installed, the tests are ignored, and fail where CI is set.</summary>
    public static async Task<BackedUpServer> StartAsync(CancellationToken cancellationToken)
    {
        var places = SearchPlaces.OfThisMachine();
        if (places.FindProgram("pgbackrest") is not { } program)
        {
            const string Reason = "pgbackrest is not on PATH: install the package pgbackrest.";
            if (Environment.GetEnvironmentVariable("CI") is { Length: > 0 })
            {
                Assert.Fail(Reason);
            }

            Assert.Ignore(Reason);
            throw new InvalidOperationException(Reason);
        }

        var user = Environment.IsPrivilegedProcess ? await Postmaster.FindUserAsync(places, cancellationToken) : null;
        var memory = Directory.Exists(Memory) && new DriveInfo(Memory).AvailableFreeSpace > Room ? Memory : null;
        await ServerFolder.RemoveAbandonedAsync(cancellationToken, memory);
        var folder = ServerFolder.Create(memory);
        foreach (var name in new[] { "repository", "log", "lock", "socket", "spool", "s" })
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
        }

        if (user is not null)
        {
            await Shell.RunAsync("chown", ["-R", $"{user.UserId}:{user.GroupId}", folder], folder: null, cancellationToken);
        }

        var setup = ServerSetup.Create(durable: true, overrides: new Dictionary<string, string>(ShippedFiles.Postgres())
        {
            ["fsync"] = "off",
            ["unix_socket_directories"] = Path.Combine(folder, "socket"),
            ["archive_command"] = $"{program} --config={folder}/pgbackrest.conf --stanza={Stanza} archive-push %p",
        });
        var binaries = await PostgresBinaries.ReadAsync(FaultServers.Current.Binaries, setup.MinimumMajor, cancellationToken);
        var started = new BackedUpServer(
            await Postmaster.StartAsync(binaries, setup, places, cancellationToken), program, user, folder);
        try
        {
            await started.PrepareAsync(cancellationToken);
            return started;
        }
        catch
        {
            await started.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command of pgBackRest, which must succeed.</summary>
    public async Task PgBackRestAsync(string command, params string[] options)
    {
        var (exitCode, output, error) = await TryPgBackRestAsync(command, options);
        Assert.That(exitCode, Is.Zero, $"pgbackrest {command}: {output} {error}");
    }

    /// <summary>Runs a command of pgBackRest.</summary>
    public Task<(int ExitCode, string Output, string Error)> TryPgBackRestAsync(string command, params string[] options)
    {
        var password = new NpgsqlConnectionStringBuilder(ConnectionString).Password;
        string[] line =
        [
            .. user?.Prefix ?? [], "env", $"PGPASSWORD={password}", program, $"--config={Configuration}", $"--stanza={Stanza}",
            .. options, command,
        ];
        return Shell.RunAsync(line[0], line[1..], folder: null, CancellationToken.None);
    }

    /// <summary>Waits until everything written so far is in the archive.</summary>
    public Task ArchiveAsync() => PgBackRestAsync("check");

    /// <summary>The labels of the backups, the oldest first.</summary>
    public IReadOnlyList<string> Labels() =>
    [
        .. Directory.GetDirectories(Path.Combine(Repository, "backup", Stanza)).Select(folder => Path.GetFileName(folder)!)
            .Where(name => name.EndsWith('F')).Order(StringComparer.Ordinal),
    ];

    /// <summary>The files of the archive, by segment.</summary>
    public IReadOnlyDictionary<string, string> Segments() => Directory
        .GetFiles(Path.Combine(Repository, "archive", Stanza), "*-*", SearchOption.AllDirectories)
        .Where(file => Path.GetFileName(file)[24] == '-')
        .ToDictionary(file => Path.GetFileName(file)[..24]);

    /// <summary>A run of <c>backup</c> on this repository.</summary>
    /// <param name="verb">The verb and its options.</param>
    /// <param name="connection">The connection string; null for none.</param>
    /// <param name="cancellationToken">Cancels the run.</param>
    public Task<ConsoleRun> RunAsync(string[] verb, string? connection, CancellationToken cancellationToken) =>
        ConsoleRun.StartAsync(Arguments(verb), connection: connection, cancellationToken: cancellationToken);

    /// <summary>The arguments of a rehearsal.</summary>
    public string[] Rehearsal(params string[] options) =>
        ["rehearse", "--scratch", Scratch, "--database", Database, "--role", Postmaster.Role, .. options];

    /// <summary>The arguments of the console.</summary>
    public string[] Arguments(string[] verb) => ["backup", .. verb, "--pgbackrest-config", Configuration];

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await FaultServer.OpenDirectAsync(ConnectionString, cancellationToken);
#pragma warning disable CA2100 // Every text is of these tests.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<T> ScalarAsync<T>(string sql, CancellationToken cancellationToken)
    {
        await using var connection = await FaultServer.OpenDirectAsync(ConnectionString, cancellationToken);
#pragma warning disable CA2100 // Every text is of these tests.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var maintenance = new NpgsqlConnectionStringBuilder(server.ConnectionString) { Pooling = false };
        await using (var connection = await FaultServer.OpenDirectAsync(maintenance.ConnectionString, cancellationToken))
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE {Database}", connection);
            await create.ExecuteNonQueryAsync(cancellationToken);
            await using var where = new NpgsqlCommand("SHOW data_directory", connection);
            DataDirectory = (string)(await where.ExecuteScalarAsync(cancellationToken))!;
        }

        await File.WriteAllTextAsync(
            Configuration, ShippedFiles.PgBackRest(Folder, DataDirectory, maintenance.Port, Postmaster.Role), cancellationToken);
        await PgBackRestAsync("stanza-create");
        await new SchemaMigrator(ConnectionString).UpgradeAsync(cancellationToken: cancellationToken);
    }
}
