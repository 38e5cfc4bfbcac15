using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>Deployments with a start time.</summary>
public sealed class ScheduledDeploymentTests : DatabaseTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private IQueuePauseRepository Queue => Get<IQueuePauseRepository>();

    [SetUp]
    public Task EmptyTheQueueAsync() =>
        ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status NOT IN ('success', 'failed', 'cancelled')");

    [Test]
    public async Task A_deployment_is_claimed_at_its_start_and_not_before([Values] bool limited)
    {
        var options = limited ? new ClaimOptions { MaxPerProject = 5, MaxPerUser = 5 } : new ClaimOptions();
        var scheduled = await ScheduleAsync(await AddProjectAsync(), Clock.GetUtcNow().Add(Hour));

        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);
        Clock.Advance(Hour - TimeSpan.FromSeconds(5));
        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);
        Clock.Advance(TimeSpan.FromSeconds(6));
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(scheduled.Id));
    }

    // With limits, claims go from project to project: one whose first deployment is scheduled has no other one.
    [Test]
    public async Task Scheduled_deployments_hold_nobody_back([Values] bool limited)
    {
        var options = limited ? new ClaimOptions { MaxPerProject = 5, MaxPerUser = 5 } : new ClaimOptions();
        var project = await AddProjectAsync();
        for (var i = 0; i < 70; i++)
        {
            await ScheduleAsync(project, Clock.GetUtcNow().Add(Hour));
        }

        var (own, other) = (await EnqueueAsync(project), await EnqueueAsync());

        Assert.That(await TurnAsync(own.Id), Is.EqualTo(await TurnAsync(other.Id)), "no turn was taken");
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(own.Id));
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(other.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(options, Token), Is.Null);
    }

    [Test]
    public async Task A_claim_with_limits_takes_no_step_for_a_project_whose_deployments_are_scheduled()
    {
        const int Projects = 150;
        var first = await ScheduleAsync(await AddProjectAsync(), Clock.GetUtcNow().Add(Hour));
        for (var i = 1; i < Projects; i++)
        {
            await ScheduleAsync(await AddProjectAsync(first.UserId), Clock.GetUtcNow().Add(Hour));
        }

        var scans = await UnitOfWork.RunAsync(
            async (tx, token) =>
            {
                // The view counts former transactions of the session as well.
                var before = await CountAsync(tx.Get<IOwnStatements>(), token);
                var options = new ClaimOptions { MaxPerProject = 5 };
                Assert.That(await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(options, token), Is.Null);
                return await CountAsync(tx.Get<IOwnStatements>(), token) - before;
            },
            Token);

        static Task<long> CountAsync(IOwnStatements statements, CancellationToken token) => statements.RunAsync(
            async (connection, ct) =>
            {
                await using var command = connection.CreateCommand();
                command.CommandText = """
                    SELECT idx_scan + seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'deployments'::regclass
                    """;
                return (long)(await command.ExecuteScalarAsync(ct))!;
            },
            token);

        Assert.That(scans, Is.LessThan(Projects / 2));
    }

    [Test]
    public async Task Deployments_with_the_same_start_take_turns_like_all_others()
    {
        var (busy, other) = (await AddProjectAsync(), await AddProjectAsync());
        var start = Clock.GetUtcNow().Add(Hour);
        Deployment[] ofBusy = [await ScheduleAsync(busy, start), await ScheduleAsync(busy, start), await ScheduleAsync(busy, start)];
        var ofOther = await ScheduleAsync(other, start);
        Clock.Advance(Hour + Hour);

        var claimed = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            claimed.Add((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id);
        }

        Assert.That(claimed, Is.EquivalentTo(ofBusy.Select(deployment => deployment.Id).Append(ofOther.Id)));
        Assert.That(claimed.IndexOf(ofOther.Id), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public async Task A_start_that_has_passed_is_the_next_turn([Values] bool longAgo)
    {
        var start = longAgo ? DateTimeOffset.MinValue : Clock.GetUtcNow().Subtract(Hour);
        var deployment = await ScheduleAsync(await AddProjectAsync(), start);

        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(deployment.Id));
    }

    [Test]
    public async Task The_last_moment_of_the_calendar_is_a_start()
    {
        var deployment = await ScheduleAsync(await AddProjectAsync(), DateTimeOffset.MaxValue);
        var next = await EnqueueAsync();

        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(next.Id));
        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
        var counts = await Queue.CountAsync(Token);
        Assert.That((counts.Scheduled, counts.NextStart), Is.EqualTo((1, (DateTimeOffset?)DateTimeOffset.MaxValue)));
        Assert.That((await Queue.FindPositionAsync(deployment.Id, Token))!.StartAt, Is.EqualTo(DateTimeOffset.MaxValue));
    }

    // More starts at one moment than a look moves.
    [Test]
    public async Task Starts_that_come_together_all_come()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted, queue_place)
            SELECT gen_random_uuid(), $1, $2, 'queued', 'manual', FALSE, now(), FALSE, 4611686018427387904 + n
            FROM generate_series(1, 1100) n
            """, project.Id, project.UserId);
        Clock.Advance(TimeSpan.FromSeconds(2));

        for (var i = 0; i < 3; i++)
        {
            Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Not.Null);
        }

        Assert.That(
            await ScalarAsync(
                "SELECT count(*) FROM deployments WHERE status = 'queued' AND queue_place >= 4611686018427387904 AND project_id = $1",
                project.Id),
            Is.Zero);
    }

    // Another process finds the start locked, and does not wait for it.
    [Test]
    public async Task Two_workers_at_a_start_claim_it_once_and_do_not_wait_for_each_other()
    {
        await using var other = WithKeys();
        var second = other.GetRequiredService<IDeploymentLifecycle>();
        var scheduled = await ScheduleAsync(await AddProjectAsync(), Clock.GetUtcNow().Add(Hour));
        Clock.Advance(Hour + Hour);
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token))!.Deployment.Id, Is.EqualTo(scheduled.Id));
            Assert.That(await second.ClaimNextAsync(token).WaitAsync(TimeSpan.FromSeconds(30), token), Is.Null);
        }, Token);

        Clock.Advance(Hour);
        Assert.That(await second.ClaimNextAsync(Token), Is.Null);
    }

    [Test]
    public async Task A_cancelled_one_never_starts()
    {
        var project = await AddProjectAsync();
        var deployment = await ScheduleAsync(project, Clock.GetUtcNow().Add(Hour));
        Assert.That(await Deployments.CancelAsync(deployment.Id, project.UserId, null, Token), Is.EqualTo(CancelOutcome.Cancelled));
        Clock.Advance(Hour + Hour);

        Assert.That(await Lifecycle.ClaimNextAsync(Token), Is.Null);
    }

    // Another program that starts such a deployment must not move the turns of others to the end of all places.
    [Test]
    public async Task A_scheduled_deployment_that_another_program_starts_is_no_turn()
    {
        var driven = await ScheduleAsync(await AddProjectAsync(), Clock.GetUtcNow().Add(Hour));
        await ExecuteAsync("UPDATE deployments SET started_at = now() WHERE id = $1", driven.Id);

        var next = await EnqueueAsync();

        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(next.Id));
    }

    [Test]
    public async Task A_newer_push_leaves_a_scheduled_deployment_alone()
    {
        var project = await AddProjectAsync();
        var scheduled = await ScheduleAsync(project, Clock.GetUtcNow().Add(Hour));
        await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, Supersedes = Superseding.WaitingAndRunning }, Token);

        Assert.That(await Lifecycle.FindStatusAsync(scheduled.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    [Test]
    public async Task Counts_and_places_tell_scheduled_from_waiting()
    {
        var start = new DateTimeOffset(2027, 1, 2, 3, 4, 5, 678, TimeSpan.FromHours(2));
        var project = await AddProjectAsync();
        var later = await ScheduleAsync(project, start.AddDays(1));
        var scheduled = await ScheduleAsync(project, start);
        var (first, second) = (await EnqueueAsync(), await EnqueueAsync());

        var counts = await Queue.CountAsync(Token);

        Assert.That(
            (counts.Waiting, counts.Scheduled, counts.Paused, counts.NextStart, counts.Pause),
            Is.EqualTo((2, 2, 0, (DateTimeOffset?)start, (QueuePause?)null)));
        var (ofFirst, ofSecond) = (await Queue.FindPositionAsync(first.Id, Token), await Queue.FindPositionAsync(second.Id, Token));
        Assert.That((ofFirst!.Ahead, ofSecond!.Ahead, ofSecond.StartAt), Is.EqualTo(((int?)0, (int?)1, (DateTimeOffset?)null)));
        var ofLater = (await Queue.FindPositionAsync(later.Id, Token))!;
        Assert.That((ofLater.Ahead, ofLater.StartAt), Is.EqualTo(((int?)null, (DateTimeOffset?)start.AddDays(1))));
        Assert.That((await Queue.FindPositionAsync(scheduled.Id, Token))!.StartAt, Is.EqualTo(start));
        await Deployments.CancelAsync(later.Id, project.UserId, null, Token);
        Assert.That(await Queue.FindPositionAsync(later.Id, Token), Is.Null);
        Assert.That(await Queue.FindPositionAsync(Guid.NewGuid(), Token), Is.Null);
    }

    private async Task<Deployment> ScheduleAsync(Project project, DateTimeOffset start) => (await Deployments.EnqueueAsync(
        new NewDeployment { ProjectId = project.Id, UserId = project.UserId, StartAt = start }, Token))!;

    private async Task<object?> TurnAsync(Guid id) => await ScalarAsync("SELECT queue_place >> 32 FROM deployments WHERE id = $1", id);
}
