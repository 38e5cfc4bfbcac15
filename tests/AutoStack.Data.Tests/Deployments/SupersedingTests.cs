using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

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
    public async Task A_push_that_cannot_bring_its_environment_cancels_nothing()
    {
        var project = await AddProjectAsync();
        var waiting = await EnqueueAsync(project);
        await using (var withKey = WithKeys(NewKey("k1")))
        {
            await withKey.GetRequiredService<IProjectEnvironmentRepository>()
                .ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);
        }

        Assert.That(
            () => QueueAsync(Of(project) with { Supersedes = Superseding.Waiting }), Throws.TypeOf<SecretUnreadableException>());

        Assert.That(await Lifecycle.FindStatusAsync(waiting.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    // The first attempt brings no environment; the place of what waits is still taken over.
    [Test]
    public async Task A_push_with_an_environment_takes_over_the_place()
    {
        await using var withKey = WithKeys(NewKey("k1"));
        var project = await AddProjectAsync();
        var place = await PlaceAsync((await EnqueueAsync(project)).Id);
        await EnqueueAsync();
        await withKey.GetRequiredService<IProjectEnvironmentRepository>()
            .ReplaceAsync(project.Id, project.UserId, Secret.From("V=1"), Token);

        var latest = (await withKey.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            Of(project) with { Supersedes = Superseding.Waiting }, Token))!;

        Assert.That(await PlaceAsync(latest.Id), Is.EqualTo(place));
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

    // The push waits for the success, and then leaves the deployment alone, which is live.
    [Test]
    public async Task A_push_does_not_cancel_what_ends_at_that_moment()
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        var running = await BuildAsync();
        Task<Deployment> push = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(
                await tx.Get<IDeploymentLifecycle>().SucceedAsync(running.Claim, null, token), Is.EqualTo(TransitionOutcome.Applied));
            push = QueueAsync(Of(project) with { Supersedes = Superseding.WaitingAndRunning });
            await UntilSomeoneWaitsAsync();
        }, Token);

        var latest = await push;

        Assert.That(await Lifecycle.FindStatusAsync(running.Deployment.Id, Token), Is.EqualTo(DeploymentStatus.Success));
        Assert.That(await Lifecycle.FindStatusAsync(latest.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    // The other way round: the success waits for the push.
    [Test]
    public async Task A_deployment_that_ends_while_a_push_cancels_it_does_not_go_live()
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        var running = await BuildAsync();
        Task<TransitionOutcome> end = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IDeploymentRepository>().EnqueueAsync(
                Of(project) with { Supersedes = Superseding.WaitingAndRunning }, token);
            end = Lifecycle.SucceedAsync(running.Claim, "https://old", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await end, Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await ScalarAsync("SELECT count(*) FROM live_deployments WHERE project_id = $1", project.Id), Is.Zero);
    }

    // Another program's deployment that runs while its status is still 'queued' is cancelled as a running one, and is nobody's place.
    [Test]
    public async Task What_another_program_has_started_does_not_count_as_waiting([Values] bool running)
    {
        var project = await AddProjectAsync();
        var driven = await EnqueueAsync(project);
        await ExecuteAsync("UPDATE deployments SET started_at = now() WHERE id = $1", driven.Id);

        var latest = await QueueAsync(
            Of(project) with { Supersedes = running ? Superseding.WaitingAndRunning : Superseding.Waiting });

        Assert.That(
            await Lifecycle.FindStatusAsync(driven.Id, Token),
            Is.EqualTo(running ? DeploymentStatus.Cancelled : DeploymentStatus.Queued));
        Assert.That(await PlaceAsync(latest.Id), Is.GreaterThan((await PlaceAsync(driven.Id))!));
    }

    [Test]
    public async Task Two_workers_and_four_pushers_at_once_leave_one_deployment_waiting()
    {
        var project = await AddProjectAsync();
        using var pushed = new CancellationTokenSource();
        var claimed = new System.Collections.Concurrent.ConcurrentBag<Guid>();
        var workers = new[] { new ClaimOptions(), new ClaimOptions { MaxPerProject = 3 } }
            .Select(options => Task.Run(async () =>
            {
                for (ClaimedDeployment? job = null; job is not null || !pushed.IsCancellationRequested;)
                {
                    job = await Lifecycle.ClaimNextAsync(options, Token);
                    if (job is not null)
                    {
                        claimed.Add(job.Deployment.Id);
                        await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token);
                        await Lifecycle.SucceedAsync(job.Claim, null, Token);
                    }
                }
            })).ToList();
        var pushes = Enumerable.Range(0, 4).Select(pusher => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
            {
                var supersedes = (i + pusher) % 2 == 0 ? Superseding.Waiting : Superseding.WaitingAndRunning;
                await QueueAsync(Of(project) with { Supersedes = supersedes });
            }
        }));
        await Task.WhenAll(pushes);
        var waiting = await QueuedAsync(project);
        await pushed.CancelAsync();
        await Task.WhenAll(workers);

        Assert.That(waiting, Is.LessThanOrEqualTo(1));
        Assert.That(claimed, Is.Unique);
        Assert.That(
            await ScalarAsync(
                "SELECT count(*) FROM deployments WHERE project_id = $1 AND status NOT IN ('success', 'cancelled')", project.Id),
            Is.Zero);
        Assert.That(
            await ScalarAsync(
                """
                SELECT count(*)
                FROM live_deployments l
                JOIN deployments d ON d.project_id = l.project_id
                WHERE l.project_id = $1 AND d.status = 'success' AND (d.created_at, d.id) > (l.queued_at, l.deployment_id)
                """, project.Id),
            Is.Zero, "no newer success than the live one");
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

    /// <summary>Claims the next deployment, and advances it to where it may succeed.</summary>
    private async Task<ClaimedDeployment> BuildAsync()
    {
        var job = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromMinutes(1) }, Token))!;
        Assert.That(await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Applied));
        return job;
    }

    private async Task<Deployment> QueueAsync(NewDeployment deployment) => (await Deployments.EnqueueAsync(deployment, Token))!;

    private async Task<object?> PlaceAsync(Guid id) => await ScalarAsync("SELECT queue_place FROM deployments WHERE id = $1", id);

    private async Task<object?> QueuedAsync(Project project) =>
        await ScalarAsync("SELECT count(*) FROM deployments WHERE project_id = $1 AND status = 'queued'", project.Id);
}
