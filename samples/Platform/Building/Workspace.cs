using Samples;

namespace Platform.Building;

/// <summary>
/// A temporary folder for builds and their results, which is removed when the platform stops. The next start removes those of platforms
/// that were killed.
/// </summary>
internal sealed class Workspace : IDisposable
{
    private const string Prefix = "autostack-platform-";

    private readonly DirectoryInfo root;

    // A file that is locked while its process lives: the system ends the lock, however the process ends.
    private readonly FileStream owner;

    public Workspace()
    {
        foreach (var folder in new DirectoryInfo(Path.GetTempPath()).EnumerateDirectories($"{Prefix}*").Where(IsAbandoned))
        {
            Remove(folder.FullName);
        }

        root = Directory.CreateTempSubdirectory(Prefix);
        owner = Lock(root, FileMode.CreateNew);
    }

    /// <summary>The path of a folder; it is created when it is not there.</summary>
    public string Folder(params ReadOnlySpan<string> names) => Directory.CreateDirectory(Path.Combine([root.FullName, .. names])).FullName;

    /// <summary>Removes a folder. What cannot be removed, because a program still writes to it, goes with the workspace.</summary>
    public static void Remove(string folder)
    {
        try
        {
            MakeRemovable(new DirectoryInfo(folder));
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is gone, or in use.
        }
    }

    public void Dispose()
    {
        owner.Dispose();
        Remove(root.FullName);
    }

    private static FileStream Lock(DirectoryInfo folder, FileMode mode) =>
        new(Path.Combine(folder.FullName, "owner"), mode, FileAccess.ReadWrite, FileShare.None);

    // The names of temporary folders are for everyone to take: only those of this user are looked into.
    private static bool IsAbandoned(DirectoryInfo folder)
    {
        try
        {
            if (folder.LinkTarget is not null || !FileStatus.IsOwn(folder.FullName))
            {
                return false;
            }

            using var abandoned = Lock(folder, FileMode.Open);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It is in use, or has no owner yet.
            return false;
        }
    }

    // A build may have left folders that not even their owner may change, and Git's objects are read-only, which Windows does not remove.
    private static void MakeRemovable(DirectoryInfo folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            folder.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        }

        foreach (var entry in folder.EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is null))
        {
            if (entry is DirectoryInfo child)
            {
                MakeRemovable(child);
            }
            else if (OperatingSystem.IsWindows())
            {
                entry.Attributes = FileAttributes.Normal;
            }
        }
    }
}
