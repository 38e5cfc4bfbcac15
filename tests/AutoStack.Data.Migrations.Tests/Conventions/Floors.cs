using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Conventions;

/// <summary>The folders of the migrator, and that each depends only on those below it.</summary>
public sealed partial class Floors
{
    /// <summary>The folders from top to bottom; the files beside the project file are the top floor.</summary>
    private static readonly string[] TopToBottom =
    [
        "", "Adoption", "Checks", "Repairs", "Stamps", "Upgrades", "Planning", "Foresight", "Running", "Progress", "Sessions",
        "SearchPaths", "Connections", "Journal", "Catalogs", "Reporting", "Scripts", "Queries", "Text",
    ];

    private static readonly string Root = Path.Combine(SourceRoot.Path, "src", "AutoStack.Data.Migrations");

    [Test]
    public void Every_folder_has_a_floor() =>
        Assert.That(Folders(), Is.EquivalentTo(TopToBottom),
            $"Give each folder of {Root} its place in {nameof(Floors)}.{nameof(TopToBottom)}.");

    [Test]
    public void A_folder_depends_only_on_folders_below()
    {
        var sources = Folders().ToDictionary(folder => folder, folder => Directory
            .EnumerateFiles(Path.Combine(Root, folder), "*.cs")
            .ToDictionary(file => Path.GetRelativePath(Root, file), file => Comment().Replace(File.ReadAllText(file), "")));
        var home = sources
            .SelectMany(folder => folder.Value.Values.SelectMany(text => Declaration().Matches(text)).Select(
                m => (m.Groups["name"].Value, folder.Key)))
            .DistinctBy(type => type.Value)
            .ToDictionary(type => type.Value, type => type.Key);
        Assert.That(home, Has.Count.GreaterThan(50), "the types are found");

        var upwards =
            from folder in sources
            from file in folder.Value
            from word in Word().Matches(file.Value).Select(m => m.Value).Distinct()
            where home.TryGetValue(word, out var other) && Array.IndexOf(TopToBottom, other) < Array.IndexOf(TopToBottom, folder.Key)
            select $"{file.Key} uses {word} of {(home[word].Length == 0 ? "the top floor" : home[word])}";

        Assert.That(upwards, Is.Empty);
    }

    private static IEnumerable<string> Folders() => Directory.EnumerateFiles(Root, "*.cs", SearchOption.AllDirectories)
        .Select(file => Path.GetDirectoryName(Path.GetRelativePath(Root, file))!)
        .Where(folder => folder.Split(Path.DirectorySeparatorChar)[0] is not ("bin" or "obj"))
        .Distinct();

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"^(public|internal)[a-z ]* (class|record|struct|enum|interface) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Declaration();

    [GeneratedRegex(@"(?<![.\w])[A-Z]\w+")]
    private static partial Regex Word();
}
