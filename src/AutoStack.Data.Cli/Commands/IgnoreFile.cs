using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Commands;

/// <summary>Reads the file of <c>check --ignore</c>.</summary>
internal static class IgnoreFile
{
    /// <exception cref="CliException">The file cannot be read, or a line is wrong.</exception>
    public static IgnoreList Read(string? path, string directory)
    {
        if (path is null)
        {
            return IgnoreList.Empty;
        }

        try
        {
            return IgnoreList.Parse(File.ReadAllText(Path.GetFullPath(path, directory)));
        }
        catch (FormatException exception)
        {
            throw Failure.Usage($"--ignore {path}: {exception.Message}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure.Usage($"--ignore {path}: the file {(exception is FileNotFoundException or DirectoryNotFoundException
                ? "does not exist" : "cannot be read")}.");
        }
    }
}
