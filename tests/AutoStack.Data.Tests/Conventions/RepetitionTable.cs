using System.Text.RegularExpressions;
using AutoStack.Data.Archives;
using AutoStack.Data.Exports;
using AutoStack.Data.Integrity;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.LostAnswers;
using AutoStack.Data.Tests.Support;
using Registered = AutoStack.Data.Database;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// docs/errors.md has a row for each method that writes: what a repeated call answers. Each has a test that loses its answers.
/// </summary>
public sealed partial class RepetitionTable
{
    private static readonly string[] Reads = ["Find", "List", "Count", "Search", "Summarize", "Measure", "Watch", "Follow"];

    // The log writer repeats its own attempts; units of work and reads on a standby are made of the other interfaces; the verifier, the
    // archive and the export read.
    private static readonly Type[] WithoutRow =
    [
        typeof(IUnitOfWork), typeof(IStandbyReads), typeof(IDeploymentLogWriter), typeof(ILogSecrets), typeof(IDatabaseVerifier),
        typeof(ILogArchive), typeof(IAccountExport),
    ];

    private static IEnumerable<string> Writes =>
        from type in Registered.RequestInterfaces.Concat(Registered.WorkerInterfaces)
        where !WithoutRow.Contains(type)
        from method in type.GetMethods()
        where !method.IsSpecialName && !Reads.Any(verb => method.Name.StartsWith(verb, StringComparison.Ordinal))
        select $"{type.Name}.{method.Name}";

    [Test]
    public void Every_writing_method_has_a_row()
    {
        var page = File.ReadAllText(Path.Combine(SourceRoot.Path, "docs", "errors.md"));

        Assert.That(Row().Matches(page).Select(match => match.Groups[1].Value), Is.EquivalentTo(Writes.Distinct()));
    }

    [Test]
    public void Every_writing_method_has_a_test_that_loses_its_answers() =>
        Assert.That(Writes.Except(LostAnswerTests.Methods().Select(name => name.Split(' ', ',')[0])), Is.Empty);

    [GeneratedRegex(@"^\| `(I\w+\.\w+Async)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
