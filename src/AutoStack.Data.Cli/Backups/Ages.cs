using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Cli.Backups;

/// <summary>Ages as options: 26h, 8d.</summary>
internal static partial class Ages
{
    public static Option<TimeSpan> Option(string name, string description, TimeSpan otherwise) => new(name)
    {
        Description = $"{description} Default: {Short(otherwise)}.",
        HelpName = "AGE",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            var match = Form().Match(result.Tokens[0].Value);
            if (!match.Success || !int.TryParse(match.Groups["number"].Value, CultureInfo.InvariantCulture, out var number)
                || number > 100_000)
            {
                result.AddError($"{name} is a whole number and a unit: 30s, 90min, 26h or 8d.");
                return default;
            }

            return match.Groups["unit"].Value switch
            {
                "s" => TimeSpan.FromSeconds(number),
                "min" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                _ => TimeSpan.FromDays(number),
            };
        },
    };

    private static string Short(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => $"{(int)age.TotalDays}d",
        { TotalHours: >= 1 } => $"{(int)age.TotalHours}h",
        _ => $"{(int)age.TotalMinutes}min",
    };

    [GeneratedRegex("^(?<number>[0-9]+)(?<unit>s|min|h|d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
