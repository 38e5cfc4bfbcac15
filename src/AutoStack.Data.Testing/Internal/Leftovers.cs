using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>
/// What runs left behind that were killed together with everything that would have cleaned up after them. Each thing names the process it belongs to;
/// nothing is touched unless that process is known to be dead.
/// </summary>
internal static class Leftovers
{
    public const string DatabasePrefix = "autostack_test_";
    private const string FolderPrefix = "autostack-postgres-";
    private const string OwnerFile = "owner";
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(5);

    /// <summary>Makes a folder for a server that belongs to this process and is readable by nobody else.</summary>
    public static string CreateFolder()
    {
        var folder = Directory.CreateTempSubdirectory(FolderPrefix).FullName;
        File.WriteAllText(Path.Combine(folder, OwnerFile), OwnerProcess.Current.ToString());
        return folder;
    }

    /// <summary>Records that a database belongs to this process.</summary>
    public static string MarkDatabaseSql(string name) =>
        $"COMMENT ON DATABASE {name} IS '{OwnerProcess.Current.ToString().Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>Drops the test databases of dead processes of this machine.</summary>
    public static async Task DropDatabasesAsync(Administration administration, CancellationToken cancellationToken)
    {
        var databases = await administration.ListAsync("""
            SELECT datname::text, shobj_description(oid, 'pg_database')
            FROM pg_database
            WHERE datname ~ '^autostack_test_[0-9a-f]{16}$'
            """, cancellationToken).ConfigureAwait(false);
        foreach (var (name, owner) in databases.Where(database => OwnerProcess.Parse(database.Second) is { IsDead: true }))
        {
            try
            {
                await administration.ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", cancellationToken).ConfigureAwait(false);
            }
            catch (PostgresException)
            {
                // Another role's, or another process is dropping it: not worth failing for.
            }
        }
    }

    /// <summary>Stops the servers of dead processes of this machine and removes their folders.</summary>
    public static async Task RemoveServersAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        foreach (var folder in Directory.GetDirectories(Path.GetTempPath(), FolderPrefix + "*"))
        {
            try
            {
                if (new DirectoryInfo(folder).LinkTarget is null
                    && OwnerProcess.Parse(await ReadAsync(folder, OwnerFile, cancellationToken).ConfigureAwait(false)) is { IsDead: true }
                    && await StopAsync(folder, cancellationToken).ConfigureAwait(false))
                {
                    Directory.Delete(folder, recursive: true);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Somebody else's, or somebody else is removing it.
            }
        }
    }

    private static async Task<bool> StopAsync(string folder, CancellationToken cancellationToken)
    {
        var pidFile = await ReadAsync(folder, "data/postmaster.pid", cancellationToken).ConfigureAwait(false);
        if (!int.TryParse(pidFile?.Split('\n')[0], CultureInfo.InvariantCulture, out var id))
        {
            return true;
        }

        var watch = Stopwatch.StartNew();
        while (await IsPostmasterAsync(id, folder, cancellationToken).ConfigureAwait(false))
        {
            if (watch.Elapsed > StopWait)
            {
                return false;
            }

            await Shell.RunAsync("kill", ["-QUIT", $"{id}"], cancellationToken).ConfigureAwait(false);
            await Task.Delay(100, cancellationToken).ConfigureAwait(false);
        }

        return true;
    }

    private static async Task<bool> IsPostmasterAsync(int id, string folder, CancellationToken cancellationToken)
    {
        try
        {
            var commandLine = OperatingSystem.IsLinux()
                ? await File.ReadAllTextAsync($"/proc/{id}/cmdline", cancellationToken).ConfigureAwait(false)
                : (await Shell.RunAsync("ps", ["-o", "args=", "-p", $"{id}"], cancellationToken).ConfigureAwait(false)).Output;
            return commandLine.Replace('\0', ' ').Contains($"/postgres -D {folder}/data ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<string?> ReadAsync(string folder, string file, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, file);
        return File.Exists(path) ? await File.ReadAllTextAsync(path, cancellationToken).ConfigureAwait(false) : null;
    }
}
