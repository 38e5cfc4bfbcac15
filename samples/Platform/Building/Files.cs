using AutoStack.Data.Hosting;
using Samples;

namespace Platform.Building;

/// <summary>Copies files of strangers: neither a name nor a link leads out of the folder.</summary>
internal static class Files
{
    private const int MaxFiles = 10_000;
    private const long MaxBytes = 1L << 30;

    private static readonly EnumerationOptions WithoutLinks = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = true,
    };

    /// <summary>Copies the files of a folder without links, pipes, sockets and devices, and without <c>.git</c>.</summary>
    /// <returns>The number of files.</returns>
    /// <exception cref="DeploymentFailedException">There are too many files, they are too large, or one cannot be copied.</exception>
    public static int Copy(string source, string target)
    {
        try
        {
            return CopyAll(source, target);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DeploymentFailedException("The files cannot be copied.", exception);
        }
    }

    private static int CopyAll(string source, string target)
    {
        var (count, bytes) = (0, 0L);
        foreach (var file in new DirectoryInfo(source).EnumerateFiles("*", WithoutLinks))
        {
            var path = Path.GetRelativePath(source, file.FullName);
            if (path.Split(Path.DirectorySeparatorChar).Contains(".git") || !FileStatus.IsRegular(file.FullName))
            {
                continue;
            }

            (count, bytes) = (count + 1, bytes + file.Length);
            if (count > MaxFiles || bytes > MaxBytes)
            {
                throw new DeploymentFailedException($"There are more than {MaxFiles} files, or more than {MaxBytes >> 20} MiB.");
            }

            var copy = Path.Combine(target, path);
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            file.CopyTo(copy);
        }

        return count;
    }

    /// <summary>Finds a folder of a checkout by the name that a project gives.</summary>
    /// <exception cref="DeploymentFailedException">It is not there, or not below the checkout.</exception>
    public static string FindBelow(string checkout, string name)
    {
        var folder = new DirectoryInfo(checkout);
        foreach (var part in name.Split('/', '\\').Where(part => part is not ("" or ".")))
        {
            folder = new DirectoryInfo(Path.Combine(folder.FullName, part));
            if (part.Trim(' ', '.').Length == 0 || part.Contains(':', StringComparison.Ordinal) || folder.LinkTarget is not null)
            {
                throw new DeploymentFailedException("The output folder is a path below the repository, such as dist, without links.");
            }
        }

        return folder.Exists ? folder.FullName : throw new DeploymentFailedException("The build wrote no folder of the name that is set.");
    }
}
