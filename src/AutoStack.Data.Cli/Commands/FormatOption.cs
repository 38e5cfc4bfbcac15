using System.CommandLine;
using AutoStack.Data.Cli.Output;

namespace AutoStack.Data.Cli.Commands;

/// <summary><c>--format</c>: the form of a report, for people, programs and build servers.</summary>
internal static class FormatOption
{
    private const string Name = "--format";

    private static readonly string[] Formats = [.. Enum.GetNames<CheckFormat>().Select(name => name.ToLowerInvariant())];

    public static Option<CheckFormat> Create() => new(Name)
    {
        Description = $"The form of the report: {string.Join(", ", Formats)}. Default: text.",
        HelpName = string.Join('|', Formats),
        CustomParser = result =>
        {
            if (!Formats.Contains(result.Tokens[0].Value) || !Enum.TryParse<CheckFormat>(result.Tokens[0].Value, true, out var format))
            {
                result.AddError($"{Name} is one of {string.Join(", ", Formats)}.");
                return default;
            }

            return format;
        },
    };

    /// <summary>True when the arguments ask for JSON with <c>--format</c>; failures are then JSON, too.</summary>
    public static bool AsksForJson(IReadOnlyList<string> args) => args.Index().Any(arg =>
        (arg.Item == Name && arg.Index + 1 < args.Count && args[arg.Index + 1] == "json")
        || arg.Item is Name + "=json" or Name + ":json");

    /// <summary>True for the formats of build servers, which bypass the results for people and programs.</summary>
    public static bool IsForBuildServers(this CheckFormat format) => format is not (CheckFormat.Text or CheckFormat.Json);
}
