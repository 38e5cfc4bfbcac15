using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Each test holds one side uncommitted until the other waits for it, and then lets it commit.</summary>
public sealed class CancelRaceTests : DatabaseTests
{
    [Test]
    public async Task A_step_waits_for_an_open_cancel_and_does_not_overwrite_it()
    {
        foreach (var late in new Func<Deployment, Task<TransitionOutcome>>[]
        {
            d => Lifecycle.AdvanceAsync(d.Id, DeploymentStatus.Copying, Token),
            d => Lifecycle.SucceedAsync(d.Id, "https://x", Token),
            d => Lifecycle.FailAsync(d.Id, "late", Token),
        })
        {
            var deployment = await StartedAsync(DeploymentStatus.Building);
            Task<TransitionOutcome> step = null!;
            await UnitOfWork.RunAsync(async (tx, token) =>
            {
                var cancel = await tx.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, "stop", token);
                Assert.That(cancel, Is.EqualTo(CancelOutcome.Cancelled));
                step = late(deployment);
                await UntilSomeoneWaitsAsync();
            }, Token);

            Assert.That(await step, Is.EqualTo(TransitionOutcome.Cancelled));
            var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
            Assert.That(
                (found.Status, found.FailedReason, found.DeployedUrl), Is.EqualTo((DeploymentStatus.Cancelled, "stop", (string?)null)));
            Assert.That(await OpenStagesAsync(deployment), Is.Empty);
        }
    }

    [Test]
    public async Task A_cancel_waits_for_an_open_step_and_ends_its_stage()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<CancelOutcome> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(
                await tx.Get<IDeploymentLifecycle>().AdvanceAsync(deployment.Id, DeploymentStatus.Copying, token),
                Is.EqualTo(TransitionOutcome.Applied));
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(await OpenStagesAsync(deployment), Is.Empty);
        var stages = await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(stages.Single(s => s.Name == StageName.Copying).Status, Is.EqualTo(StageStatus.Cancelled));
    }

    [Test]
    public async Task A_cancel_waits_for_an_open_success_and_changes_nothing()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<CancelOutcome> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentLifecycle>().SucceedAsync(deployment.Id, "https://x", token);
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelOutcome.AlreadyFinished));
        Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Success));
    }

    [Test]
    public async Task A_cancel_waits_for_an_open_claim_and_cancels_the_deployment()
    {
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status = 'queued'");
        var deployment = await EnqueueAsync();
        Task<CancelOutcome> cancel = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token), Is.Not.Null);
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await cancel, Is.EqualTo(CancelOutcome.Cancelled));
        Assert.That(await OpenStagesAsync(deployment), Is.Empty);
    }

    [Test]
    public async Task Ending_a_stage_locks_the_deployment_first_and_cannot_deadlock()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Task<CancelOutcome> cancel = null!;
        var attempts = 0;
        var step = await UnitOfWork.RunAsync(async (tx, token) =>
        {
            attempts++;
            var completed = await tx.Get<IPlatformDeploymentStageRepository>().CompleteAsync(deployment.Id, StageName.Building, token);
            Assert.That(completed, Is.EqualTo(TransitionOutcome.Applied));
            cancel = Deployments.CancelAsync(deployment.Id, deployment.UserId, "stop", Token);
            await UntilSomeoneWaitsAsync();
            Assert.That(await WaitedForAsync(), Is.EqualTo("deployments"));
            return await tx.Get<IDeploymentLifecycle>().AdvanceAsync(deployment.Id, DeploymentStatus.Copying, token);
        }, Token);

        Assert.That((step, await cancel, attempts), Is.EqualTo((TransitionOutcome.Applied, CancelOutcome.Cancelled, 1)));
        var stages = await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(stages.Single(s => s.Name == StageName.Building).Status, Is.EqualTo(StageStatus.Completed));
        Assert.That(stages.Single(s => s.Name == StageName.Copying).Status, Is.EqualTo(StageStatus.Cancelled));
    }

    [Test]
    public async Task Concurrent_stage_changes_do_not_deadlock_with_the_end_of_the_deployment()
    {
        foreach (var enter in new Func<IPlatformDeploymentStageRepository, Guid, Task<TransitionOutcome>>[]
        {
            (stages, id) => stages.StartAsync(id, StageName.Deploying, Token),
            (stages, id) => stages.SetAsync(id, new StageChange { Name = StageName.Deploying, Status = StageStatus.InProgress }, Token),
            (stages, id) => stages.PlanAsync(id, [StageName.Deploying], Token),
        })
        {
            var deployment = await StartedAsync(DeploymentStatus.Building);
            Task<TransitionOutcome> other = null!;
            var attempts = 0;
            var end = await UnitOfWork.RunAsync(async (tx, token) =>
            {
                attempts++;
                Assert.That(
                    await enter(tx.Get<IPlatformDeploymentStageRepository>(), deployment.Id), Is.EqualTo(TransitionOutcome.Applied));
                other = enter(PlatformStages, deployment.Id);
                await UntilSomeoneWaitsAsync();
                Assert.That(await WaitedForAsync(), Is.EqualTo("deployments"));
                return await tx.Get<IDeploymentLifecycle>().SucceedAsync(deployment.Id, null, token);
            }, Token);

            Assert.That((end, await other, attempts), Is.EqualTo((TransitionOutcome.Applied, TransitionOutcome.AlreadyFinished, 1)));
        }
    }

    [Test]
    public async Task A_deployment_never_ends_before_a_start_of_another_clock()
    {
        foreach (var end in new Func<Deployment, Task>[]
        {
            d => Deployments.CancelAsync(d.Id, d.UserId, null, Token),
            d => Lifecycle.FailAsync(d.Id, "x", Token),
            d => Lifecycle.SucceedAsync(d.Id, null, Token),
            d => Deployments.SoftDeleteAsync(d.Id, d.UserId, Token),
            d => Maintenance.AbandonAsync([d.Id], "x", Token),
        })
        {
            var deployment = await StartedAsync(DeploymentStatus.Building);
            await ExecuteAsync("UPDATE deployments SET started_at = started_at + interval '3 hours' WHERE id = $1", deployment.Id);

            await end(deployment);

            Assert.That(
                await ScalarAsync(
                    "SELECT completed_at = started_at AND build_duration_seconds = 0 FROM deployments WHERE id = $1", deployment.Id),
                Is.True);
        }
    }

    // The table with the row that the session waits for. In a circle it would hold the deployment and wait for something else.
    private async Task<string> WaitedForAsync() =>
        (string)(await ScalarAsync("SELECT coalesce(string_agg(relation::regclass::text, ','), '') FROM pg_locks WHERE locktype = 'tuple' "
            + "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"))!;

    private async Task<IEnumerable<DeploymentStage>> OpenStagesAsync(Deployment deployment) =>
        (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Where(s => s.Status == StageStatus.InProgress);
}
