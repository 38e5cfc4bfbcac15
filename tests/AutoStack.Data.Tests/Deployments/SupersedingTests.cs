using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>A newer push replaces older deployments of its branch.</summary>
public sealed class SupersedingTests : DatabaseTests
{
    [SetUp]
    public Task EmptyTheQueueAsync() =>
        ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status NOT IN ('success', 'failed', 'cancelled')");

    [Test]
    public async Task Waiting_deployments_of_the_branch_are_cancelled_with_a_reason_and_no_others()
    {
        var (project, neighbour) = (await AddProjectAsync(), await AddProjectAsync());
        var second = await AddProjectAsync(project.UserId);
        var push = Of(project) with { Branch = "feature" };
        var replaced = await QueueAsync(push);
        Deployment[] kept =
        [
            await QueueAsync(Of(project)), await QueueAsync(push with { IsProduction = true }),
            await QueueAsync(Of(second) with { Branch = "feature" }), await QueueAsync(Of(neighbour) with { Branch = "feature" }),
        ];

        var latest = await QueueAsync(push with { Supersedes = Superseding.Waiting });

        var found = (await Deployments.FindAsync(replaced.Id, project.UserId, Token))!;
        Assert.That((found.Status, found.FailedReason), Is.EqualTo(
            (DeploymentStatus.Cancelled, "Superseded by a newer deployment of the branch.")));
        Assert.That(found.CompletedAt, Is.Not.Null);
        Assert.That(
            (await Stages.ListByDeploymentAsync(replaced.Id, project.UserId, Token)).Select(stage => stage.Status),
            Is.EqualTo(new[] { StageStatus.Cancelled }));
        foreach (var deployment in kept.Append(latest))
        {
            Assert.That(await Lifecycle.FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
        }
    }

    // The branch of the push is that of the project when the push names none.
    [Test]
    public async Task A_stream_of_pushes_keeps_its_place_and_lets_the_running_build_end()
    {
        var project = await AddProjectAsync();
        var push = Of(project) with { Supersedes = Superseding.Waiting };
        var first = await QueueAsync(push);
        var running = (await Lifecycle.ClaimNextAsync(Token))!;
        Assert.That(running.Deployment.Id, Is.EqualTo(first.Id));
        var waiting = await QueueAsync(push with { Branch = "main" });
        var place = await PlaceAsync(waiting.Id);
        var other = await EnqueueAsync(await AddProjectAsync());
        for (var i = 0; i < 5; i++)
        {
            waiting = await QueueAsync(push);
        }

        Assert.That(await PlaceAsync(waiting.Id), Is.EqualTo(place));
        Assert.That(await QueuedAsync(project), Is.EqualTo(1));
        Assert.That(await Lifecycle.AdvanceAsync(running.Claim, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.SucceedAsync(running.Claim, null, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(waiting.Id), "not pushed back by the newer ones");
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(other.Id));
    }

    [Test]
    public async Task Running_deployments_are_cancelled_on_request_and_their_worker_learns_it()
    {
        var project = await AddProjectAsync();
        var push = Of(project);
        await QueueAsync(push);
        var running = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromMinutes(1) }, Token))!;
        await QueueAsync(push);

        var latest = await QueueAsync(push with { Supersedes = Superseding.WaitingAndRunning });

        Assert.That(
            await Lifecycle.AdvanceAsync(running.Claim, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_leases WHERE deployment_id = $1", running.Deployment.Id), Is.Zero);
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(latest.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
    }

    [Test]
    public async Task A_repeated_push_cancels_nothing_that_is_newer()
    {
        var project = await AddProjectAsync();
        var push = Of(project) with { Supersedes = Superseding.WaitingAndRunning };
        var old = push with { Id = Guid.CreateVersion7() };
        await QueueAsync(old);
        var newer = await QueueAsync(push);

        Assert.That((await QueueAsync(old)).Status, Is.EqualTo(DeploymentStatus.Cancelled));

        Assert.That(await Lifecycle.FindStatusAsync(newer.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    [Test]
    public async Task A_push_of_a_stranger_cancels_nothing()
    {
        var (project, stranger) = (await AddProjectAsync(), await AddUserAsync());
        var waiting = await EnqueueAsync(project);

        Assert.That(
            await Deployments.EnqueueAsync(
                Of(project) with { UserId = stranger.Id, Supersedes = Superseding.WaitingAndRunning }, Token), Is.Null);

        Assert.That(await Lifecycle.FindStatusAsync(waiting.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    // The later call waits for the project, and then finds what the earlier one has queued.
    [Test]
    public async Task Of_concurrent_pushes_one_deployment_waits()
    {
        var project = await AddProjectAsync();
        var push = Of(project) with { Supersedes = Superseding.Waiting };
        var (first, late) = (default(Deployment), default(Task<Deployment>));
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            first = await tx.Get<IDeploymentRepository>().EnqueueAsync(push, token);
            late = QueueAsync(push);
            await UntilSomeoneWaitsAsync();
        }, Token);

        var latest = await late!;

        Assert.That(await Lifecycle.FindStatusAsync(first!.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
        Assert.That(await Lifecycle.FindStatusAsync(latest.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    // The push waits for the claim, and then leaves the deployment alone, which runs.
    [Test]
    public async Task A_push_does_not_cancel_what_a_claim_starts_at_that_moment()
    {
        var project = await AddProjectAsync();
        var older = await EnqueueAsync(project);
        Task<Deployment> push = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token))!.Deployment.Id, Is.EqualTo(older.Id));
            push = QueueAsync(Of(project) with { Supersedes = Superseding.Waiting });
            await UntilSomeoneWaitsAsync();
        }, Token);

        var latest = await push;

        Assert.That(await Lifecycle.FindStatusAsync(older.Id, Token), Is.EqualTo(DeploymentStatus.Cloning));
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(latest.Id));
    }

    [Test]
    public void Invalid_requests_are_named()
    {
        var push = new NewDeployment { ProjectId = Guid.NewGuid(), UserId = Guid.NewGuid() };

        Assert.That(
            () => Deployments.EnqueueAsync(push with { Supersedes = (Superseding)7 }, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("deployment.Supersedes"));
        Assert.That(
            () => Deployments.EnqueueAsync(push with { Supersedes = Superseding.Waiting, StartAt = Clock.Start }, Token),
            Throws.ArgumentException.With.Message.Contains("deployment.StartAt"));
    }

    private static NewDeployment Of(Project project) => new() { ProjectId = project.Id, UserId = project.UserId };

    private async Task<Deployment> QueueAsync(NewDeployment deployment) => (await Deployments.EnqueueAsync(deployment, Token))!;

    private async Task<object?> PlaceAsync(Guid id) => await ScalarAsync("SELECT queue_place FROM deployments WHERE id = $1", id);

    private async Task<object?> QueuedAsync(Project project) =>
        await ScalarAsync("SELECT count(*) FROM deployments WHERE project_id = $1 AND status = 'queued'", project.Id);
}
