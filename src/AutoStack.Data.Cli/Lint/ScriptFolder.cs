using System.Text;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Lint;

/// <summary>The scripts of one folder, or of the package. A script is judged together with the others of its set.</summary>
internal sealed class ScriptFolder
{
    private const string Down = ".down.sql";

    private readonly SortedDictionary<string, MigrationStep> steps = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> unreadable = new(StringComparer.Ordinal);
    private readonly ScriptCatalog catalog;

    public ScriptFolder(IEnumerable<KeyValuePair<string, string>> files)
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

    public static ScriptFolder Embedded() => new(SchemaMigrator.Scripts
        .SelectMany(script => new[] { script.Up, script.Down })
        .Select(step => KeyValuePair.Create(step.FileName, step.Sql)));

    /// <summary>Reads the files of a folder that end in <c>.sql</c>, by name. A file that cannot be read is wrong usage.</summary>
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

    /// <summary>The folder <c>scripts/sql</c> in a directory or the nearest parent that has one; null when no parent has.</summary>
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
        else if (!unreadable.ContainsKey(down) && !IsRepeatable(name))
        {
            findings.Add(new Finding(name, 1, LintRule.MissingDown, $"{down} does not exist."));
        }

        var allowed = step.Allowances.Select(a => a.Rule).ToHashSet();
        var unused = step.Allowances.Where(a => findings.TrueForAll(f => f.Rule.Id != a.Rule))
            .Select(a => new Finding(name, a.Line, LintRule.UnusedAllowance,
                $"This script has no finding of rule {a.Rule}; remove the allowance."));
        return [.. findings.Where(f => !allowed.Contains(f.Rule.Id)).Concat(unused).OrderBy(f => f.Line)];
    }

    /// <summary>True for the name of a script without a number, which has no down script.</summary>
    public static bool IsRepeatable(string name) => name.StartsWith("R__", StringComparison.Ordinal);

    private static bool IsDown(string name) => name.EndsWith(Down, StringComparison.Ordinal);
}
