using System.Globalization;

namespace AutoStack.Data.LocalServer;

/// <summary>
/// The users to whom this library gives the folders of servers: the user of this process, and, as root, postgres and nobody. In a
/// temporary folder that all users share, a folder of anybody else is not looked into.
/// </summary>
internal sealed class FolderOwners
{
    // Longer than any file that is read: the owner of a folder, and postmaster.pid.
    private const int MaxBytes = 4096;

    private readonly IReadOnlyCollection<int> userIds;

    private FolderOwners(IReadOnlyCollection<int> userIds) => this.userIds = userIds;

    /// <summary>Those of this process.</summary>
    public static async Task<FolderOwners> FindAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            return new FolderOwners([]);
        }

        var userIds = new HashSet<int> { FileStatus.OwnUserId };
        foreach (var name in Environment.IsPrivilegedProcess ? Postmaster.UserNames : [])
        {
            var (found, userId, _) = await Shell.RunAsync("id", ["-u", name], folder: null, cancellationToken).ConfigureAwait(false);
            if (found == 0 && int.TryParse(userId, CultureInfo.InvariantCulture, out var id))
            {
                userIds.Add(id);
            }
        }

        return new FolderOwners(userIds);
    }

    /// <summary>Whether a path is a folder, not a link to one, of one of the users.</summary>
    public bool Own(string folder) => OperatingSystem.IsLinux()
        ? FileStatus.Of(folder) is { IsFolder: true, UserId: var userId } && userIds.Contains(userId)
        : new DirectoryInfo(folder).LinkTarget is null;

    /// <summary>The text of a small file that belongs to one of the users; null for any other file.</summary>
    public string? Read(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            return FileStatus.ReadText(path, MaxBytes, userIds);
        }

        // A named pipe and a device have no length. The temporary folder of macOS belongs to one user.
        var file = new FileInfo(path);
        return file is { Exists: true, LinkTarget: null, Length: > 0 and <= MaxBytes } ? File.ReadAllText(path) : null;
    }

    /// <summary>
    /// Removes a folder. One that belongs to another user is removed with the rights of that user: links that the user puts into it in the
    /// meantime lead root nowhere.
    /// </summary>
    public static async Task RemoveAsync(string folder, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            Directory.Delete(folder, recursive: true);
            return;
        }

        if (FileStatus.Of(folder) is not { IsFolder: true } status)
        {
            return; // another process has removed it
        }

        if (status.UserId == FileStatus.OwnUserId)
        {
            Directory.Delete(folder, recursive: true);
            return;
        }

        await Shell.RunAsync(
            "setpriv",
            [$"--reuid={status.UserId}", $"--regid={status.GroupId}", "--clear-groups", "--reset-env", "rm", "-rf", "--", folder],
            folder: null,
            cancellationToken).ConfigureAwait(false);
        if (FileStatus.Of(folder) is { IsFolder: true })
        {
            // Only root may change the parent; the folder is empty.
            Directory.Delete(folder);
        }
    }
}
