using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Npgsql;

namespace AutoStack.Data.LocalServer;

/// <summary>Starts a server from binaries of this machine, with a new data folder, a random password and a free local port.</summary>
[UnsupportedOSPlatform("windows")]
internal static class Postmaster
{
    internal const string Role = "autostack";

    /// <summary>The users as whom a process of root starts a server, the first that exists.</summary>
    internal static readonly string[] UserNames = ["postgres", "nobody"];

    private const int Attempts = 5;
    private static readonly TimeSpan StartWait = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>Removes what dead processes left behind, then starts the server.</summary>
    /// <exception cref="UnusableException">The server does not accept connections; the message has the end of its log.</exception>
    public static async Task<RunningServer> StartAsync(
        PostgresBinaries binaries, ServerSetup setup, SearchPlaces places, CancellationToken cancellationToken)
    {
        await ServerFolder.RemoveAbandonedAsync(cancellationToken).ConfigureAwait(false);
        var user = Environment.IsPrivilegedProcess ? await FindUserAsync(places, cancellationToken).ConfigureAwait(false) : null;
        for (var attempt = 1; ; attempt++)
        {
            var connection = new NpgsqlConnectionStringBuilder
            {
                Host = "127.0.0.1",
                Port = FindFreePort(),
                Database = "postgres",
                Username = Role,
                Password = RandomNumberGenerator.GetHexString(32, lowercase: true),
                SslMode = SslMode.Disable,
                GssEncryptionMode = GssEncryptionMode.Disable,
            };
            var folder = ServerFolder.Create();
            var supervisor = await PrepareAsync(binaries, setup, places, user, connection, folder, cancellationToken)
                .ConfigureAwait(false);
            try
            {
                await WaitAsync(supervisor, connection, folder, cancellationToken).ConfigureAwait(false);
                var source = $"PostgreSQL {binaries.Version} binaries in {binaries.Folder}";
                return new RunningServer(source, connection.ConnectionString, supervisor);
            }
            catch (UnusableException exception)
                when (attempt < Attempts && exception.Message.Contains("Address already in use", StringComparison.Ordinal))
            {
                // Another process took the port after it was found free.
                await supervisor.DisposeAsync().ConfigureAwait(false);
            }
            catch
            {
                await supervisor.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    private static async Task<Supervisor> PrepareAsync(
        PostgresBinaries binaries,
        ServerSetup setup,
        SearchPlaces places,
        OtherUser? user,
        NpgsqlConnectionStringBuilder connection,
        string folder,
        CancellationToken cancellationToken)
    {
        var data = Path.Combine(folder, "data");
        var passwordFile = Path.Combine(folder, "password");
        await File.WriteAllTextAsync(passwordFile, connection.Password, cancellationToken).ConfigureAwait(false);

        string[] initDb =
        [
            .. user?.Prefix ?? [], binaries.InitDb, "-D", data, "-U", Role, "--auth=password", $"--pwfile={passwordFile}",
            "--encoding=UTF8", "--no-sync", "--no-instructions", .. Locale(),
        ];
        string[] postgres =
        [
            .. user?.Prefix ?? [], binaries.Postgres, "-D", data,
            .. new[] { "listen_addresses=127.0.0.1", $"port={connection.Port}", "unix_socket_directories=" }.Concat(setup.Settings)
                .SelectMany(setting => new[] { "-c", setting }),
        ];
        var prepare = Shell.Quote(initDb);
        return Supervisor.Start(
            folder,
            user is null ? prepare : $"{Shell.Quote(["chown", "-R", $"{user.UserId}:{user.GroupId}", folder])} && {prepare}",
            Shell.Quote(postgres),
            places.FindProgram("setsid"));
    }

    private static async Task WaitAsync(
        Supervisor supervisor, NpgsqlConnectionStringBuilder connection, string folder, CancellationToken cancellationToken)
    {
        var probe = new NpgsqlConnectionStringBuilder(connection.ConnectionString) { Pooling = false, Timeout = 5 }.ConnectionString;
        var pidFile = Path.Combine(folder, "data", "postmaster.pid");
        var watch = Stopwatch.StartNew();
        while (!await IsReadyAsync(probe, pidFile, cancellationToken).ConfigureAwait(false))
        {
            if (supervisor.Ended.IsCompleted || watch.Elapsed > StartWait)
            {
                var what = supervisor.Ended.IsCompleted
                    ? "the server ended"
                    : $"the server did not accept connections within {StartWait.TotalSeconds:0} s";
                throw new UnusableException($"{what}; its log ends: {supervisor.ReadLog()}");
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<bool> IsReadyAsync(string connectionString, string pidFile, CancellationToken cancellationToken)
    {
        if (!File.Exists(pidFile))
        {
            return false;
        }

        try
        {
            var connection = new NpgsqlConnection(connectionString);
            await using var closing = connection.ConfigureAwait(false);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    // Upper and lower case beyond ASCII, order by code point; both exist without any installed language.
    internal static string[] Locale() => OperatingSystem.IsMacOS() ? ["--locale=C", "--lc-ctype=en_US.UTF-8"] : ["--locale=C.UTF-8"];

    // The range lies below the ports that the operating system gives to outgoing connections.
    internal static int FindFreePort()
    {
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_768);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // The port is in use.
            }
        }

        throw new UnusableException("no free port of 127.0.0.1 between 20000 and 32767");
    }

    // PostgreSQL refuses to run as root.
    internal static async Task<OtherUser> FindUserAsync(SearchPlaces places, CancellationToken cancellationToken)
    {
        var setPriv = places.FindProgram("setpriv")
            ?? throw new UnusableException("this process runs as root, which PostgreSQL refuses, and setpriv is not on PATH");
        foreach (var name in UserNames)
        {
            var (found, userId, _) = await Shell.RunAsync("id", ["-u", name], folder: null, cancellationToken).ConfigureAwait(false);
            var (_, groupId, _) = await Shell.RunAsync("id", ["-g", name], folder: null, cancellationToken).ConfigureAwait(false);
            if (found == 0)
            {
                return new OtherUser(
                    setPriv, int.Parse(userId, CultureInfo.InvariantCulture), int.Parse(groupId, CultureInfo.InvariantCulture));
            }
        }

        throw new UnusableException("this process runs as root, which PostgreSQL refuses, and there is no user postgres or nobody");
    }

    internal sealed record OtherUser(string SetPriv, int UserId, int GroupId)
    {
        public string[] Prefix => [SetPriv, $"--reuid={UserId}", $"--regid={GroupId}", "--clear-groups", "--reset-env"];
    }
}
