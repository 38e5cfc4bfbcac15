using AutoStack.Data.Deployments;
using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Claims deployments and takes each through its steps to its end, with a few lines of output.</summary>
internal sealed class Worker(string name, Service service, Ledger ledger, int seed) : Caller(name, service, ledger, seed)
{
    private static readonly DeploymentStatus[] Steps = [DeploymentStatus.Checkout, DeploymentStatus.Installing, DeploymentStatus.Building];

    private IDeploymentLifecycle Lifecycle => Service.Get<IDeploymentLifecycle>();

    protected override async Task TurnAsync(CancellationToken ending)
    {
        // A lost answer is not repeated: the repetition would claim another deployment.
        var claim = await TryAsync("Lifecycle.ClaimNextAsync", () => Lifecycle.ClaimNextAsync(CancellationToken.None));
        if (claim is { IsAcknowledged: true, Value: null })
        {
            // Few claims of an empty queue, so that a lost answer is mostly that of a deployment.
            await Task.Delay(Random.Next(50, 100), CancellationToken.None);
            return;
        }

        var build = new Build(Name, claim.Value?.Deployment.Id);
        Ledger.Builds.Enqueue(build);
        if (build.DeploymentId is { } id)
        {
            await BuildAsync(build, id);
        }
    }

    private async Task BuildAsync(Build build, Guid id)
    {
        var writer = new Lines(Service, Ledger, Name, id);
        foreach (var step in Steps)
        {
            await writer.WriteAsync(Random.Next(1, 4));
            await ReportAsync(build, id, step, () => Lifecycle.AdvanceAsync(id, step, CancellationToken.None));
        }

        await writer.FlushAsync();
        if (OneOf(4))
        {
            await ReportAsync(build, id, DeploymentStatus.Failed, () => Lifecycle.FailAsync(id, "exit code 1", CancellationToken.None));
        }
        else
        {
            await ReportAsync(build, id, DeploymentStatus.Success, () => Lifecycle.SucceedAsync(id, null, CancellationToken.None));
        }
    }

    /// <summary>Reports a status. After a lost answer the state of the row decides whether the report arrived.</summary>
    private async Task ReportAsync(Build build, Guid id, DeploymentStatus status, Func<Task<TransitionOutcome>> report)
    {
        var isRepeated = false;
        var result = await RepeatAsync($"Lifecycle, {status}", report, attempt =>
        {
            isRepeated |= attempt.Verdict == Verdict.Unknown;
            build.Reports.Add((status, attempt.Verdict));
            return true;
        });
        if (!result.IsAcknowledged || result.Value.MayContinue())
        {
            return;
        }

        var found = isRepeated
            ? (await RepeatAsync("Lifecycle.FindStatusAsync", () => Lifecycle.FindStatusAsync(id, CancellationToken.None))).Value
            : null;
        if (found != status)
        {
            Ledger.Contradictions.Enqueue($"{Name}: {status} of {id} is {result.Value}, although nobody else works on it");
        }
    }
}
