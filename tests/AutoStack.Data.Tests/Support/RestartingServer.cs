using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AutoStack.Data.Migrations;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A server of one test that stays away for a second after it was stopped, and starts again with the same data. It ends with this process,
/// killed or not.
/// </summary>
public sealed class RestartingServer : IAsyncDisposable
{
    // The shell ends when its standard input is closed: by the disposal, or by the end of this process.
    private const string Script =
        """
        folder=$1; bin=$2; port=$3; options=$4
        as=; if [ "$(id -u)" = 0 ]; then
            for name in postgres nobody; do if id -u $name > /dev/null 2>&1; then break; fi; done
            as="setpriv --reuid=$(id -u $name) --regid=$(id -g $name) --clear-groups"
            chown $(id -u $name) "$folder"
        fi
        cd "$folder"
        $as "$bin/initdb" -D "$folder/data" -U autostack --auth=trust --encoding=UTF8 --locale=C --no-sync $options > "$folder/log" 2>&1
        printf "%s\n" "$5" >> "$folder/data/postgresql.conf"
        (while [ ! -e "$folder/end" ]; do
            $as "$bin/postgres" -D "$folder/data" -p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=
            sleep 1
        done) > /dev/null 2>&1 < /dev/null &
        read end
        touch "$folder/end"
        kill -QUIT $(head -1 "$folder/data/postmaster.pid")
        wait
        rm -rf "$folder"
        """;

    private readonly Process shell;
    private readonly string folder;

    private RestartingServer(Process shell, string folder, string connectionString) =>
        (this.shell, this.folder, ConnectionString) = (shell, folder, connectionString);

    public string ConnectionString { get; }

    /// <summary>
    /// Starts the server with the newest schema. Where the binaries of the run's server are not on this machine, the test is ignored.
    /// </summary>
    public static async Task<RestartingServer> StartAsync(CancellationToken cancellationToken)
    {
        var server = await StartEmptyAsync("", "fsync = off", cancellationToken);
        await new SchemaMigrator(server.ConnectionString).UpgradeAsync(cancellationToken: cancellationToken);
        return server;
    }

    /// <summary>Starts the server without the schema.</summary>
    /// <param name="options">Further options of initdb, separated by spaces.</param>
    /// <param name="configuration">Further lines of <c>postgresql.conf</c>.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<RestartingServer> StartEmptyAsync(string options, string configuration, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows() || await BinariesAsync() is not { } binaries)
        {
            Assert.Ignore("The binaries of the server are not on this machine.");
            return null!;
        }

        var folder = Directory.CreateTempSubdirectory("autostack-restart-").FullName;
        var port = FreePort();
        var start = new ProcessStartInfo(
            "/bin/sh", ["-c", Script, "sh", folder, binaries, port.ToString(CultureInfo.InvariantCulture), options, configuration])
        {
            RedirectStandardInput = true,
        };
        var server = new RestartingServer(
            Process.Start(start)!,
            folder,
            $"Host=127.0.0.1;Port={port};Database=postgres;Username=autostack;SSL Mode=Disable;GSS Encryption Mode=Disable");
        await server.UntilAnswersAsync(cancellationToken);
        return server;
    }

    /// <summary>Stops the server, and returns when it answers again.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken)
    {
        await StopAsync(cancellationToken);
        await UntilAnswersAsync(cancellationToken);
    }

    /// <summary>Stops the server as an administrator does; returns when it has ended.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder, "data", "postmaster.pid");
        var id = (await File.ReadAllLinesAsync(file, cancellationToken))[0];
        using var kill = Process.Start("kill", ["-INT", id]);
        await kill.WaitForExitAsync(cancellationToken);
        while (Directory.Exists($"/proc/{id}") || (File.Exists(file) && (await File.ReadAllLinesAsync(file, cancellationToken))[0] == id))
        {
            await Task.Delay(5, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }

    private static async Task<string?> BinariesAsync()
    {
        await using var source = NpgsqlDataSource.Create(TestServer.Current.ConnectionString);
        await using var command = source.CreateCommand("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
        var folder = (string)(await command.ExecuteScalarAsync())!;
        return File.Exists(Path.Combine(folder, "initdb")) ? folder : null;
    }

    private static int FreePort()
    {
        while (true)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                var port = Random.Shared.Next(20_000, 32_768);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // The port is in use.
            }
        }
    }

    private async Task UntilAnswersAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
                await connection.OpenAsync(limit.Token);
                return;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(20, limit.Token);
            }
        }
    }
}
