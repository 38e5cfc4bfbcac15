using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AutoStack.Data.Migrations;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A primary and a hot standby that replicates it by streaming. Both end with this process, killed or not. Depends on no test framework.
/// </summary>
public sealed class ReplicatedServers : IAsyncDisposable
{
    // The shell ends when its standard input is closed: by the disposal, or by the end of this process. A stopped server is continued
    // first, with its children, because it would not end.
    private const string Script =
        """
        folder=$1; bin=$2; primary=$3; standby=$4; delay=$5
        as=; if [ "$(id -u)" = 0 ]; then
            for name in postgres nobody; do if id -u $name > /dev/null 2>&1; then break; fi; done
            as="setpriv --reuid=$(id -u $name) --regid=$(id -g $name) --clear-groups"
            chown $(id -u $name) "$folder"
        fi
        cd "$folder"
        exec > log 2>&1
        serve() {
            name=$1; port=$2; shift 2
            exec $as "$bin/postgres" -D "$folder/$name" -p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off "$@"
        }
        finish() {
            [ -n "$1" ] || return
            kill -CONT $1 $(cat /proc/$1/task/$1/children)
            kill -QUIT $1
            wait $1
        }
        $as "$bin/initdb" -D "$folder/primary" -U autostack --auth=trust --encoding=UTF8 --locale=C --no-sync < /dev/null
        (serve primary $primary < /dev/null) & first=$!
        tries=0
        until $as "$bin/pg_basebackup" -h 127.0.0.1 -p $primary -U autostack -D "$folder/standby" -R -X stream --checkpoint=fast --no-sync \
            < /dev/null || [ $tries = 300 ]; do
            tries=$((tries + 1)); rm -rf standby; sleep 0.1
        done
        # The copy may hold the primary's setting; a promoted standby that waits for a standby of its own commits nothing.
        (serve standby $standby -c recovery_min_apply_delay=$delay -c synchronous_standby_names= < /dev/null) & second=$!
        read end
        finish $first
        finish $second
        rm -rf "$folder"
        """;

    private readonly Process shell;
    private readonly string folder;

    private ReplicatedServers(Process shell, string folder, int primary, int standby)
    {
        (this.shell, this.folder) = (shell, folder);
        Primary = To($"Host=127.0.0.1;Port={primary}");
        Standby = To($"Host=127.0.0.1;Port={standby}");
        ConnectionString = To($"Host=127.0.0.1:{primary},127.0.0.1:{standby}");

        static string To(string host) =>
            $"{host};Database=postgres;Username=autostack;SSL Mode=Disable;GSS Encryption Mode=Disable";
    }

    /// <summary>Both hosts, the primary first.</summary>
    public string ConnectionString { get; }

    /// <summary>The host that starts as the primary.</summary>
    public string Primary { get; }

    /// <summary>The host that starts as the standby.</summary>
    public string Standby { get; }

    /// <summary>Whether the folder has the programs that this class needs.</summary>
    public static bool CanStart(string binaries) =>
        OperatingSystem.IsLinux() && File.Exists(Path.Combine(binaries, "initdb")) && File.Exists(Path.Combine(binaries, "pg_basebackup"));

