using System.CommandLine;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Monitoring;

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

    /// <summary>Why the arguments contradict each other: <c>--json</c> beside another format; null when they do not.</summary>
    public static string? Conflict(ParseResult parsed, Option<bool> json) =>
        parsed.GetResult(json) is { Implicit: false }
        && parsed.CommandResult.Command.Options.OfType<Option<CheckFormat>>().FirstOrDefault() is { } format
        && parsed.GetResult(format) is { Implicit: false }
        && parsed.GetValue(format) is not CheckFormat.Json and var asked
            ? $"{json.Name} and {Name} {asked.ToString().ToLowerInvariant()} exclude each other." : null;

    /// <summary>Writes the report of a verb in the format that was asked for, and returns the exit code of its findings.</summary>
    /// <param name="session">The run.</param>
    /// <param name="format">The format.</param>
    /// <param name="verb">The verb, for build servers.</param>
    /// <param name="findings">What the verb found; build servers get nothing else.</param>
    /// <param name="print">Prints the whole report for people or programs.</param>
    public static int Report(
        Session session, CheckFormat format, string verb, IReadOnlyList<Finding> findings, Action<IResults> print)
    {
        if (format.IsForBuildServers())
        {
            CheckFormats.Write(format, verb, CheckFinding.Of(findings), session.Host.Output);
        }
        else
        {
            print(session.Results);
        }

        return FindingLines.ExitCodeOf(findings);
    }

    /// <summary>True for the formats of build servers, which bypass the results for people and programs.</summary>
    public static bool IsForBuildServers(this CheckFormat format) => format is not (CheckFormat.Text or CheckFormat.Json);
}
