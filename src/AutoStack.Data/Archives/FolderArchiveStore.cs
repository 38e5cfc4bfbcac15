using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Archives;

/// <summary>
/// Archives in a folder of a disk, one file per object. A file is written under a temporary name, brought to the disk (fsync) and renamed.
/// Files can be read by their owner only. A link in the folder is not followed, and names cannot leave the folder.
/// </summary>
public sealed partial class FolderArchiveStore : IArchiveStore
{
    /// <summary>The maximum length of a name.</summary>
    public const int MaxNameLength = 200;

    private const string Temporary = ".partial";
    private const int BufferSize = 128 << 10;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // A file that is being written for longer belongs to a process that has ended.
    private static readonly TimeSpan LongestWrite = TimeSpan.FromDays(2);

    private readonly string folder;

    /// <summary>Names a folder. It is created by the first write.</summary>
    /// <param name="folder">The path; a relative one is completed by the working directory, once.</param>
    /// <exception cref="ArgumentException">The path is null, blank or not a path.</exception>
    public FolderArchiveStore(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        this.folder = Path.GetFullPath(folder);
    }

    /// <inheritdoc/>
    public async Task WriteAsync(string name, Func<Stream, CancellationToken, Task> write, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        ArgumentNullException.ThrowIfNull(write);
        CreateFolder();
        RemoveForgotten();
        if (new FileInfo(path) is { Exists: true } or { LinkTarget: not null })
        {
            throw new IOException($"{name} exists in {folder}; nothing is replaced.");
        }

        var temporary = Path.Combine(folder, $".{name}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}{Temporary}");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            Options = FileOptions.Asynchronous,
            BufferSize = BufferSize,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        try
        {
            var file = new FileStream(temporary, options);
            await using (file.ConfigureAwait(false))
            {
                await write(file, cancellationToken).ConfigureAwait(false);
                await file.FlushAsync(cancellationToken).ConfigureAwait(false);
                file.Flush(flushToDisk: true);
            }

            cancellationToken.ThrowIfCancellationRequested();
            MoveToNew(temporary, name);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }

        DiskFolder.Flush(folder);
    }

    /// <inheritdoc/>
    public async Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        var file = new FileInfo(PathOf(name));
        if (file.LinkTarget is not null)
        {
            throw new IOException($"{name} in {folder} is a link.");
        }

        return file.Exists
            ? new FileStream(file.FullName, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.Asynchronous)
            : null;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<StoredObject>> ListAsync(CancellationToken cancellationToken)
    {
        var found = new DirectoryInfo(folder);
        return found.Exists ? [.. ObjectsOf(found.EnumerateFiles())] : [];
    }

    /// <inheritdoc/>
    public async Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        var path = PathOf(name);
        var exists = File.Exists(path);
        if (exists)
        {
            File.Delete(path);
            DiskFolder.Flush(folder);
        }

        return exists;
    }

    /// <summary>Whether a text may be the name of an object.</summary>
    internal static bool IsName(string? name) => name is not null && Allowed().IsMatch(name);

    /// <summary>The objects among the files of a folder.</summary>
    internal static IEnumerable<StoredObject> ObjectsOf(IEnumerable<FileInfo> files)
    {
        foreach (var file in files.Where(file => IsName(file.Name) && file.LinkTarget is null))
        {
            long bytes;
            try
            {
                bytes = file.Length;
            }
            catch (FileNotFoundException)
            {
                // Another process has removed the file since it was found.
                continue;
            }

            yield return new(file.Name, bytes);
        }
    }

    private string PathOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return IsName(name)
            ? Path.Combine(folder, name)
            : throw new ArgumentException(
                $"{nameof(name)} has letters, digits, '_', '-' and '.' only, at most {MaxNameLength}, and does not begin with '-' or '.'.",
                nameof(name));
    }

    // A move that is told to replace nothing looks for the file, and then moves: of two at once, both may succeed. Only one process creates
    // the file that holds the name; what a killed one leaves of it is removed with its other temporary files.
    private void MoveToNew(string temporary, string name)
    {
        var holder = Path.Combine(folder, $".{name}{Temporary}");
        using (new FileStream(holder, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
        }

        try
        {
            File.Move(temporary, Path.Combine(folder, name), overwrite: false);
        }
        finally
        {
            File.Delete(holder);
        }
    }

    private void CreateFolder()
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    private void RemoveForgotten()
    {
        foreach (var file in new DirectoryInfo(folder).EnumerateFiles($".*{Temporary}"))
        {
            if (TimeProvider.System.GetUtcNow() - file.LastWriteTimeUtc > LongestWrite)
            {
                file.Delete();
            }
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
