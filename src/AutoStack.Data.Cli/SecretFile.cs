namespace AutoStack.Data.Cli;

/// <summary>Reads a file or pipe with a secret, for example a mounted one, unless others than its owner and group can read it.</summary>
internal static class SecretFile
{
    private const UnixFileMode Others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.GroupWrite;

    /// <summary>The text without white space around it.</summary>
    /// <param name="option">The option that names the file, for messages.</param>
    /// <param name="path">The file.</param>
    /// <param name="directory">The working directory.</param>
    /// <exception cref="CliException">The file cannot be read, is empty, or others can read or change it.</exception>
    public static string Read(string option, string path, string directory)
    {
        try
        {
            var full = Path.GetFullPath(path, directory);

            // The permissions are those of the open handle, so that the file that is checked is the file that is read.
            using var reader = new StreamReader(full);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(((FileStream)reader.BaseStream).SafeFileHandle) & Others) != 0)
            {
                throw Failure.Usage(
                    $"{option}: every user of the machine can read the file, or others can change it. " +
                    "Restrict it to its owner, or let the group read it: chmod 600 or 640.");
            }

            var text = reader.ReadToEnd().Trim();
            return text.Length == 0 ? throw Failure.Usage($"{option}: the file is empty.") : text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure.Usage(exception is FileNotFoundException or DirectoryNotFoundException
                ? $"{option}: the file does not exist." : $"{option}: the file cannot be read.");
        }
    }
}
