using System.Text;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The scripts of one folder, or of the package: a script is judged with those around it.</summary>
internal sealed class ScriptSet
{
    private const string Down = ".down.sql";

    private readonly SortedDictionary<string, MigrationStep> steps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> unreadable = new(StringComparer.Ordinal);
    private readonly ScriptCatalog catalog;

    public ScriptSet(IEnumerable<KeyValuePair<string, string>> files)
    {
        foreach (var (name, text) in files)
        {
            try
            {
                steps.Add(name, new MigrationStep(name, MigrationScript.WithLineFeeds(text)));
            }
            catch (FormatException exception)
            {
                unreadable.Add(name, exception.Message[(name.Length + 2)..]);
            }
        }

        catalog = new ScriptCatalog(steps.Values.Where(step => !IsDown(step.FileName)));
    }

    public IEnumerable<string> FileNames => steps.Keys.Concat(unreadable.Keys).Order(StringComparer.Ordinal);

    public static ScriptSet Embedded() => new(SchemaMigrator.Scripts
        .SelectMany(script => new[] { script.Up, script.Down })
        .Select(step => KeyValuePair.Create(step.FileName, step.Sql)));

    /// <summary>The files in a folder that end in <c>.sql</c>, by name; an unreadable one is wrong usage.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(string folder)
    {
        try
        {
            return [.. Directory.EnumerateFiles(folder, "*.sql").Order(StringComparer.Ordinal)
                .Select(file => KeyValuePair.Create(Path.GetFileName(file), File.ReadAllText(file, Encoding.UTF8)))];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Failure.Usage(exception.Message);
        }
    }

    /// <summary>The folder <c>scripts/sql</c> beside a directory or above it; null when there is none.</summary>
    public static string? FindFolder(string directory)
    {
        for (var at = new DirectoryInfo(directory); at is not null; at = at.Parent)
        {
            var folder = Path.Combine(at.FullName, "scripts", "sql");
            if (Directory.Exists(folder))
            {
                return folder;
            }
        }

        return null;
    }

    public IReadOnlyList<Finding> Lint(string name)
    {
        if (unreadable.TryGetValue(name, out var why))
        {
            return [new Finding(name, 1, LintRule.Header, why)];
        }

        var step = steps[name];
        var up = !IsDown(name);
        var down = up ? Path.ChangeExtension(name, null) + Down : name;
        var findings = new ScriptLinter(step, up, catalog).Run().ToList();
        if (steps.TryGetValue(down, out var back))
        {
            findings.AddRange(up ? DownScript.Check(step, back) : []);
        }
        else if (!unreadable.ContainsKey(down))
        {
            findings.Add(new Finding(name, 1, LintRule.MissingDown, $"{down} is not there."));
        }

        var allowed = step.Allowances.Select(a => a.Rule).ToHashSet();
        var unused = step.Allowances.Where(a => findings.TrueForAll(f => f.Rule.Id != a.Rule))
            .Select(a => new Finding(name, a.Line, LintRule.UnusedAllowance, $"Nothing in this script is told by the rule {a.Rule}."));
        return [.. findings.Where(f => !allowed.Contains(f.Rule.Id)).Concat(unused).OrderBy(f => f.Line)];
    }

    private static bool IsDown(string name) => name.EndsWith(Down, StringComparison.Ordinal);
}