    /// <summary>Starts both servers with the newest schema; the standby has applied it.</summary>
    /// <param name="binaries">The folder of the server's programs.</param>
    /// <param name="applyDelay">How late the standby applies what it has received.</param>
    /// <param name="isSynchronous">Whether the primary acknowledges a commit only after the standby has stored it.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<ReplicatedServers> StartAsync(
        string binaries, TimeSpan applyDelay, bool isSynchronous, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("autostack-standby-").FullName;
        var (primary, standby) = (FreePort(), FreePort());
        var start = new ProcessStartInfo(
            "/bin/sh",
            [
                "-c", Script, "sh", folder, binaries, Text(primary), Text(standby), $"{Text((int)applyDelay.TotalMilliseconds)}ms",
            ])
        {
            RedirectStandardInput = true,
        };
        var servers = new ReplicatedServers(Process.Start(start)!, folder, primary, standby);
        try
        {
            // pg_basebackup streams too, under its own name.
            await servers.UntilAsync(
                servers.Primary,
                "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming' AND application_name = 'walreceiver')",
                cancellationToken);
            await new SchemaMigrator(servers.Primary).UpgradeAsync(cancellationToken: cancellationToken);
            if (isSynchronous)
            {
                await ExecuteAsync(servers.Primary, "ALTER SYSTEM SET synchronous_standby_names = '*'", cancellationToken);
                await ExecuteAsync(servers.Primary, "SELECT pg_reload_conf()", cancellationToken);
                await servers.UntilAsync(
                    servers.Primary, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')", cancellationToken);
            }

            await servers.UntilAppliedAsync(cancellationToken);
            return servers;
        }
        catch
        {
            await servers.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until the standby has applied what the primary has stored by now.</summary>
    public async Task UntilAppliedAsync(CancellationToken cancellationToken)
    {
        var position = await ExecuteAsync(Primary, "SELECT pg_current_wal_lsn()::text", cancellationToken);
        await UntilAsync(Standby, $"SELECT pg_last_wal_replay_lsn() >= '{position}'", cancellationToken);
    }

    /// <summary>Kills the primary's postmaster; its children find out and end.</summary>
    public Task KillPrimaryAsync(CancellationToken cancellationToken) =>
        SignalAsync("KILL", "primary", withChildren: false, cancellationToken);

    /// <summary>Stops the standby as an administrator does.</summary>
    public Task StopStandbyAsync(CancellationToken cancellationToken) =>
        SignalAsync("INT", "standby", withChildren: false, cancellationToken);

    /// <summary>Stops every process of the primary where it is: connections stay open, and nobody answers.</summary>
    public Task FreezePrimaryAsync(CancellationToken cancellationToken) =>
        SignalAsync("STOP", "primary", withChildren: true, cancellationToken);

    /// <summary>As <see cref="FreezePrimaryAsync"/>, of the standby.</summary>
    public Task FreezeStandbyAsync(CancellationToken cancellationToken) =>
        SignalAsync("STOP", "standby", withChildren: true, cancellationToken);

    /// <summary>Ends the replication: from now on the standby gets nothing of what the primary stores.</summary>
    public async Task CutOffStandbyAsync(CancellationToken cancellationToken)
    {
        await ExecuteAsync(Standby, "ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'", cancellationToken);
        await ExecuteAsync(Standby, "SELECT pg_reload_conf()", cancellationToken);
        await UntilAsync(Primary, "SELECT NOT EXISTS (SELECT FROM pg_stat_replication)", cancellationToken);
    }

    /// <summary>Makes the standby the primary; returns when it accepts changes.</summary>
    public async Task PromoteAsync(CancellationToken cancellationToken) =>
        await ExecuteAsync(Standby, "SELECT pg_promote(true, 60)", cancellationToken);

    /// <summary>Runs one statement on one server, outside any pool; returns its first value.</summary>
    public static async Task<object?> ExecuteAsync(string connectionString, string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(
            connectionString + ";Pooling=false;Application Name=direct;"
            + @"Options=-c default_transaction_isolation=read\ committed -c default_transaction_read_only=off");
        await connection.OpenAsync(cancellationToken);
#pragma warning disable CA2100 // The callers are tests.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
        shell.Dispose();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

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

    private async Task SignalAsync(string signal, string server, bool withChildren, CancellationToken cancellationToken)
    {
        var lines = await File.ReadAllLinesAsync(Path.Combine(folder, server, "postmaster.pid"), cancellationToken);
        await KillAsync([lines[0]]);
        if (withChildren)
        {
            // The stopped postmaster starts no further process.
            await KillAsync((await File.ReadAllTextAsync($"/proc/{lines[0]}/task/{lines[0]}/children", cancellationToken)).Split(
                ' ', StringSplitOptions.RemoveEmptyEntries));
        }

        async Task KillAsync(string[] ids)
        {
            using var kill = Process.Start("kill", [$"-{signal}", .. ids]);
            await kill.WaitForExitAsync(cancellationToken);
        }
    }

    private async Task UntilAsync(string connectionString, string sql, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            try
            {
                if (await ExecuteAsync(connectionString, sql, limit.Token) is true)
                {
                    return;
                }
            }
            catch (NpgsqlException) when (!shell.HasExited)
            {
                // The server is starting.
            }

            await Task.Delay(20, limit.Token);
        }
    }
}
