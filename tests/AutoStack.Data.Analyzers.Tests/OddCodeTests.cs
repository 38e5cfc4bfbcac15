using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>An editor runs the rules over code that is being written: every rule has to work on code that does not compile.</summary>
public sealed class OddCodeTests
{
    private static readonly ImmutableArray<DiagnosticAnalyzer> Rules = [.. typeof(LibraryAnalyzer).Assembly.GetTypes()
        .Where(type => type.IsSubclassOf(typeof(LibraryAnalyzer)))
        .Select(type => (DiagnosticAnalyzer)Activator.CreateInstance(type)!)];

    // Every rule has its places here, and own methods have the names that the rules look for.
    private static readonly string Sound = Code.Class("""
            private readonly IProjectRepository field = projects ?? throw new ArgumentNullException(nameof(projects));
            private IDeploymentQueries Queries { get; } = null!;

            public async Task<int> RunAsync(
                DeploymentClaim claim, DeploymentLog line, Secret key, SessionToken session, IServiceProvider services, Guid id,
                CancellationToken stop)
            {
                var local = services.GetRequiredService<IProjectRepository>();
                await unitOfWork.RunAsync(async (tx, token) =>
                {
                    await local?.FindAsync(id, id, token)!;
                    await field.FindAsync(id, id, token);
                    await this.Queries.CountAsync(id, DeploymentFilter.All, token);
                }, stop);
                await lifecycle.RenewAsync(claim, TimeSpan.FromMinutes(1), stop).ConfigureAwait(false);
                var outcome = await lifecycle.AdvanceAsync(claim, DeploymentStatus.Building, stop);
                if (outcome is TransitionOutcome.Applied) return 1;
                switch (outcome) { case TransitionOutcome.Applied: break; default: throw new Exception(); }
                var number = outcome switch { TransitionOutcome.Applied => 1, _ => throw new Exception() };
                var text = $"a {key} {session,5}" + key; text += session; text += Convert.ToString(key);
                text += new StringBuilder().Append($"{key}") + string.Format("{0} {1}", key, session);
                logger.LogInformation("{A} {B}", key, session); Console.WriteLine(key); var json = JsonSerializer.Serialize(key);
                var place = Cursor.Parse($"s.{line.Seq}"); var found = Cursor.TryParse(string.Concat("s.", text), out place);
                await foreach (var next in follower.FollowAsync(id, cursor: place, ownerId: id).ConfigureAwait(false)) { }
                await foreach (var next in ConfigureAwait()) { }
                Parse(); RunAsync(); Serialize(); "".ToString(); throw new Exception();
            }

            private static IAsyncEnumerable<int> ConfigureAwait() => throw new NotSupportedException();
            private static void Parse() { }
            private static void RunAsync() { }
            private static void Serialize() { }
        """);

    [Test]
    public async Task The_sound_code_compiles_and_every_rule_finds_its_places()
    {
        var compilation = Compile([Sound]);
        Assert.That(compilation.GetDiagnostics().Where(problem => problem.Severity == DiagnosticSeverity.Error), Is.Empty);
        Assert.That((await FindAsync(compilation)).Select(finding => finding.Id).Distinct(),
            Is.EquivalentTo(Rules.SelectMany(rule => rule.SupportedDiagnostics).Select(rule => rule.Id)));
    }

    [Test]
    public async Task Code_without_one_of_its_tokens_makes_no_rule_fail() => await PassesAsync(tokens =>
        tokens.Select(token => Sound.Remove(token.Span.Start, token.Span.Length)));

    [Test]
    public async Task Code_that_ends_early_makes_no_rule_fail() =>
        await PassesAsync(tokens => tokens.Select(token => Sound[..token.Span.End]));

    [Test]
    public async Task Calls_without_arguments_or_with_others_make_no_rule_fail() => await PassesAsync(tokens =>
        tokens.Where(token => token.IsKind(SyntaxKind.OpenParenToken)).SelectMany(
            open => new[] { "", "1", "x: 1", "out _", "__arglist(1)" }.Select(arguments =>
                Sound[..open.Span.End] + arguments + Sound[Math.Max(Sound.IndexOf(')', open.Span.End), open.Span.End)..])));

    [Test]
    public async Task Names_that_mean_nothing_or_another_thing_make_no_rule_fail() => await PassesAsync(tokens =>
        tokens.Where(token => token.IsKind(SyntaxKind.IdentifierToken)).SelectMany(
            name => new[] { "unknown", "dynamic", "_", "this", "Cursor" }.Select(
                other => Sound[..name.Span.Start] + other + Sound[name.Span.End..])));

    // Many variants are compiled at once: each has its own namespace.
    private static async Task PassesAsync(Func<IEnumerable<SyntaxToken>, IEnumerable<string>> vary)
    {
        var tokens = CSharpSyntaxTree.ParseText(Sound).GetRoot().DescendantTokens().Where(token => token.Span.Length > 0);
        foreach (var variants in vary(tokens.SkipWhile(token => !token.IsKind(SyntaxKind.ClassKeyword))).Chunk(200))
        {
            var failures = (await FindAsync(Compile(variants))).Where(found => found.Id.StartsWith("AD", StringComparison.Ordinal));
            Assert.That(failures.Select(failure => failure.GetMessage()).Take(3), Is.Empty);
        }
    }

    private static CSharpCompilation Compile(IEnumerable<string> codes)
    {
        const string start = "public sealed partial class";
        return Code.Compile(codes.Select(
            (code, number) => code.Replace(start, $"namespace N{number};\n\n{start}", StringComparison.Ordinal)));
    }

    private static async Task<ImmutableArray<Diagnostic>> FindAsync(Compilation compilation) =>
        await compilation.WithAnalyzers(Rules).GetAnalyzerDiagnosticsAsync();
}
