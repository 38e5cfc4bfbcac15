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
        // Told again with the same key after a lost answer, the claim returns the same deployment.
        var options = new ClaimOptions { Worker = Name, Lease = TimeSpan.FromMinutes(10), Key = NewId() };
        var claimed = await RepeatAsync(
            "Lifecycle.ClaimNextAsync", () => Lifecycle.ClaimNextAsync(options, CancellationToken.None));
        if (claimed is { IsAcknowledged: true, Value: null })
        {
            // Few claims of an empty queue, so that a lost answer is mostly that of a deployment.
            await Task.Delay(Random.Next(50, 100), CancellationToken.None);
            return;
        }

        var build = new Build(Name, claimed.Value?.Deployment.Id);
        Ledger.Builds.Enqueue(build);
        if (claimed.Value is { } job)
        {
            await BuildAsync(build, job.Claim);
        }
    }

    private async Task BuildAsync(Build build, DeploymentClaim claim)
    {
        var writer = new Lines(Service, Ledger, Name, claim.DeploymentId);
        foreach (var step in Steps)
        {
            await writer.WriteAsync(Random.Next(1, 4));
            await ReportAsync(build, claim, step, () => Lifecycle.AdvanceAsync(claim, step, CancellationToken.None));
        }

        await writer.FlushAsync();
        if (OneOf(4))
        {
            await ReportAsync(
                build, claim, DeploymentStatus.Failed, () => Lifecycle.FailAsync(claim, "exit code 1", CancellationToken.None));
        }
        else
        {
            await ReportAsync(build, claim, DeploymentStatus.Success, () => Lifecycle.SucceedAsync(claim, null, CancellationToken.None));
        }
    }

    /// <summary>
    /// Reports a status. A repeated report says that the status is there already. A success may be superseded by a newer deployment of the
    /// project, which another worker builds.
    /// </summary>
    private async Task ReportAsync(Build build, DeploymentClaim claim, DeploymentStatus status, Func<Task<TransitionOutcome>> report)
    {
        var result = await RepeatAsync($"Lifecycle, {status}", report, attempt =>
        {
            var isSuperseded = attempt is { IsAcknowledged: true, Value: TransitionOutcome.Superseded };
            build.Reports.Add((isSuperseded ? DeploymentStatus.Cancelled : status, attempt.Verdict));
            if (status == DeploymentStatus.Success && !attempt.IsAcknowledged)
            {
                build.Reports.Add((DeploymentStatus.Cancelled, attempt.Verdict));
            }

            return true;
        });
        if (result.IsAcknowledged && !result.Value.MayContinue() && result.Value != TransitionOutcome.Superseded)
        {
            Ledger.Contradictions.Enqueue(
                $"{Name}: {status} of {claim.DeploymentId} is {result.Value}, although nobody else works on it");
        }
    }
}
