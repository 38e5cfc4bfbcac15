using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>The page <c>docs/analyzers.md</c>: its code compiles, and the rules report the faults and nothing else.</summary>
public sealed partial class PageTests
{
    private static readonly Lazy<string> Page = new(() => File.ReadAllText(Path.Combine(Root(), "docs", "analyzers.md")));

    [Test]
    public async Task Faults_are_reported_and_mends_are_not()
    {
        await CheckAsync<ForeignRepositoryAnalyzer>(ForeignRepositoryAnalyzer.Id);
        await CheckAsync<UnusedOutcomeAnalyzer>(UnusedOutcomeAnalyzer.Id);
        await CheckAsync<AlreadyThereAnalyzer>(AlreadyThereAnalyzer.Id);
        await CheckAsync<ShownSecretAnalyzer>(ShownSecretAnalyzer.Id);
        await CheckAsync<BuiltCursorAnalyzer>(BuiltCursorAnalyzer.Id);
        await CheckAsync<EndlessStreamAnalyzer>(EndlessStreamAnalyzer.Id);
    }

    [Test]
    public void Every_rule_has_a_section_with_its_title()
    {
        var rules = typeof(ForeignRepositoryAnalyzer).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(DiagnosticAnalyzer)) && !type.IsAbstract)
            .SelectMany(type => ((DiagnosticAnalyzer)Activator.CreateInstance(type)!).SupportedDiagnostics)
            .ToList();

        Assert.That(rules, Has.Count.EqualTo(6));
        Assert.That(
            Headings().Matches(Page.Value).Select(heading => heading.Groups[1].Value.ToUpperInvariant()),
            Is.EquivalentTo(rules.Select(rule => $"{rule.Id}: {rule.Title}".ToUpperInvariant())));
    }

    private static async Task CheckAsync<TAnalyzer>(string id)
        where TAnalyzer : DiagnosticAnalyzer, new()
    {
        var start = Page.Value.IndexOf($"\n## {id}", StringComparison.Ordinal);
        var end = Page.Value.IndexOf("\n## ", start + 1, StringComparison.Ordinal);
        var section = end < 0 ? Page.Value[start..] : Page.Value[start..end];
        var blocks = Blocks().Matches(section).Select(block => block.Groups[1].Value).ToList();
        Assert.That(blocks, Has.Count.GreaterThanOrEqualTo(2), id);

        Assert.That(await Code.FindAsync<TAnalyzer>(Method(blocks[0])), Is.Not.Empty.And.All.EqualTo(id), id);
        foreach (var mend in blocks.Skip(1))
        {
            Assert.That(await Code.FindAsync<TAnalyzer>(Method(mend)), Is.Empty, id);
        }
    }

    private static string Method(string statements) => Code.Class($$"""
            public async Task RunAsync(
                Guid id, Guid ownerId, NewProject newProject, NewDeployment newDeployment, DeploymentClaim claim, DeploymentLog line,
                ResetIssueResult reset, Cursor cursor, CancellationToken cancellationToken)
            {
        {{statements}}
                await Task.Yield();
            }
        """);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "AutoStack.Data.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests run inside the repository.");
        }

        return folder;
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Blocks();

    [GeneratedRegex(@"^## (ASD\d{4}: .*)$", RegexOptions.Multiline)]
    private static partial Regex Headings();
}
