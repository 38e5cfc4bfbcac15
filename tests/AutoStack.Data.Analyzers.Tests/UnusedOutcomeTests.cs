using AutoStack.Data.CodeFixes;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>ASD0002.</summary>
public sealed class UnusedOutcomeTests
{
    [Test]
    public async Task Outcomes_that_nobody_looks_at_are_discarded_on_purpose() =>
        await Code.MendsAsync<UnusedOutcomeAnalyzer, UnusedOutcomeCodeFix>(
            Code.Method("""
                        [|await lifecycle.FailAsync(claim, "It does not build.", cancellationToken)|];
                        [|await deployments.CancelAsync(id, ownerId, null, cancellationToken).ConfigureAwait(false)|]; // enum
                        [|await projects.UpdateAsync(
                            id, ownerId, patch, null, cancellationToken)|];
                        [|lifecycle.SucceedAsync(claim, null, cancellationToken).GetAwaiter().GetResult()|];
                        Func<Task> release = async () => [|await lifecycle.ReleaseAsync(claim, cancellationToken)|];
                        [|await unitOfWork.RunAsync((tx, ct) => tx.Get<IDeploymentLifecycle>().ReleaseAsync(claim, ct), default)|];
                """),
            Code.Method("""
                        _ = await lifecycle.FailAsync(claim, "It does not build.", cancellationToken);
                        _ = await deployments.CancelAsync(id, ownerId, null, cancellationToken).ConfigureAwait(false); // enum
                        _ = await projects.UpdateAsync(
                            id, ownerId, patch, null, cancellationToken);
                        _ = lifecycle.SucceedAsync(claim, null, cancellationToken).GetAwaiter().GetResult();
                        Func<Task> release = async () => _ = await lifecycle.ReleaseAsync(claim, cancellationToken);
                        _ = await unitOfWork.RunAsync((tx, ct) => tx.Get<IDeploymentLifecycle>().ReleaseAsync(claim, ct), default);
                """));

    [Test]
    public async Task Outcomes_that_are_used_and_other_results_are_not_reported() =>
        await Code.ReportsAsync<UnusedOutcomeAnalyzer>(Code.Class("""
                public Task<TransitionOutcome> ReleaseAsync(DeploymentClaim claim) => lifecycle.ReleaseAsync(claim, default);

                public async Task<bool> RunAsync(DeploymentClaim claim, Guid id, NewProject newProject)
                {
                    var outcome = await lifecycle.ReleaseAsync(claim);
                    _ = await lifecycle.ReleaseAsync(claim);
                    if ((await lifecycle.FailAsync(claim, "no")).MayContinue())
                    {
                        await projects.AddAsync(newProject);
                        await projects.RemoveAsync(id, id);
                        await Task.WhenAll(lifecycle.ReleaseAsync(claim));
                    }

                    await OwnAsync();
                    return outcome == TransitionOutcome.Applied;
                }

                private static Task<OwnOutcome> OwnAsync() => Task.FromResult(OwnOutcome.Done);

                private enum OwnOutcome
                {
                    Done,
                }
            """));

    [Test]
    public async Task A_parameter_named_as_a_discard_gets_no_code_fix() =>
        await Code.MendsAsync<UnusedOutcomeAnalyzer, UnusedOutcomeCodeFix>(
            Code.Class("public async Task RunAsync(DeploymentClaim claim, int _) { {|ASD0002:await lifecycle.ReleaseAsync(claim)|}; }"),
            Code.Class("public async Task RunAsync(DeploymentClaim claim, int _) { {|ASD0002:await lifecycle.ReleaseAsync(claim)|}; }"));
}
