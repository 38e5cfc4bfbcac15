using System.Text.Json;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Cli.Configuration;

/// <summary>
/// The file <c>autostack-db.json</c>: which script sets a service has, and which variable names the database of an environment. The file is
/// committed, so that it has no connection string.
/// </summary>
/// <param name="Path">The full path of the file; its folder is where relative paths begin.</param>
/// <param name="Environments">The name of the variable with the connection string, by environment.</param>
/// <param name="ScriptSets">The folder by name of the set, in the order of the file.</param>
internal sealed partial record ConfigurationFile(
    string Path, IReadOnlyDictionary<string, string> Environments, IReadOnlyList<KeyValuePair<string, string>> ScriptSets)
{
    /// <summary>The name that is looked for in the working directory.</summary>
    public const string Name = "autostack-db.json";

    private const string Variable = "connectionVariable";

    private static readonly string[] Connections = ["connection", "connectionstring", "password", "url", "uri", "dsn", "database"];

    /// <summary>Reads the named file, or that of the working directory; null when no file is named and the directory has none.</summary>
    /// <exception cref="CliException">The file cannot be read, is not JSON, or has an unknown or wrong member.</exception>
    public static ConfigurationFile? Read(string? given, string directory)
    {
        var path = System.IO.Path.GetFullPath(given ?? Name, directory);
        if (!File.Exists(path))
        {
            return given is null ? null : throw Failure.Usage("--config: the file does not exist.");
        }

        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllText(path), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            var file = System.IO.Path.GetFileName(path);
            var environments = new Dictionary<string, string>(StringComparer.Ordinal);
            var sets = new List<KeyValuePair<string, string>>();
            foreach (var member in Members(document.RootElement, file, "", "environments", "scriptSets"))
            {
                foreach (var entry in Members(member.Value, file, member.Name))
                {
                    var place = $"{member.Name}.{entry.Name}";
                    if (member.Name == "environments")
                    {
                        environments.Add(entry.Name, VariableOf(entry.Value, file, place));
                    }
                    else
                    {
                        sets.Add(new(entry.Name, System.IO.Path.GetFullPath(
                            Text(entry.Value, file, place, "the folder of the scripts"), System.IO.Path.GetDirectoryName(path)!)));
                    }
                }
            }

            return new ConfigurationFile(path, environments, sets);
        }
        catch (JsonException exception)
        {
            throw Failure.Usage(
                $"{System.IO.Path.GetFileName(path)}, line {exception.LineNumber + 1}, column {exception.BytePositionInLine + 1}: " +
                "the file is not valid JSON.");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage($"{System.IO.Path.GetFileName(path)} cannot be read: {exception.Message}");
        }
    }

    /// <summary>The connection string of an environment.</summary>
    /// <exception cref="CliException">The environment does not exist, or its variable is not set.</exception>
    public string ConnectionOf(string environment, Func<string, string?> variables)
    {
        var file = System.IO.Path.GetFileName(Path);
        if (!Environments.TryGetValue(environment, out var variable))
        {
            throw Failure.Usage(Environments.Count == 0
                ? $"{file} has no environments: add \"environments\": {{ \"{environment}\": {{ \"{Variable}\": \"…\" }} }}."
                : $"{file} has no environment of that name; it has {string.Join(", ", Environments.Keys)}.");
        }

        return variables(variable) is { } connection && !string.IsNullOrWhiteSpace(connection) ? connection
            : throw Failure.Usage(
                $"The environment {environment} reads its connection string from the variable {variable}, which is not set.");
    }

    private static string VariableOf(JsonElement environment, string file, string place)
    {
        string? variable = null;
        foreach (var member in Members(environment, file, place, Variable))
        {
            variable = Text(member.Value, file, $"{place}.{member.Name}", "the name of a variable");
            if (!VariableName().IsMatch(variable))
            {
                // Never echoed: it may be a connection string.
                throw Failure.Usage($"{file}: {place}.{Variable} is not the name of a variable. {NoSecrets}");
            }
        }

        return variable ?? throw Failure.Usage($"{file}: {place} lacks {Variable}, the name of the variable with the connection string.");
    }

    // Without known names every name is one.
    private static IEnumerable<JsonProperty> Members(JsonElement element, string file, string place, params string[] known)
    {
        var prefix = place.Length == 0 ? "" : place + ".";
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Failure.Usage($"{file}: {(place.Length == 0 ? "the file" : place)} is {Kind(element)}; an object is expected.");
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            if (known.Length > 0 && !known.Contains(member.Name, StringComparer.Ordinal))
            {
                throw Failure.Usage(Connections.Contains(member.Name.ToLowerInvariant().Replace("_", "", StringComparison.Ordinal))
                    ? $"{file}: {prefix}{member.Name}: {NoSecrets}"
                    : $"{file}: {prefix}{member.Name} is unknown; known are {string.Join(", ", known)}.");
            }

            if (!seen.Add(member.Name))
            {
                throw Failure.Usage($"{file}: {prefix}{member.Name} is there twice.");
            }

            yield return member;
        }
    }

    private static string Text(JsonElement element, string file, string place, string what) =>
        element.ValueKind != JsonValueKind.String ? throw Failure.Usage($"{file}: {place} is {Kind(element)}; a text is expected: {what}.")
        : string.IsNullOrWhiteSpace(element.GetString()) ? throw Failure.Usage($"{file}: {place} is empty: {what} is expected.")
        : element.GetString()!;

    private static string Kind(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    private const string NoSecrets =
        "This file is committed and has no connection string, which may contain a password. " +
        "Put that in a variable, and name the variable: \"" + Variable + "\": \"BILLING_DATABASE\".";

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$", RegexOptions.CultureInvariant)]
    private static partial Regex VariableName();
}
