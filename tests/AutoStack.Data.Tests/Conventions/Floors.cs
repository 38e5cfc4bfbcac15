using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The folders of the library stand on floors. A folder depends on folders of lower floors, and on folders of its own floor as long as
/// their dependencies form no cycle. The dependencies are read from the sources: the namespaces that a file imports or qualifies, and the
/// types of the root namespace that it names.
/// </summary>
public sealed partial class Floors
{
    private const string Composition = ".";

    // From the ground up.
    internal static readonly string[][] FromTheGround =
    [
        ["Values", "Postgres", "Secrets", "Status"],
        ["Accounts", "Projects", "Deployments", "Containers", "HealthChecks", "Logs", "Webhooks", "Analytics"],
        ["Retention", "Partitions", "Archives", "Exports", "Audit", "SecretRotation", "Monitoring", "Integrity", "Health", "Hosting"],
        [Composition],
    ];

    private static string Library => Path.Combine(SourceRoot.Path, "src", "AutoStack.Data");

    private static ILookup<string, string> Sources { get; } = Directory
        .EnumerateFiles(Library, "*.cs", SearchOption.AllDirectories)
        .Select(file => (Folder: Path.GetRelativePath(Library, Path.GetDirectoryName(file)!), Text: Code(File.ReadAllText(file))))
        .Where(file => file.Folder.Split(Path.DirectorySeparatorChar)[0] is not ("obj" or "bin"))
        .ToLookup(file => file.Folder, file => file.Text);

    // The types of the root namespace, which every file can use without an import.
    private static Dictionary<string, string> RootTypes { get; } =
        (from folder in Sources
         from text in folder
         where RootNamespace().IsMatch(text)
         from declared in Declarations().Matches(text)
         select (Name: declared.Groups["name"].Value, Folder: folder.Key)).Distinct().ToDictionary(type => type.Name, type => type.Folder);

    private static Dictionary<string, HashSet<string>> Dependencies { get; } = Sources.ToDictionary(folder => folder.Key, DependenciesOf);

    [Test]
    public void Every_folder_stands_on_one_floor() =>
        Assert.That(
            Sources.Select(folder => folder.Key),
            Is.EquivalentTo(FromTheGround.SelectMany(floor => floor)),
            "A new folder needs a place in Floors.FromTheGround.");

    [Test]
    public void A_folder_depends_only_on_its_own_and_lower_floors()
    {
        var upwards =
            from folder in Dependencies
            from target in folder.Value
            where FloorOf(target) > FloorOf(folder.Key)
            select $"{folder.Key} → {target}";

        Assert.That(upwards, Is.Empty, "Move the type to a lower floor, or the code that uses it to a higher one.");
    }

    [Test]
    public void Folders_of_a_floor_have_no_dependency_cycle()
    {
        var left = Dependencies.ToDictionary(folder => folder.Key, folder => folder.Value.ToHashSet());
        while (left.Where(folder => !folder.Value.Overlaps(left.Keys)).Select(folder => folder.Key).ToList() is { Count: > 0 } settled)
        {
            settled.ForEach(folder => left.Remove(folder));
        }

        Assert.That(
            left.Select(folder => $"{folder.Key} → {string.Join(", ", folder.Value.Where(left.ContainsKey))}"),
            Is.Empty,
            "These folders depend on each other: move the shared type to a lower floor.");
    }

    // Without any dependency found, the other tests would always pass.
    [Test]
    public void Known_dependencies_are_found()
    {
        Assert.That(Dependencies["Retention"], Is.SupersetOf(["Accounts", "Logs", "Postgres"]));
        Assert.That(Dependencies["Secrets"], Does.Contain("Values"));
        Assert.That(Dependencies[Composition], Does.Contain("Analytics"));
        Assert.That(Dependencies["Values"], Is.Empty);
    }

    private static int FloorOf(string folder) => Array.FindIndex(FromTheGround, floor => floor.Contains(folder));

    private static HashSet<string> DependenciesOf(IGrouping<string, string> folder)
    {
        var found = new HashSet<string>();
        foreach (var text in folder)
        {
            found.UnionWith(Namespaces().Matches(text).Select(m => m.Groups["folder"].Value).Where(Sources.Contains));
            found.UnionWith(Names().Matches(text).Select(m => RootTypes.GetValueOrDefault(m.Value)).OfType<string>());
        }

        found.Remove(folder.Key);
        return found;
    }

    // The source without comments and without the literal text of strings; interpolated expressions stay.
    private static string Code(string source) =>
        Comments().Replace(Strings().Replace(source, literal => literal.Value[0] == '$' ? Interpolated(literal.Value) : "_"), "");

    private static string Interpolated(string literal) => string.Concat(Holes().Matches(literal).Select(hole => $" {hole.Value} "));

    [GeneratedRegex("""\$*\"{3}[\s\S]*?\"{3}|\$?"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'""")]
    private static partial Regex Strings();

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Holes();

    [GeneratedRegex("//.*")]
    private static partial Regex Comments();

    [GeneratedRegex(@"(?:AutoStack\.Data\.|(?<=[\s(<!\[=]))(?<folder>[A-Z]\w*)(?=;|\.[A-Z])")]
    private static partial Regex Namespaces();

    [GeneratedRegex(@"(?<![\w.])[A-Z]\w*")]
    private static partial Regex Names();

    [GeneratedRegex(@"^namespace (?:AutoStack\.Data|Microsoft\.Extensions\.DependencyInjection);", RegexOptions.Multiline)]
    private static partial Regex RootNamespace();

    [GeneratedRegex(
        @"^(?:(?:public|internal|sealed|static|abstract|readonly|partial)\s+)*"
        + @"(?:class|interface|enum|struct|record(?: struct)?)\s+(?<name>\w+)",
        RegexOptions.Multiline)]
    private static partial Regex Declarations();
}
