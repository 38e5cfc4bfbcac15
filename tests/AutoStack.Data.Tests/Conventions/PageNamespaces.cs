using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>A reader who pastes the code of a page finds on the page which namespaces the code needs.</summary>
public sealed partial class PageNamespaces
{
    // Every program has this one, as the READMEs show; an SDK imports the namespaces of extensions of other packages.
    private const string Root = "AutoStack.Data";

    // Types of .NET and of other packages whose namespace not every SDK imports by itself.
    private static readonly (string Type, string Namespace)[] OfOthers =
    [
        ("Assembly", "System.Reflection"), ("CommandDefinition", "Dapper"), ("DbContext", "Microsoft.EntityFrameworkCore"),
        ("HostOptions", "Microsoft.Extensions.Hosting"), ("JsonSerializer", "System.Text.Json"),
        ("JsonSerializerContext", "System.Text.Json.Serialization"), ("LogLevel", "Microsoft.Extensions.Logging"),
        ("MetricStreamConfiguration", "OpenTelemetry.Metrics"), ("NpgsqlDataSource", "Npgsql"), ("ProcessStartInfo", "System.Diagnostics"),
    ];

    private static readonly ILookup<string, string> NamespacesOfTypes = ReadTypes();

    private static IEnumerable<string> Pages => Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "docs"), "*.md")
        .Where(page => Blocks(page).Any()).Select(page => Path.GetFileName(page)).Order(StringComparer.Ordinal);

    /// <summary>Whether a block of code imports namespaces and does nothing else; such a block stands in no other file as it is.</summary>
    public static bool IsOfUsings(string block) =>
        block.Split('\n', StringSplitOptions.RemoveEmptyEntries).All(line => UsingPattern().IsMatch(line));

    [TestCaseSource(nameof(Pages))]
    public void A_page_names_the_namespaces_of_the_types_in_its_code(string page)
    {
        var path = Path.Combine(SourceRoot.Path, "docs", page);
        var code = TextPattern().Replace(string.Join('\n', Blocks(path)), "");
        var needed = WordPattern().Matches(code).SelectMany(word => NamespacesOfTypes[word.Value]).Where(name => name != Root)
            .Distinct().Order(StringComparer.Ordinal);
        var named = NamespacePattern().Matches(File.ReadAllText(path)).Select(name => name.Value).ToHashSet();
        Assert.That(needed.Where(name => !named.Contains(name)), Is.Empty, $"docs/{page} must name these namespaces, near its top.");
    }

    [TestCaseSource(nameof(Pages))]
    public void A_page_names_the_namespaces_of_types_of_others_in_its_code(string page)
    {
        var path = Path.Combine(SourceRoot.Path, "docs", page);
        var code = TextPattern().Replace(string.Join('\n', Blocks(path)), "");
        var words = WordPattern().Matches(code).Select(word => word.Value).ToHashSet();
        var text = File.ReadAllText(path);
        var missing = OfOthers.Where(other => words.Contains(other.Type)).Select(other => other.Namespace).Where(name =>
            !text.Contains($"`{name}`", StringComparison.Ordinal) && !text.Contains($"using {name};", StringComparison.Ordinal));
        Assert.That(missing, Is.Empty, $"docs/{page} must name these namespaces, near its top.");
    }

    [TestCaseSource(nameof(Pages))]
    public void A_page_imports_namespaces_that_exist(string page)
    {
        var imported = Blocks(Path.Combine(SourceRoot.Path, "docs", page)).SelectMany(block => block.Split('\n'))
            .Select(line => UsingPattern().Match(line)).Where(line => line.Success).Select(line => line.Groups[1].Value)
            .Where(name => name.StartsWith(Root, StringComparison.Ordinal));
        Assert.That(imported, Is.SubsetOf(NamespacesOfTypes.SelectMany(names => names).ToHashSet()));
    }

    private static IEnumerable<string> Blocks(string page) =>
        BlockPattern().Matches(File.ReadAllText(page)).Select(block => block.Groups[1].Value);

    // The text of the sources, because no test refers to all packages.
    private static ILookup<string, string> ReadTypes() =>
        Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
                && !file.Contains("AutoStack.Data.Cli", StringComparison.Ordinal))
            .Select(File.ReadAllText)
            .SelectMany(text => TypePattern().Matches(text).Select(type =>
                (Name: type.Groups[1].Value, Namespace: DeclarationPattern().Match(text).Groups[1].Value)))
            .Distinct()
            .ToLookup(type => type.Name, type => type.Namespace);

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex BlockPattern();

    [GeneratedRegex(@"^\s*using ([A-Za-z.]+);$")]
    private static partial Regex UsingPattern();

    [GeneratedRegex(@"//.*|""(?:[^""\\\n]|\\.)*""")]
    private static partial Regex TextPattern();

    [GeneratedRegex(@"(?<![.\w])[A-Z]\w+")]
    private static partial Regex WordPattern();

    [GeneratedRegex(@"AutoStack\.Data(\.[A-Z]\w+)*")]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex DeclarationPattern();

    [GeneratedRegex(@"^public (?:static |sealed |abstract |readonly |partial )*(?:record struct|record|class|struct|interface|enum) (\w+)",
        RegexOptions.Multiline)]
    private static partial Regex TypePattern();
}
