using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using AutoStack.Data.Retention;

namespace AutoStack.Data.Cli.Upkeep;

/// <summary>
/// The file of <c>prune --policy</c>: the settings of <see cref="RetentionPolicy"/> in JSON, and those of <see cref="RetentionPacing"/>
/// below <c>pacing</c>. A setting that is not there has its default.
/// </summary>
internal static partial class PolicyFile
{
    private const string PacingName = "pacing";

    private static readonly (string Unit, TimeSpan Time)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)),
        ("d", TimeSpan.FromDays(1)), ("w", TimeSpan.FromDays(7)),
    ];

    /// <summary>Reads the file; the defaults without one.</summary>
    /// <exception cref="CliException">
    /// The file cannot be read or is not JSON, or settings are unknown or wrong: all of them are named.
    /// </exception>
    public static (RetentionPolicy Policy, RetentionPacing Pacing) Read(string? given, string directory)
    {
        var (policy, pacing) = (new RetentionPolicy(), new RetentionPacing());
        if (given is null)
        {
            return (policy, pacing);
        }

        var problems = new List<string>();
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllText(Path.GetFullPath(given, directory)),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            Fill(policy, document.RootElement, "", problems, policy => RetentionRules.Of((RetentionPolicy)policy), member =>
                member.Name == PacingName && Filled(pacing, member.Value, problems));
        }
        catch (JsonException exception)
        {
            throw Failure.Usage(
                $"--policy {given}, line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: not valid JSON.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Failure.Usage($"--policy {given}: the file {(exception is FileNotFoundException or DirectoryNotFoundException
                ? "does not exist" : "cannot be read")}.");
        }

        return problems.Count == 0 ? (policy, pacing) : throw Failure.Usage($"--policy {given}: {string.Join(" ", problems)}");
    }

    private static bool Filled(RetentionPacing pacing, JsonElement element, List<string> problems)
    {
        Fill(pacing, element, $"{PacingName}.", problems, pacing => ((RetentionPacing)pacing).Validate(PacingName), _ => false);
        return true;
    }

    // Each value is checked in an object of its own, so that every wrong one is named.
    private static void Fill<T>(
        T target, JsonElement element, string prefix, List<string> problems, Action<object> check, Func<JsonProperty, bool> fillsOther)
        where T : class, new()
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            problems.Add($"{(prefix.Length == 0 ? "the file" : prefix.TrimEnd('.'))} is not an object.");
            return;
        }

        var settings = typeof(T).GetProperties(BindingFlags.Public | BindingFlags.Instance).ToDictionary(
            property => JsonNamingPolicy.CamelCase.ConvertName(property.Name));
        var seen = new HashSet<string>();
        foreach (var member in element.EnumerateObject())
        {
            var name = prefix + member.Name;
            if (!seen.Add(member.Name))
            {
                problems.Add($"{name} is there twice.");
            }
            else if (settings.TryGetValue(member.Name, out var setting))
            {
                if (Problem(setting, target, new T(), member.Value, check) is { } problem)
                {
                    problems.Add($"{name} {problem}.");
                }
            }
            else if (!fillsOther(member))
            {
                problems.Add($"{name} is unknown.{Nearest.To(member.Name, settings.Keys)}");
            }
        }
    }

    private static string? Problem(PropertyInfo setting, object target, object alone, JsonElement value, Action<object> check)
    {
        var isOptional = Nullable.GetUnderlyingType(setting.PropertyType) is not null;
        var (parsed, expected) = (Nullable.GetUnderlyingType(setting.PropertyType) ?? setting.PropertyType) switch
        {
            _ when value.ValueKind == JsonValueKind.Null && isOptional => (null, ""),
            var type when type == typeof(TimeSpan) =>
                (Duration(value), $"a text such as \"30d\", \"12h\" or \"500ms\"{(isOptional ? ", or null" : "")}"),
            var type when type == typeof(bool) =>
                (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null, "true or false"),
            var type when type == typeof(int) =>
                (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null, "a whole number"),
            _ => (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var real) ? real : (object?)null, "a number"),
        };
        if (parsed is null && expected.Length > 0)
        {
            return $"is not {expected}";
        }

        setting.SetValue(alone, parsed);
        try
        {
            check(alone);
        }
        catch (ArgumentException exception)
        {
            var message = exception.Message.Split(" (Parameter", 2)[0].Split('\n')[0].TrimEnd('.');
            return $"is out of its range: {message}";
        }

        setting.SetValue(target, parsed);
        return null;
    }

    private static object? Duration(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && Form().Match(value.GetString()!) is { Success: true, Groups: var parts }
        && long.TryParse(parts[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && Units.First(unit => unit.Unit == parts[2].Value).Time is var unit
        && number <= TimeSpan.MaxValue.Ticks / unit.Ticks
            ? unit * number
            : null;

    [GeneratedRegex(@"^([0-9]{1,18})(ms|s|m|h|d|w)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
