using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Cli.Backups;

/// <summary>Ages as options and in sentences: 26h, 8d.</summary>
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

    /// <summary>An age in its two greatest units: <c>2 d 3 h</c>, <c>14 min</c>, <c>12 s</c>.</summary>
    public static string Text(TimeSpan age) => age switch
    {
        { TotalDays: >= 1 } => $"{(int)age.TotalDays} d {age.Hours} h",
        { TotalHours: >= 1 } => $"{(int)age.TotalHours} h {age.Minutes} min",
        { TotalMinutes: >= 1 } => $"{(int)age.TotalMinutes} min",
        _ => $"{Math.Max(0, (int)age.TotalSeconds)} s",
    };

    /// <summary>A number of bytes: <c>21.9 MB</c>.</summary>
    public static string Size(long bytes)
    {
        string[] units = ["bytes", "kB", "MB", "GB", "TB"];
        var (size, unit) = ((double)bytes, 0);
        for (; size >= 1000 && unit < units.Length - 1; unit++)
        {
            size /= 1000;
        }

        return unit == 0 ? $"{bytes} {units[0]}" : string.Create(CultureInfo.InvariantCulture, $"{size:0.0} {units[unit]}");
    }

    private static string Short(TimeSpan age) => age switch
    {
        { TotalDays: >= 2 } => $"{(int)age.TotalDays}d",
        { TotalHours: >= 1 } => $"{(int)age.TotalHours}h",
        _ => $"{(int)age.TotalMinutes}min",
    };

    [GeneratedRegex("^(?<number>[0-9]+)(?<unit>s|min|h|d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
