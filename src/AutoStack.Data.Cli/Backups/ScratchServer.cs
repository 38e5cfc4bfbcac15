using System.Runtime.Versioning;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations.Internal;
using Npgsql;

namespace AutoStack.Data.Cli.Backups;

/// <summary>
/// A server that a backup is restored to, in a folder of its own. It listens on a Unix socket in that folder only, archives nothing, sends
/// and receives no replication, and ends with this process.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal sealed class ScratchServer : IAsyncDisposable
{
    private const string Restored = "restored";

    // The name of the socket ends with the number of a port that nothing listens on; a short one leaves room for the path.
    private const int SocketNumber = 1;

    // sun_path of Linux has 108 bytes, that of macOS 104.
    private const int LongestSocket = 103;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    // Of the server, and of pgBackRest, which fetches the segments: its errors have a number in brackets.
    private static readonly string[] FailureMarks = ["FATAL:", "PANIC:", "ERROR: ["];

    // They are on the command line, which is stronger than every file that the backup brings along. Libraries are not preloaded, because
    // their workers would do in the copy what they do in the original; subscriptions would take the changes that are the original's.
    private static readonly string[] Settings =
    [
        "listen_addresses=", "archive_mode=off", "hot_standby=off", "ssl=off", "max_wal_senders=0", "max_logical_replication_workers=0",
        "shared_preload_libraries=", "session_preload_libraries=", "local_preload_libraries=", "primary_conninfo=", "autovacuum=off",
        "fsync=off", "full_page_writes=off", "synchronous_commit=off", "synchronous_standby_names=", "shared_buffers=128MB",
        "huge_pages=off", "max_connections=20", "max_prepared_transactions=100", "logging_collector=off", "log_destination=stderr",
        "external_pid_file=", "cluster_name=autostack rehearsal", "lc_messages=C", "restart_after_crash=off",
    ];

    private readonly Supervisor supervisor;

    private ScratchServer(string folder, Supervisor supervisor) => (Folder, this.supervisor) = (folder, supervisor);

    public string Folder { get; }

    private string Data => DataOf(Folder);

    /// <summary>Starts to restore a backup; the server starts when that is done.</summary>
    /// <param name="pgBackRest">The program that restores.</param>
    /// <param name="binaries">The binaries of the server's version.</param>
    /// <param name="parent">The folder in which the server's folder is created.</param>
    /// <param name="restore">The options of <c>pgbackrest restore</c>: the set and the target.</param>
    /// <exception cref="CliException">The folder cannot be created, or its path is too long.</exception>
    public static ScratchServer Start(PgBackRest pgBackRest, PostgresBinaries binaries, string parent, IEnumerable<string> restore)
    {
        var folder = CreateFolder(parent);
        File.WriteAllText(Path.Combine(folder, "postgresql.conf"), "");
        File.WriteAllText(Path.Combine(folder, "pg_hba.conf"), "local all all trust\n");
        File.WriteAllText(Path.Combine(folder, "pg_ident.conf"), "");
        foreach (var name in new[] { "lock", "spool", "tablespaces" })
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
        }

        // Locks and the queue of fetched segments are those of this folder, so that the original is not held up. The queue's place is in
        // the environment: on the command line it is refused by a repository without archive-async.
        var restoring = Shell.Quote(pgBackRest.CommandLine("restore",
        [
            .. restore, $"--pg1-path={DataOf(folder)}", $"--lock-path={folder}/lock", $"--log-path={folder}",
            $"--tablespace-map-all={folder}/tablespaces", "--archive-mode=off", "--log-level-console=off", "--log-level-stderr=error",
        ]));
        var owned = pgBackRest.User is { } user ? Shell.Quote(["chown", "-R", user, folder]) + " && " : "";
        var serve = Shell.Quote(
        [
            .. pgBackRest.Prefix, "/usr/bin/env", $"PGBACKREST_SPOOL_PATH={folder}/spool", binaries.Postgres, "-D", DataOf(folder),
            .. Settings.Concat(
                [
                    $"port={SocketNumber}", $"unix_socket_directories={folder}", $"config_file={folder}/postgresql.conf",
                    $"hba_file={folder}/pg_hba.conf", $"ident_file={folder}/pg_ident.conf",
                ])
                .SelectMany(setting => new[] { "-c", setting }),
        ]);
        return new ScratchServer(folder, Supervisor.Start(
            folder,
            $"{owned}{restoring} && : >{Shell.Quote([Path.Combine(folder, Restored)])}",
            serve,
            SearchPlaces.OfThisMachine().FindProgram("setsid")));
    }

    /// <summary>A connection string; every role may log in, because only the server's user reaches the folder.</summary>
    public string ConnectionString(string database, string role) => new NpgsqlConnectionStringBuilder
    {
        Host = Folder,
        Port = SocketNumber,
        Database = database,
        Username = role,
        Pooling = false,
        ApplicationName = "autostack-db",
    }.ConnectionString;

    /// <summary>Waits until the files are there.</summary>
    /// <returns>The reason why they are not; null when they are.</returns>
    public async Task<string?> RestoreAsync(CancellationToken cancellationToken)
    {
        while (!File.Exists(Path.Combine(Folder, Restored)))
        {
            if (supervisor.Ended.IsCompleted)
            {
                return PgBackRest.Reason(ReadLog());
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Waits until the server has applied the write-ahead log and accepts connections, however long that takes.</summary>
    /// <returns>The reason why it ended; null when it runs.</returns>
    public async Task<string?> RecoverAsync(CancellationToken cancellationToken)
    {
        while (!IsReady())
        {
            if (supervisor.Ended.IsCompleted)
            {
                return Failures();
            }

            await Task.Delay(PollInterval, cancellationToken).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>Ends the server, or the restore, and removes the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        await supervisor.DisposeAsync().ConfigureAwait(false);
        try
        {
            // The shell removes it; a shell that had to be killed leaves it.
            if (Directory.Exists(Folder))
            {
                Directory.Delete(Folder, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The next rehearsal removes it.
        }
    }

    private static string DataOf(string folder) => Path.Combine(folder, "data");

    private static string CreateFolder(string parent)
    {
        try
        {
            var folder = ServerFolder.Create(parent);
            var excess = Path.Combine(folder, $".s.PGSQL.{SocketNumber}").Length - LongestSocket;
            if (excess > 0)
            {
                Directory.Delete(folder, recursive: true);
                throw Failure.Usage(
                    "--scratch: the path is too long for the socket of a server: give one of at most "
                    + $"{parent.Length - excess} characters.");
            }

            return folder;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"--scratch: {Visible.Text(parent)} cannot be written: {exception.Message}");
        }
    }

    // The postmaster says so in the last line of its file.
    private bool IsReady()
    {
        try
        {
            return File.ReadLines(Path.Combine(Data, "postmaster.pid")).LastOrDefault()?.Trim() == "ready";
        }
        catch (IOException)
        {
            return false;
        }
    }

    private string Failures()
    {
        var lines = ReadLog().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var failures = lines.Select(line => (Line: line, At: FailureMarks.Max(mark => line.IndexOf(mark, StringComparison.Ordinal))))
            .Where(line => line.At >= 0).Select(line => line.Line[line.At..]).Distinct();
        return string.Join(" | ", failures.DefaultIfEmpty(lines.LastOrDefault() ?? "the server ended without a message"));
    }

    private string ReadLog()
    {
        try
        {
            return File.ReadAllText(Path.Combine(Folder, "log"));
        }
        catch (IOException)
        {
            return "";
        }
    }
}
