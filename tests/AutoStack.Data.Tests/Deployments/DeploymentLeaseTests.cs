using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>The lease of a claim: who holds a deployment, until when, and what becomes of it.</summary>
public sealed class DeploymentLeaseTests : DatabaseTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly StageChange Deploying = new() { Name = StageName.Deploying, Status = StageStatus.InProgress };

    [Test]
    public async Task A_claim_stores_its_worker_and_the_end_of_its_lease()
    {
        var job = await ClaimAsync(new ClaimOptions { Worker = "w1", Lease = Minute });

        Assert.That((job.Claim.DeploymentId, job.Attempt), Is.EqualTo((job.Deployment.Id, 1)));
        Assert.That(
            await ScalarAsync(
                """
                SELECT worker || ' ' || attempt || ' ' || (claim_key = $2) || ' ' || (expires_at - claimed_at) || ' '
                    || (claimed_at = renewed_at) || ' ' || coalesce(released_at::text, 'held')
                FROM deployment_leases WHERE deployment_id = $1
                """, job.Deployment.Id, job.Claim.Key!),
            Is.EqualTo("w1 1 true 00:01:00 true held"));
    }

    [Test]
    public async Task A_claim_without_options_never_expires()
    {
        await EmptyTheQueueAsync();
        await EnqueueAsync();
        var job = (await Lifecycle.ClaimNextAsync(Token))!;
        Clock.Advance(TimeSpan.FromDays(400));

        Assert.That((await Maintenance.RequeueExpiredAsync(1, 1000, Token)).Requeued, Does.Not.Contain(job.Deployment.Id));
        Assert.That(await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Applied));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_claim_with_the_same_key_returns_the_same_deployment_while_it_is_held(bool withLimits)
    {
        var options = new ClaimOptions { Key = Guid.NewGuid(), Lease = Minute, MaxPerProject = withLimits ? 5 : null };
        var job = await ClaimAsync(options);
        var waiting = await EnqueueAsync();

        var again = (await Lifecycle.ClaimNextAsync(options, Token))!;
        Assert.That((again.Deployment.Id, again.Claim, again.Attempt), Is.EqualTo((job.Deployment.Id, job.Claim, 1)));
        Assert.That(again.Project, Is.EqualTo(job.Project));

        await Lifecycle.FailAsync(job.Claim, "over", Token);
        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.Id, Is.EqualTo(waiting.Id));
    }

    [Test]
    public async Task Steps_of_an_expired_lease_that_nobody_took_apply_and_renew_it()
    {
        var job = await ClaimAsync(new ClaimOptions { Lease = Minute });
        Clock.Advance(TimeSpan.FromHours(1));

        Assert.That(await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ExpiredAsync(job), Is.False);
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(await PlatformStages.SetAsync(job.Claim, Deploying, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ExpiredAsync(job), Is.False);
        Clock.Advance(TimeSpan.FromHours(1));
        Assert.That(await Lifecycle.RenewAsync(job.Claim, Minute, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ExpiredAsync(job), Is.False);
    }

    [Test]
    public async Task Every_step_of_a_lost_lease_says_so_and_changes_nothing([Values] bool takenByAnother)
    {
        var job = await ClaimAsync(new ClaimOptions { Lease = Minute });
        await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token);
        await PlatformStages.StartAsync(job.Claim, StageName.Deploying, Token);
        await RequeueAsync(job);
        if (takenByAnother)
        {
            var next = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;
            await Lifecycle.AdvanceAsync(next.Claim, DeploymentStatus.Building, Token);
            await PlatformStages.StartAsync(next.Claim, StageName.Deploying, Token);
        }

        var before = await SnapshotAsync(job);
        (string Name, Task<TransitionOutcome> Outcome)[] calls =
        [
            ("advance", Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Copying, Token)),
            ("same step", Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Building, Token)),
            ("commit", Lifecycle.RecordCommitAsync(job.Claim, new CommitInfo("late"), Token)),
            ("succeed", Lifecycle.SucceedAsync(job.Claim, "https://late.example.com", Token)),
            ("fail", Lifecycle.FailAsync(job.Claim, "late", Token)),
            ("renew", Lifecycle.RenewAsync(job.Claim, Minute, Token)),
            ("plan", PlatformStages.PlanAsync(job.Claim, [StageName.Installing], Token)),
            ("set", PlatformStages.SetAsync(job.Claim, Deploying, Token)),
            ("start", PlatformStages.StartAsync(job.Claim, StageName.Copying, Token)),
            ("complete", PlatformStages.CompleteAsync(job.Claim, StageName.Deploying, Token)),
            ("fail a stage", PlatformStages.FailAsync(job.Claim, StageName.Deploying, "late", Token)),
        ];
        foreach (var (name, outcome) in calls)
        {
            Assert.That(await outcome, Is.EqualTo(TransitionOutcome.LostLease), name);
        }

        Assert.That(
            await Lifecycle.ReleaseAsync(job.Claim, Token),
            Is.EqualTo(takenByAnother ? TransitionOutcome.LostLease : TransitionOutcome.AlreadyThere));
        Assert.That(await SnapshotAsync(job), Is.EqualTo(before));
        Assert.That(TransitionOutcome.LostLease.MayContinue(), Is.False);
    }

    [Test]
    public async Task A_heartbeat_says_why_the_worker_is_to_stop()
    {
        var (cancelled, deleted, ended) = (await ClaimAsync(), await ClaimAsync(), await ClaimAsync());
        await Deployments.CancelAsync(cancelled.Deployment.Id, cancelled.Deployment.UserId, null, Token);
        await Deployments.SoftDeleteAsync(deleted.Deployment.Id, deleted.Deployment.UserId, Token);
        await ExecuteAsync("UPDATE deployments SET status = 'success' WHERE id = $1", ended.Deployment.Id);

        Assert.That(await Lifecycle.RenewAsync(cancelled.Claim, Minute, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await Lifecycle.RenewAsync(deleted.Claim, Minute, Token), Is.EqualTo(TransitionOutcome.Cancelled));
        Assert.That(await Lifecycle.RenewAsync(ended.Claim, Minute, Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
        Assert.That(
            await Lifecycle.RenewAsync(new DeploymentClaim(Guid.NewGuid(), Guid.NewGuid()), Minute, Token),
            Is.EqualTo(TransitionOutcome.NotFound));
    }

    [Test]
    public void A_claim_without_a_key_has_no_lease_to_renew_or_release()
    {
        var claim = DeploymentClaim.WithoutLease(Guid.NewGuid());

        Assert.That(() => Lifecycle.RenewAsync(claim, Minute, Token), Throws.ArgumentException.With.Message.Contains("claim"));
        Assert.That(() => Lifecycle.ReleaseAsync(claim, Token), Throws.ArgumentException.With.Message.Contains("claim"));
    }

    [Test]
    public async Task A_release_returns_the_deployment_to_its_place_without_counting_the_attempt()
    {
        await EmptyTheQueueAsync();
        var (first, second) = (await EnqueueAsync(), await EnqueueAsync());
        var place = await PlaceAsync(first.Id);
        var job = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;
        await PlatformStages.PlanAsync(job.Claim, [StageName.Building], Token);
        await Lifecycle.AdvanceAsync(job.Claim, DeploymentStatus.Checkout, Token);

        Assert.That(await Lifecycle.ReleaseAsync(job.Claim, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await Lifecycle.ReleaseAsync(job.Claim, Token), Is.EqualTo(TransitionOutcome.AlreadyThere));
        var waiting = (await Deployments.FindAsync(first.Id, first.UserId, Token))!;
        Assert.That((waiting.Status, waiting.StartedAt), Is.EqualTo((DeploymentStatus.Queued, (DateTimeOffset?)null)));
        Assert.That(await PlaceAsync(first.Id), Is.EqualTo(place));
        Assert.That(
            await StagesAsync(first),
            Is.EqualTo(new[] { "queued in_progress", "cloning pending", "checkout pending", "building pending" }));

        var again = await UntilClaimedAsync();
        Assert.That((again.Deployment.Id, again.Attempt), Is.EqualTo((first.Id, 1)));
        Assert.That((await UntilClaimedAsync()).Deployment.Id, Is.EqualTo(second.Id));
        Assert.That(
            await StagesAsync(first),
            Is.EqualTo(new[] { "queued completed", "cloning in_progress", "checkout pending", "building pending" }));
        Assert.That(await Lifecycle.ReleaseAsync(job.Claim, Token), Is.EqualTo(TransitionOutcome.LostLease));
    }

    [Test]
    public async Task Expired_leases_are_requeued_until_the_attempts_are_used_up()
    {
        await EmptyTheQueueAsync();
        var deployment = await EnqueueAsync();
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            var job = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;
            Assert.That((job.Deployment.Id, job.Attempt), Is.EqualTo((deployment.Id, attempt)));
            Assert.That((await Maintenance.RequeueExpiredAsync(2, 1000, Token)).Requeued, Does.Not.Contain(deployment.Id), "live");
            Clock.Advance(Minute);
            var (requeued, failed) = await Maintenance.RequeueExpiredAsync(2, 1000, Token);
            Assert.That((requeued.Contains(deployment.Id), failed.Contains(deployment.Id)), Is.EqualTo((attempt == 1, attempt == 2)));
        }

        var ended = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That(
            ended.FailedReason, Is.EqualTo("The deployment was given up after 2 attempts: each time the worker stopped answering."));
        Assert.That(await StagesAsync(deployment), Is.EqualTo(new[] { "queued completed", "cloning failed" }));
        Assert.That(await LeasesAsync(deployment.Id), Is.Zero);
    }

    [Test]
    public async Task A_live_lease_keeps_a_silent_deployment_from_being_failed()
    {
        var (live, endless) = (await ClaimAsync(new ClaimOptions { Lease = TimeSpan.FromDays(2) }), await ClaimAsync());
        Clock.Advance(TimeSpan.FromDays(1));
        var failed = await Maintenance.FailStalledAsync(TimeSpan.FromHours(1), "silent", 1000, Token);

        Assert.That(failed, Does.Contain(endless.Deployment.Id).And.Not.Contain(live.Deployment.Id));
        Clock.Advance(TimeSpan.FromDays(1));
        Assert.That(
            await Maintenance.FailStalledAsync(TimeSpan.FromHours(1), "silent", 1000, Token), Does.Contain(live.Deployment.Id));
    }

    [Test]
    public async Task Every_end_removes_the_lease()
    {
        var jobs = new List<ClaimedDeployment>();
        for (var i = 0; i < 6; i++)
        {
            jobs.Add(await ClaimAsync(new ClaimOptions { Lease = Minute }));
            await Lifecycle.AdvanceAsync(jobs[i].Claim, DeploymentStatus.Building, Token);
        }

        await Lifecycle.SucceedAsync(jobs[0].Claim, null, Token);
        await Lifecycle.FailAsync(jobs[1].Claim, "over", Token);
        await Deployments.CancelAsync(jobs[2].Deployment.Id, jobs[2].Deployment.UserId, null, Token);
        await Deployments.SoftDeleteAsync(jobs[3].Deployment.Id, jobs[3].Deployment.UserId, Token);
        await Maintenance.AbandonAsync([jobs[4].Deployment.Id], "over", Token);
        Clock.Advance(TimeSpan.FromDays(1));
        await Maintenance.FailStalledAsync(TimeSpan.FromHours(1), "silent", 1000, Token);

        foreach (var job in jobs)
        {
            Assert.That(await LeasesAsync(job.Deployment.Id), Is.Zero);
        }
    }

    // The Python services do not know leases: they end a deployment, or queue it again, without a look at the table.
    [TestCase("success")]
    [TestCase("queued")]
    public async Task An_expired_lease_of_a_deployment_that_another_program_moved_is_forgotten(string status)
    {
        var job = await ClaimAsync(new ClaimOptions { Lease = Minute });
        await ExecuteAsync("UPDATE deployments SET status = $2, started_at = NULL WHERE id = $1", job.Deployment.Id, status);
        Clock.Advance(Minute);
        var (requeued, failed) = await Maintenance.RequeueExpiredAsync(3, 1000, Token);

        Assert.That(requeued.Concat(failed), Does.Not.Contain(job.Deployment.Id));
        Assert.That(await LeasesAsync(job.Deployment.Id), Is.Zero);
    }

    [Test]
    public async Task Containers_of_an_earlier_attempt_are_orphans()
    {
        var job = await ClaimAsync(new ClaimOptions { Lease = Minute });
        var earlier = await ReserveAsync(job);
        Assert.That(await OrphansAsync(), Does.Not.Contain(earlier.Id));

        await RequeueAsync(job);
        Assert.That(await OrphansAsync(), Does.Contain(earlier.Id), "in the queue");

        var next = await UntilClaimedAsync();
        var current = await ReserveAsync(next);
        Assert.That(await OrphansAsync(), Does.Contain(earlier.Id).And.Not.Contain(current.Id), "in the next attempt");

        await Lifecycle.AdvanceAsync(next.Claim, DeploymentStatus.Building, Token);
        await Lifecycle.SucceedAsync(next.Claim, null, Token);
        Assert.That(await OrphansAsync(), Does.Contain(earlier.Id).And.Not.Contain(current.Id), "after the success");
    }

    // A heartbeat updates the row in place: no index holds what it changes, and its page has room.
    [Test]
    public async Task A_heartbeat_updates_no_index()
    {
        Assert.That(
            await ScalarAsync(
                """
                SELECT string_agg(a.attname, ' ' ORDER BY a.attname)
                FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
                WHERE i.indrelid = 'deployment_leases'::regclass
                """), Is.EqualTo("claim_key deployment_id"));
        Assert.That(
            await ScalarAsync("SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE oid = 'deployment_leases'::regclass"),
            Is.EqualTo("fillfactor=50 vacuum_truncate=false"));
    }

    [TestCase(0)]
    [TestCase(-1)]
    [TestCase(8 * 24 * 60)]
    public void A_lease_has_a_range(int minutes)
    {
        var lease = TimeSpan.FromMinutes(minutes);

        Assert.That(
            () => Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = lease }, Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("options.Lease"));
        Assert.That(
            () => Lifecycle.RenewAsync(new DeploymentClaim(Guid.NewGuid(), Guid.NewGuid()), lease, Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("lease"));
    }

    private async Task<ClaimedDeployment> ClaimAsync(ClaimOptions? options = null)
    {
        await EmptyTheQueueAsync();
        var deployment = await EnqueueAsync();
        var job = (await Lifecycle.ClaimNextAsync(options ?? new ClaimOptions(), Token))!;
        Assert.That(job.Deployment.Id, Is.EqualTo(deployment.Id));
        return job;
    }

    // A place before the last claim is found within a second, or when nothing waits after it.
    private async Task<ClaimedDeployment> UntilClaimedAsync() =>
        (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;

    private async Task RequeueAsync(ClaimedDeployment job)
    {
        await ExecuteAsync("UPDATE deployment_leases SET expires_at = '2001-01-01' WHERE deployment_id = $1", job.Deployment.Id);
        Assert.That((await Maintenance.RequeueExpiredAsync(5, 1000, Token)).Requeued, Does.Contain(job.Deployment.Id));
    }

    private async Task<DeploymentContainer> ReserveAsync(ClaimedDeployment job) => (await PlatformContainers.ReserveAsync(
        new NewDeploymentContainer { DeploymentId = job.Deployment.Id, Image = "site:1", Host = Unique("node") }, Token)).Container!;

    private async Task<IEnumerable<Guid>> OrphansAsync() =>
        (await PlatformContainers.ListOrphansAsync(Cursor.Start, 1000, Token)).Items.Select(container => container.Id);

    private async Task<bool> ExpiredAsync(ClaimedDeployment job) => (bool)(await ScalarAsync(
        "SELECT expires_at <= $2 FROM deployment_leases WHERE deployment_id = $1",
        job.Deployment.Id,
        DateTime.SpecifyKind(Clock.GetUtcNow().UtcDateTime, DateTimeKind.Unspecified)))!;

    private async Task<object?> PlaceAsync(Guid id) => await ScalarAsync("SELECT queue_place FROM deployments WHERE id = $1", id);

    private async Task<object?> LeasesAsync(Guid id) => await ScalarAsync(
        "SELECT count(*) FROM deployment_leases WHERE deployment_id = $1", id);

    private async Task<object?> SnapshotAsync(ClaimedDeployment job) => await ScalarAsync(
        """
        SELECT d::text || (SELECT string_agg(s::text, ' ' ORDER BY s.id) FROM deployment_stages s WHERE s.deployment_id = d.id)
            || (SELECT string_agg(l::text, ' ') FROM deployment_leases l WHERE l.deployment_id = d.id)
        FROM deployments d WHERE d.id = $1
        """, job.Deployment.Id);

    private async Task<IEnumerable<string>> StagesAsync(Deployment deployment) =>
        (await Stages.ListByDeploymentAsync(deployment.Id, deployment.UserId, Token)).Select(s => $"{s.Name} {s.Status}");

    private Task<int> EmptyTheQueueAsync() => ExecuteAsync(
        "UPDATE deployments SET status = 'cancelled', completed_at = created_at WHERE status = 'queued'");
}
