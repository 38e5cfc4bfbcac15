using System.CommandLine;
using AutoStack.Data.Archives;
using AutoStack.Data.Parquet;

namespace AutoStack.Data.Cli.Commands;

/// <summary>The folder of archives, by an option or a variable, and their formats.</summary>
internal static class ArchiveOptions
{
    public const string Variable = "AUTOSTACK_ARCHIVE";

    private static readonly Dictionary<string, ArchiveFormat> Known = new(StringComparer.Ordinal)
    {
        ["csv"] = ArchiveFormat.Csv,
        ["parquet"] = new ParquetArchiveFormat(),
    };

    /// <summary>All formats, which the console reads whatever it writes.</summary>
    public static ArchiveFormats Formats { get; } = new(Known.Values);

    /// <summary>The format of new archives; null when it is not given.</summary>
    public static Option<ArchiveFormat?> Format(string name) => new(name)
    {
        Description = "The format of the files: csv, compressed by gzip, or parquet, for DuckDB and the like. Default: csv.",
        HelpName = string.Join('|', Known.Keys),
        CustomParser = result =>
        {
            if (!Known.TryGetValue(result.Tokens[0].Value, out var format))
            {
                result.AddError($"{name} is one of {string.Join(", ", Known.Keys)}.");
            }

            return format;
        },
    };

    /// <summary>Sets the formats of the library.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="written">The format of new archives; null for CSV.</param>
    public static void SetFormats(AutoStackDataOptions options, ArchiveFormat? written)
    {
        foreach (var format in Known.Values.Prepend(written ?? ArchiveFormat.Csv).Distinct())
        {
            options.ArchiveFormats.Add(format);
        }
    }

    public static Option<string?> Folder(string name, string what) => new(name)
    {
        Description = $"{what} Default: {Variable}.",
        HelpName = "FOLDER",
    };

    /// <summary>The store of the folder that is given.</summary>
    /// <exception cref="CliException">No folder is given, or it is not a path.</exception>
    public static FolderArchiveStore Store(Session session, ParseResult parsed, Option<string?> option)
    {
        var folder = parsed.GetValue(option) is { } given ? given : session.Host.Environment(Variable);
        if (string.IsNullOrWhiteSpace(folder))
        {
            throw Failure.Usage($"No folder of archives is given. Use {option.Name} or {Variable}.");
        }

        try
        {
            return new FolderArchiveStore(Path.GetFullPath(folder, session.Host.Directory));
        }
        catch (ArgumentException exception)
        {
            throw Failure.Usage($"{option.Name} is not a path: {exception.Message}");
        }
    }
}
