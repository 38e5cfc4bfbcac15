using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Each test holds one side uncommitted until the other waits for it, and then lets it commit.</summary>
public sealed class CancelRaceTests : DatabaseTests
{
    [Test]
    public async Task A_step_that_meets_a_cancel_on_its_way_does_not_overwrite_it()
    {
        foreach (var late in new Func<Deployment, Task<TransitionResult>>[]
        {
            d => Lifecycle.AdvanceAsync(d.Id, DeploymentStatus.Copying, Token),
            d => Lifecycle.SucceedAsync(d.Id, "https://x", Token),
            d => Lifecycle.FailAsync(d.Id, "late", Token),
        })
        {
            var deployment = await StartedAsync(DeploymentStatus.Building);
            Task<TransitionResult> step = null!;
            await UnitOfWork.RunAsync(async (tx, token) =>
            {
                var cancel = await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, "stop", token);
                Assert.That(cancel, Is.EqualTo(CancelResult.Cancelled));
                step = late(deployment);
                await UntilSomeoneWaitsAsync();
            }, Token);

            Assert.That(await step, Is.EqualTo(TransitionResult.Cancelled));
            var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
            Assert.That((found.Status, found.FailedReason, found.DeployedUrl), Is.EqualTo((DeploymentStatus.Cancelled, "stop", (string?)null)));
            Assert.That(await OpenStagesAsync(deployment), Is.Empty);
        }
    }

    [Test]
    public async Task A_cancel_that_meets_a_step_on_its_way_ends_the_stage_that_the_step_entered()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<CancelResult> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(
                await tx.Get<IDeploymentLifecycle>().AdvanceAsync(deployment.Id, DeploymentStatus.Copying, token), Is.EqualTo(TransitionResult.Applied));
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelResult.Cancelled));
        Assert.That(await OpenStagesAsync(deployment), Is.Empty);
        var stages = await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(stages.Single(s => s.Name == StageName.Copying).Status, Is.EqualTo(StageStatus.Cancelled));
    }

    [Test]
    public async Task A_cancel_that_meets_the_success_on_its_way_comes_too_late()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<CancelResult> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentLifecycle>().SucceedAsync(deployment.Id, "https://x", token);
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelResult.AlreadyFinished));
        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Success));
    }

    [Test]
    public async Task A_cancel_that_meets_the_claim_on_its_way_cancels_the_claimed_deployment()
    {
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status = 'queued'");
        var deployment = await EnqueueAsync();
        Task<CancelResult> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token), Is.Not.Null);
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelResult.Cancelled));
        Assert.That(await OpenStagesAsync(deployment), Is.Empty);
    }

    private async Task<IEnumerable<DeploymentStage>> OpenStagesAsync(Deployment deployment) =>
        (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Where(s => s.Status == StageStatus.InProgress);
}
