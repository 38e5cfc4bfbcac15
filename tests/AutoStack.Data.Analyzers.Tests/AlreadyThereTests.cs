using AutoStack.Data.CodeFixes;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>ASD0003.</summary>
public sealed class AlreadyThereTests
{
    private static string Step(string statements) => Code.Class($$"""
            public async Task<int> RunAsync(DeploymentClaim claim, CancellationToken token)
            {
                var outcome = await lifecycle.AdvanceAsync(claim, DeploymentStatus.Building, token);
        {{statements}}
            }
        """);

    private static IEnumerable<TestCaseData> Conditions =>
    [
        new("if ([|outcome != TransitionOutcome.Applied|]) throw new Exception(); return 1;",
            "if (!outcome.MayContinue()) throw new Exception(); return 1;"),
        new("if ([|outcome is not TransitionOutcome.Applied|]) { logger.LogError(\"!\"); throw new Exception(); } return 1;",
            "if (!outcome.MayContinue()) { logger.LogError(\"!\"); throw new Exception(); } return 1;"),
        new("if ([|TransitionOutcome.Applied == outcome|]) { return 1; } else { throw new Exception(); }",
            "if (outcome.MayContinue()) { return 1; } else { throw new Exception(); }"),
        new("if ([|!(outcome == TransitionOutcome.Applied)|]) throw new Exception(); return 1;",
            "if (!outcome.MayContinue()) throw new Exception(); return 1;"),
        new("return [|outcome is TransitionOutcome.Applied|] ? 1 : throw new Exception();",
            "return outcome.MayContinue() ? 1 : throw new Exception();"),
        new("if ([|await lifecycle.ReleaseAsync(claim, token) != TransitionOutcome.Applied|]) throw new Exception(); return 1;",
            "if (!(await lifecycle.ReleaseAsync(claim, token)).MayContinue()) throw new Exception(); return 1;"),
        new("if ([|outcome is TransitionOutcome.Applied|]) return 1; throw new Exception();",
            "if (outcome.MayContinue()) return 1; throw new Exception();"),
        new("while (true) { if ([|outcome == TransitionOutcome.Applied|]) { break; } throw new Exception(); } return 1;",
            "while (true) { if (outcome.MayContinue()) { break; } throw new Exception(); } return 1;"),
    ];

    [TestCaseSource(nameof(Conditions))]
    public async Task Comparisons_with_Applied_become_MayContinue(string statements, string mended) =>
        await Code.MendsAsync<AlreadyThereAnalyzer, AlreadyThereCodeFix>(Step(statements), Step(mended));

    [Test]
    public async Task Switches_whose_default_throws_are_reported() =>
        await Code.ReportsAsync<AlreadyThereAnalyzer>(Step("""
                    switch ([|outcome|])
                    {
                        case TransitionOutcome.Applied:
                            break;
                        case TransitionOutcome.Cancelled or TransitionOutcome.LostLease:
                            return 0;
                        default:
                            throw new Exception();
                    }

                    return [|outcome|] switch
                    {
                        TransitionOutcome.Applied => 1,
                        TransitionOutcome.Cancelled => 0,
                        _ => throw new InvalidOperationException(),
                    };
            """));

    [TestCase("if (outcome != TransitionOutcome.Applied) { return 0; } return 1;")]
    [TestCase("if (outcome == TransitionOutcome.Applied) { logger.LogInformation(\"!\"); } throw new Exception();")]
    [TestCase("if (outcome == TransitionOutcome.Applied) return 1; if (outcome == TransitionOutcome.LostLease) return 0; throw new();")]
    [TestCase("if (!outcome.MayContinue()) throw new Exception(); return 1;")]
    [TestCase("if (outcome is not (TransitionOutcome.Applied or TransitionOutcome.AlreadyThere)) throw new Exception(); return 1;")]
    [TestCase("if (outcome == TransitionOutcome.AlreadyThere) return 1; if (outcome != TransitionOutcome.Applied) throw new(); return 2;")]
    [TestCase("if (outcome == TransitionOutcome.LostLease) throw new Exception(); return 1;")]
    [TestCase("return outcome switch { TransitionOutcome.Applied => 1, TransitionOutcome.AlreadyThere => 1, _ => throw new Exception() };")]
    [TestCase("return outcome switch { TransitionOutcome.Applied => 1, not TransitionOutcome.LostLease => 2, _ => throw new() };")]
    [TestCase("return outcome switch { TransitionOutcome.Applied => throw new Exception(), _ => throw new Exception() };")]
    [TestCase("return outcome switch { TransitionOutcome.Applied => 1, _ => 0 };")]
    public async Task Other_decisions_are_not_reported(string statements) =>
        await Code.ReportsAsync<AlreadyThereAnalyzer>(Step(statements));
}
