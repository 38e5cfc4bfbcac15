using AutoStack.Data.Cli.Output;
using AutoStack.Data.LocalServer;
using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Backups;

/// <summary>The folder in which scratch servers live.</summary>
internal static class ScratchPlace
{
    /// <summary>Removes what rehearsals that were killed have left there, and looks whether there is room.</summary>
    /// <exception cref="CliException">The folder is missing, lies in the files of a server, or is too small.</exception>
    public static async Task PrepareAsync(string folder, Backup backup, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            throw Failure.Usage($"--scratch: the folder {Visible.Text(folder)} does not exist.");
        }

        if (ServerAround(folder) is { } data)
        {
            throw Failure.Usage($"--scratch: {Visible.Text(folder)} lies in the data directory of a server, {Visible.Text(data)}.");
        }

        await ServerFolder.RemoveAbandonedAsync(cancellationToken, folder).ConfigureAwait(false);
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < backup.Size)
        {
            throw PgBackRest.Failed(
                $"The backup {backup.Label} needs {Amount.Bytes(backup.Size)}, and {Visible.Text(folder)} has {Amount.Bytes(free)} free. "
                + "Name a larger folder with --scratch.");
        }
    }

    // Links are followed at every step: the parent of a link's target may be a data directory as well.
    private static string? ServerAround(string folder)
    {
        for (var at = Real(folder); at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "PG_VERSION")))
            {
                return at;
            }
        }

        return null;
    }

    private static string Real(string folder)
    {
        var parts = Path.GetFullPath(folder).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        return parts.Aggregate(Path.DirectorySeparatorChar.ToString(), (real, part) =>
        {
            var next = Path.Combine(real, part);
            return new DirectoryInfo(next).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? next;
        });
    }
}
