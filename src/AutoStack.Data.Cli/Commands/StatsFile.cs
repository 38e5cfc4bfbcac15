using System.Text;
using System.Text.Json;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Monitoring;

namespace AutoStack.Data.Cli.Commands;

/// <summary>A look in a file, in the JSON of <c>stats --json</c>.</summary>
internal static class StatsFile
{
    private const long MostBytes = 64 << 20;

    public static DatabaseStats Read(string file, string directory)
    {
        var path = Path.GetFullPath(file, directory);
        try
        {
            if (new FileInfo(path).Length > MostBytes)
            {
                throw Failure.Usage($"--since: {file} is larger than a look can be.");
            }

            return JsonSerializer.Deserialize<DatabaseStats>(File.ReadAllText(path), JsonResults.Format)
                ?? throw Failure.Usage($"--since: {file} is not a look of stats --save or --json.");
        }
        catch (JsonException)
        {
            throw Failure.Usage($"--since: {file} is not a look of stats --save or --json.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw Failure.Usage($"--since: {file} cannot be read: {exception.Message}");
        }
    }

    public static void Write(DatabaseStats stats, string file, string directory)
    {
        try
        {
            File.WriteAllText(
                Path.GetFullPath(file, directory), JsonSerializer.Serialize(StatsJson.Of(stats, change: null), JsonResults.Format),
                new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new CliException(
                new Failure(ExitCode.Failed, "notWritten", $"--save: {file} cannot be written: {exception.Message}"));
        }
    }
}
