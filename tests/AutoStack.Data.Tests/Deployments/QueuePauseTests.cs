using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>Pauses of the whole queue and of projects.</summary>
public sealed class QueuePauseTests : DatabaseTests
{
    private static readonly ClaimOptions[] Kinds =
    [
        new(), new() { MaxPerProject = 100 }, new() { MaxPerUser = 100 }, new() { MaxPerProject = 100, MaxPerUser = 100 },
    ];

    private IQueuePauseRepository Queue => Get<IQueuePauseRepository>();

    [SetUp]
    public async Task EmptyTheQueueAsync()
    {
        await ExecuteAsync("TRUNCATE queue_pauses");
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status NOT IN ('success', 'failed', 'cancelled')");
    }

    [TestCaseSource(nameof(Kinds))]
    public async Task A_paused_queue_is_not_claimed_from_and_takes_deployments(ClaimOptions options)
    {
        var first = await EnqueueAsync();
        Assert.That(await Queue.PauseAsync(null, "Ada", "maintenance", Token), Is.EqualTo(PauseOutcome.Paused));
        var second = await EnqueueAsync();

        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);

        Assert.That(await Queue.ResumeAsync(null, Token), Is.True);
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(first.Id));
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(second.Id));
    }

    // More than the first 64 places, so that a claim with limits goes from project to project.
    [TestCaseSource(nameof(Kinds))]
    public async Task A_paused_project_is_skipped_and_others_are_claimed(ClaimOptions options)
    {
        var project = await AddProjectAsync();
        for (var i = 0; i < 70; i++)
        {
            await EnqueueAsync(project);
        }

        var sibling = await EnqueueAsync(await AddProjectAsync(project.UserId));
        Assert.That(await Queue.PauseAsync(project.Id, "Ada", null, Token), Is.EqualTo(PauseOutcome.Paused));

        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))?.Deployment.Id, Is.EqualTo(sibling.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);
        Assert.That(await Queue.ResumeAsync(project.Id, Token), Is.True);
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Project.Id, Is.EqualTo(project.Id));
    }

    // The process has not looked for pauses since: the statement of the claim looks itself.
    [TestCaseSource(nameof(Kinds))]
    public async Task A_pause_of_another_process_holds_at_once(ClaimOptions options)
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        await EnqueueAsync(project);
        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Not.Null);
        await ExecuteAsync("INSERT INTO queue_pauses (id, project_id, paused_by, paused_at) VALUES ($1, $1, 'Ada', now())", project.Id);

        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);
    }

    // The claim has chosen a deployment, and waits for the table that its last statement writes: that statement sees the pause.
    [TestCaseSource(nameof(Kinds))]
    public Task A_pause_that_commits_during_a_claim_holds(ClaimOptions options) => PauseDuringAClaimAsync(options, ofProject: false);

    [TestCaseSource(nameof(Kinds))]
    public Task A_pause_of_a_project_that_commits_during_a_claim_holds(ClaimOptions options) =>
        PauseDuringAClaimAsync(options, ofProject: true);

    [Test]
    public async Task Of_two_pauses_at_once_the_first_one_stays([Values] bool ofProject)
    {
        Guid? project = ofProject ? (await AddProjectAsync()).Id : null;
        Task<PauseOutcome> late = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var first = tx.Get<IQueuePauseRepository>();
            Assert.That(await first.PauseAsync(project, "Ada", "first", token), Is.EqualTo(PauseOutcome.Paused));
            late = Queue.PauseAsync(project, "Grace", "second", Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await late, Is.EqualTo(PauseOutcome.AlreadyPaused));
        Assert.That((await Queue.ListAsync(Cursor.Start, 10, Token)).Items.Single().PausedBy, Is.EqualTo("Ada"));
    }

    [Test]
    public async Task A_start_that_comes_during_a_pause_waits_for_its_end([Values] bool ofProject)
    {
        var project = await AddProjectAsync();
        Guid? paused = ofProject ? project.Id : null;
        var scheduled = (await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, StartAt = Clock.GetUtcNow().AddHours(1) }, Token))!;
        await Queue.PauseAsync(paused, "Ada", null, Token);
        Clock.Advance(TimeSpan.FromHours(2));

        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
        var counts = await Queue.CountAsync(Token);
        Assert.That((counts.Waiting, counts.Paused, counts.Scheduled), Is.EqualTo(ofProject ? (0, 1, 0) : (1, 0, 0)));
        await Queue.ResumeAsync(paused, Token);
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(scheduled.Id));
    }

    [Test]
    public async Task Claims_without_limits_beside_a_pause_do_not_skip_each_other()
    {
        var (paused, project) = (await AddProjectAsync(), await AddProjectAsync());
        await Queue.PauseAsync(paused.Id, "Ada", null, Token);
        var (first, second) = (await EnqueueAsync(project), await EnqueueAsync(project));
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token))!.Deployment.Id, Is.EqualTo(first.Id));
            Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(second.Id));
        }, Token);
    }

    [Test]
    public async Task A_pause_says_by_whom_and_since_when_and_a_second_one_changes_nothing()
    {
        var project = await AddProjectAsync();
        var before = Clock.GetUtcNow();
        await Queue.PauseAsync(project.Id, "Ada", "too many failures", Token);
        await Queue.PauseAsync(null, "Ada", null, Token);

        Assert.That(await Queue.PauseAsync(project.Id, "another", null, Token), Is.EqualTo(PauseOutcome.AlreadyPaused));
        Assert.That(await Queue.PauseAsync(null, "another", null, Token), Is.EqualTo(PauseOutcome.AlreadyPaused));

        var first = await Queue.ListAsync(Cursor.Start, 1, Token);
        var second = await Queue.ListAsync(first.Next!.Value, 1, Token);
        Assert.That(
            first.Items.Concat(second.Items).Select(pause => (pause.ProjectId, pause.PausedBy, pause.Reason)),
            Is.EqualTo(new[] { ((Guid?)null, "Ada", (string?)null), (project.Id, "Ada", "too many failures") }));
        Assert.That(second.Next, Is.Null);
        Assert.That(second.Items[0].PausedAt, Is.InRange(before.AddMilliseconds(-1), Clock.GetUtcNow()));
    }

    [Test]
    public async Task Counts_and_places_say_what_is_paused()
    {
        var project = await AddProjectAsync();
        var held = await EnqueueAsync(project);
        var free = await EnqueueAsync();
        await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, StartAt = Clock.GetUtcNow().AddHours(1) }, Token);
        await Queue.PauseAsync(project.Id, "Ada", null, Token);

        var counts = await Queue.CountAsync(Token);
        Assert.That(
            (counts.Waiting, counts.Paused, counts.Scheduled, counts.Pause), Is.EqualTo((1, 1, 1, (QueuePause?)null)));
        Assert.That((await Queue.FindPositionAsync(held.Id, Token))!.Pause!.ProjectId, Is.EqualTo(project.Id));
        var position = (await Queue.FindPositionAsync(free.Id, Token))!;
        Assert.That((position.Ahead, position.Pause), Is.EqualTo(((int?)0, (QueuePause?)null)));

        await Queue.PauseAsync(null, "Ada", "all", Token);
        Assert.That((await Queue.CountAsync(Token)).Pause!.Reason, Is.EqualTo("all"));
        Assert.That((await Queue.FindPositionAsync(free.Id, Token))!.Pause!.Reason, Is.EqualTo("all"));
    }

    [Test]
    public async Task Unknown_projects_and_invalid_arguments_are_told()
    {
        Assert.That(await Queue.PauseAsync(Guid.NewGuid(), "Ada", null, Token), Is.EqualTo(PauseOutcome.NotFound));
        Assert.That(await Queue.ResumeAsync(Guid.NewGuid(), Token), Is.False);
        Assert.That(() => Queue.PauseAsync(null, " ", null, Token), Throws.ArgumentException.With.Message.Contains("pausedBy"));
        Assert.That(
            () => Queue.PauseAsync(null, "Ada", new string('x', QueuePause.MaxReasonLength + 1), Token),
            Throws.ArgumentException.With.Message.Contains("reason"));
    }

    [Test]
    public async Task A_removed_project_takes_its_pause_along()
    {
        var project = await AddProjectAsync();
        await Queue.PauseAsync(project.Id, "Ada", null, Token);

        await Projects.RemoveAsync(project.Id, project.UserId, Token);

        Assert.That((await Queue.ListAsync(Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    private async Task PauseDuringAClaimAsync(ClaimOptions options, bool ofProject)
    {
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        Task<ClaimedDeployment?> claim;
        await using (var connection = await Raw.OpenConnectionAsync(Token))
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await using var hold = new NpgsqlCommand("LOCK TABLE deployment_leases IN ACCESS EXCLUSIVE MODE", connection, transaction);
            await hold.ExecuteNonQueryAsync(Token);
            claim = Lifecycle.ClaimNextAsync(options, Token);
            await UntilSomeoneWaitsAsync();
            Assert.That(
                await Queue.PauseAsync(ofProject ? project.Id : null, "Ada", null, Token), Is.EqualTo(PauseOutcome.Paused));
            await transaction.CommitAsync(Token);
        }

        Assert.That(await claim, Is.Null);
    }
}
