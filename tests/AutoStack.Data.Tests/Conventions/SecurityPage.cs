using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>docs/security.md names only tests that exist, and every requirement of the chapters that it compares.</summary>
public sealed partial class SecurityPage
{
    private static readonly string Page = File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "security.md"));

    // The number of requirements per section of ASVS 5.0.
    private static readonly (string Section, int Count)[] Sections =
    [
        ("6.1", 3), ("6.2", 12), ("6.3", 8), ("6.4", 6), ("6.5", 8), ("6.6", 4), ("6.7", 2), ("6.8", 4),
        ("7.1", 3), ("7.2", 4), ("7.3", 2), ("7.4", 5), ("7.5", 3), ("7.6", 2),
        ("11.1", 4), ("11.2", 5), ("11.3", 5), ("11.4", 4), ("11.5", 2), ("11.6", 2), ("11.7", 2),
    ];

    [Test]
    public void Every_test_that_is_named_exists()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(SourceRoot.Path, "tests"), "*.cs", SearchOption.AllDirectories)
            .ToLookup(Path.GetFileNameWithoutExtension);
        var named = Named().Matches(Page).Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value))
            .Distinct().ToList();

        Assert.That(named, Has.Count.GreaterThan(40));
        Assert.That(
            named.Where(test => !sources[test.Class].Any(file =>
                File.ReadAllText(file).Contains($" {test.Method}(", StringComparison.Ordinal))),
            Is.Empty,
            "docs/security.md names tests that do not exist.");
    }

    [Test]
    public void Every_requirement_has_exactly_one_row() =>
        Assert.That(
            Requirement().Matches(Page).Select(match => match.Groups[1].Value),
            Is.EqualTo(Sections.SelectMany(section => Enumerable.Range(1, section.Count).Select(number => $"{section.Section}.{number}"))));

    [Test]
    public void Every_attack_names_a_test_or_its_owner()
    {
        var start = Page.IndexOf("## Attackers", StringComparison.Ordinal);
        var attackers = Page[start..Page.IndexOf("## Signing in", StringComparison.Ordinal)];
        var rows = attackers.Split('\n')
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.EndsWith(" test |", StringComparison.Ordinal))
            .ToList();

        Assert.That(rows, Has.Count.GreaterThan(20));
        Assert.That(
            rows.Where(row => !Named().IsMatch(row)
                && !row.EndsWith("the service's |", StringComparison.Ordinal) && !row.EndsWith("none |", StringComparison.Ordinal)),
            Is.Empty);
    }

    [GeneratedRegex(@"`([A-Z]\w+)\.([A-Z]\w*_\w+)`")]
    private static partial Regex Named();

    [GeneratedRegex(@"^\| (\d+\.\d+\.\d+) [^|]+ \| (?:met|met in part|not met|service|not applicable) \|", RegexOptions.Multiline)]
    private static partial Regex Requirement();
}
