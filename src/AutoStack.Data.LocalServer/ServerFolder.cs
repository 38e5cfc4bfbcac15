using System.Diagnostics;
using System.Globalization;

namespace AutoStack.Data.LocalServer;

/// <summary>
/// The folder of one server, below the temporary folder unless another parent is named. The folder records the process that owns it, so
/// that a later run can remove the folders and servers of processes that were killed. Nothing is touched unless its owner is known to be
/// dead, and nothing of a user to whom this library gives no folder is looked into.
/// </summary>
internal static class ServerFolder
{
    private const string Prefix = "autostack-postgres-";
    private const string OwnerFile = "owner";
    private static readonly TimeSpan StopWait = TimeSpan.FromSeconds(5);

    /// <summary>Creates a folder that belongs to this process and that only its user can read.</summary>
    /// <param name="parent">The existing folder in which it is created; null for the temporary folder.</param>
    public static string Create(string? parent = null)
    {
        string folder;
        if (parent is null || OperatingSystem.IsWindows())
        {
            folder = Directory.CreateTempSubdirectory(Prefix).FullName;
        }
        else
        {
            const UnixFileMode Own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            folder = Directory.CreateDirectory(Path.Combine(parent, Prefix + RandomName.Create()), Own).FullName;
        }

        File.WriteAllText(Path.Combine(folder, OwnerFile), OwnerProcess.Current.ToString());
        return folder;
    }

    /// <summary>Stops the servers of dead processes of this machine and removes their folders.</summary>
    public static async Task RemoveAbandonedAsync(CancellationToken cancellationToken, string? parent = null)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        try
        {
            var folders = Directory.GetDirectories(parent ?? Path.GetTempPath(), Prefix + "*");
            if (folders.Length > 0)
            {
                var owners = await FolderOwners.FindAsync(cancellationToken).ConfigureAwait(false);
                foreach (var folder in folders.Where(owners.Own))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await RemoveAbandonedAsync(folder, owners, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The parent cannot be listed: nothing is known to be abandoned.
        }
    }

    private static async Task RemoveAbandonedAsync(string folder, FolderOwners owners, CancellationToken cancellationToken)
    {
        try
        {
            if (OwnerProcess.Parse(owners.Read(Path.Combine(folder, OwnerFile))) is { IsDead: true }
                && await StopAsync(folder, owners, cancellationToken).ConfigureAwait(false))
            {
                await FolderOwners.RemoveAsync(folder, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another process is removing the folder.
        }
    }

    private static async Task<bool> StopAsync(string folder, FolderOwners owners, CancellationToken cancellationToken)
    {
        var pidFile = owners.Read(Path.Combine(folder, "data", "postmaster.pid"));
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

            await Shell.RunAsync("kill", ["-QUIT", $"{id}"], folder: null, cancellationToken).ConfigureAwait(false);
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
                : (await Shell.RunAsync("ps", ["-o", "args=", "-p", $"{id}"], null, cancellationToken).ConfigureAwait(false)).Output;
            return commandLine.Replace('\0', ' ').Contains($"/postgres -D {folder}/data ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
