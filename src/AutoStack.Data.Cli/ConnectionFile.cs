namespace AutoStack.Data.Cli;

/// <summary>A file or pipe that holds a connection string and nothing else, a mounted secret for example.</summary>
internal static class ConnectionFile
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;

    /// <exception cref="CliException">The file cannot be read, is empty, has several lines, or others can read or change it.</exception>
    public static string Read(string path, string directory)
    {
        try
        {
            var full = Path.GetFullPath(path, directory);

            // What is open is what is looked at and read, also when it is a pipe.
            using var reader = new StreamReader(full);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(((FileStream)reader.BaseStream).SafeFileHandle) & Others) != 0)
            {
                throw Failure.Usage("--connection-file: every user of the machine can read the file, or others can change it. Allow it to its owner alone, or to the group to read: chmod 600 or 640.");
            }

            var text = reader.ReadToEnd().Trim();
            return text.Length == 0 ? throw Failure.Usage("--connection-file: the file is empty.")
                : text.AsSpan().IndexOfAny('\n', '\r') >= 0 ? throw Failure.Usage("--connection-file: the file has more than one line.")
                : text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure.Usage(exception is FileNotFoundException or DirectoryNotFoundException
                ? "--connection-file: there is no such file." : "--connection-file: the file cannot be read.");
        }
    }
}
