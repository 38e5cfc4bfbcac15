namespace AutoStack.Data.Cli;

/// <summary>Reads a file or pipe that contains only a connection string, for example a mounted secret.</summary>
internal static class ConnectionFile
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;

    /// <exception cref="CliException">The file cannot be read, is empty, has several lines, or others can read or change it.</exception>
    public static string Read(string path, string directory)
    {
        try
        {
            var full = Path.GetFullPath(path, directory);

            // The permissions are those of the open handle, so that the file that is checked is the file that is read.
            using var reader = new StreamReader(full);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(((FileStream)reader.BaseStream).SafeFileHandle) & Others) != 0)
            {
                throw Failure.Usage(
                    "--connection-file: every user of the machine can read the file, or others can change it. " +
                    "Restrict it to its owner, or let the group read it: chmod 600 or 640.");
            }

            var text = reader.ReadToEnd().Trim();
            return text.Length == 0 ? throw Failure.Usage("--connection-file: the file is empty.")
                : text.AsSpan().IndexOfAny('\n', '\r') >= 0 ? throw Failure.Usage("--connection-file: the file has more than one line.")
                : text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure.Usage(exception is FileNotFoundException or DirectoryNotFoundException
                ? "--connection-file: the file does not exist." : "--connection-file: the file cannot be read.");
        }
    }
}
