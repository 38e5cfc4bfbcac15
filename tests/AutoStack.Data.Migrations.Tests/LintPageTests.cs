using System.Text.RegularExpressions;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>docs/lint.md lists every rule once, and no rule that does not exist.</summary>
public sealed partial class LintPageTests
{
    private static readonly string[] Page = File.ReadAllLines(Path.Combine(SourceRoot.Path, "docs", "lint.md"));

    private static readonly List<string> Rules =
        [.. typeof(LintRule).GetFields().Select(field => field.GetValue(null)).OfType<LintRule>().Select(rule => rule.Id)];

    [Test]
    public void Every_rule_has_one_row_with_what_it_reports_and_the_safer_form()
    {
        var rows = Table("rule").ToList();

        Assert.That(rows.Select(row => row[0].Trim('`')), Is.EquivalentTo(Rules));
        Assert.That(rows, Has.All.Matches<string[]>(row => row.Length == 3 && row.All(cell => cell.Length > 0)));
    }

    [Test]
    public void A_rule_of_Squawk_names_ours_or_the_reason()
    {
        var rows = Table("Squawk").ToList();

        Assert.That(rows.Select(row => row[0]).ToList(), Is.Unique.And.Count.EqualTo(41));
        foreach (var row in rows)
        {
            var named = Name().Matches(row[1]).Select(match => match.Groups[1].Value).ToList();
            Assert.That(named, Is.SubsetOf(Rules), row[0]);
            Assert.That(named.Count > 0 || row[2].Length > 0, Is.True, $"{row[0]} has neither a rule nor a reason");
        }
    }

    // The rows of the table whose first heading begins with a word.
    private static IEnumerable<string[]> Table(string heading) => Page
        .SkipWhile(line => !line.StartsWith($"| {heading}", StringComparison.Ordinal)).Skip(2)
        .TakeWhile(line => line.StartsWith('|'))
        .Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    [GeneratedRegex("`([a-z-]+)`")]
    private static partial Regex Name();
}
