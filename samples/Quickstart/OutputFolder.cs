using Samples;

namespace Quickstart;

/// <summary>
/// The folder that a project names as the result of its build. The name and what is in it are the user's: neither leads out of the
/// checkout.
/// </summary>
internal static class OutputFolder
{
    public const int MaxFiles = 10_000;
    public const long MaxBytes = 1L << 30;

    // Links are passed over, whether to files or to folders.
    private static readonly EnumerationOptions WithoutLinks = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = true,
    };

    /// <summary>Finds the folder.</summary>
    /// <exception cref="StepFailedException">The name leads out of the checkout, passes a link, or names no folder.</exception>
    public static string Find(string checkout, string name)
    {
        // The forms of every system, whatever this one is: a name that is harmless here may be read elsewhere tomorrow.
        var parts = name.Split('/', '\\');
        if (name.StartsWith('/') || name.StartsWith('\\') || parts.Any(IsUnsafe))
        {
            throw new StepFailedException("The output folder must be a path below the checkout, such as dist or build/public.");
        }

        var folder = new DirectoryInfo(checkout);
        foreach (var part in parts.Where(part => part is not ("" or ".")))
        {
            folder = new DirectoryInfo(Path.Combine(folder.FullName, part));
            if (folder.LinkTarget is not null)
            {
                throw new StepFailedException("The output folder must not be, or lie behind, a symbolic link.");
            }
        }

        return folder.Exists
            ? folder.FullName
            : throw new StepFailedException("The build made no output folder of the name that the project gives.");
    }

    /// <summary>Copies the files of a folder, not pipes, sockets and devices.</summary>
    /// <returns>The number of files.</returns>
    /// <exception cref="StepFailedException">There are too many files, they are too large, or one cannot be read.</exception>
    public static int Copy(string source, string target)
    {
        try
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
                    throw new StepFailedException(
                        $"The output folder holds more than {MaxFiles:N0} files, or more than {MaxBytes >> 20:N0} MiB.");
                }

                var copy = Path.Combine(target, path);
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                file.CopyTo(copy);
            }

            return count;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new StepFailedException("The output folder cannot be copied.");
        }
    }

    // Dots and spaces alone are the folder above on some system; a colon is a drive, or a stream of a file.
    private static bool IsUnsafe(string part) => part is not ("" or ".")
        && (part.Trim(' ', '.').Length == 0
            || part.Any(character => character == ':' || char.IsControl(character))
            || part.TrimEnd(' ', '.').Equals(".git", StringComparison.OrdinalIgnoreCase));
}
