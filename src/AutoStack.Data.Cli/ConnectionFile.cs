namespace AutoStack.Data.Cli;

/// <summary>Reads a file or pipe that contains only a connection string, for example a mounted secret.</summary>
internal static class ConnectionFile
{
    private const string Option = "--connection-file";

    /// <exception cref="CliException">The file cannot be read, is empty, has several lines, or others can read or change it.</exception>
    public static string Read(string path, string directory)
    {
        var text = SecretFile.Read(Option, path, directory);
        return text.AsSpan().IndexOfAny('\n', '\r') >= 0 ? throw Failure.Usage($"{Option}: the file has more than one line.") : text;
    }
}
