using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Deployments;

public sealed class DeploymentMaintenanceTests : DatabaseTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    [SetUp]
    public Task EndWhatOtherTestsLeftAsync() =>
        ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status NOT IN ('success', 'failed', 'cancelled')");

    [Test]
    public async Task Abandon_cancels_open_deployments_and_hides_all()
    {
        var running = await StartedAsync(DeploymentStatus.Building);
        var done = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(done.Id, "https://x", Token);
        var other = await StartedAsync(DeploymentStatus.Building);

        Assert.That(
            await Maintenance.AbandonAsync([running.Id, done.Id, Guid.NewGuid(), running.Id], "machine lost", Token), Is.EqualTo(2));
        Assert.That(await Maintenance.AbandonAsync([running.Id, done.Id], "again", Token), Is.Zero);

        Assert.That(await Deployments.FindAsync(running.Id, running.UserId, Token), Is.Null);
        Assert.That(await Deployments.FindAsync(done.Id, done.UserId, Token), Is.Null);
        Assert.That(await Lifecycle.FindStatusAsync(running.Id, Token), Is.EqualTo(DeploymentStatus.Cancelled));
        Assert.That(await Lifecycle.FindStatusAsync(done.Id, Token), Is.EqualTo(DeploymentStatus.Success));
        Assert.That(await Lifecycle.FindStatusAsync(other.Id, Token), Is.EqualTo(DeploymentStatus.Building));
        Assert.That(await ReasonAsync(running), Is.EqualTo("machine lost"));
        Assert.That(await ReasonAsync(done), Is.Null);
        Assert.That(
            await ScalarAsync(
                "SELECT count(*) FROM deployments WHERE id = $1 AND completed_at IS NOT NULL AND build_duration_seconds >= 0", running.Id),
            Is.EqualTo(1));
        Assert.That(await OpenStagesAsync(running), Is.Zero);
        Assert.That(await Lifecycle.AdvanceAsync(running.Id, DeploymentStatus.Copying, Token), Is.EqualTo(TransitionOutcome.Cancelled));
    }

    [Test]
    public async Task Unhealthy_fails_a_successful_deployment_once_and_keeps_its_reason()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        Assert.That(await Maintenance.ReportUnhealthyAsync(deployment.Id, "no answer", Token), Is.False, "still building");
        await Lifecycle.SucceedAsync(deployment.Id, "https://x", Token);
        var done = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        await ExecuteAsync("UPDATE deployments SET failed_reason = 'k8s: pod-1' WHERE id = $1", deployment.Id);

        Assert.That(await Maintenance.ReportUnhealthyAsync(deployment.Id, "no \0answer", Token), Is.True);
        Assert.That(await Maintenance.ReportUnhealthyAsync(deployment.Id, "no \0answer", Token), Is.False);

        var found = (await Deployments.FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That(found, Is.EqualTo(done with { Status = DeploymentStatus.Failed, FailedReason = "k8s: pod-1\nno \uFFFDanswer" }));
        await ExecuteAsync("UPDATE deployments SET status = 'success' WHERE id = $1", deployment.Id);
        Assert.That(await Maintenance.ReportUnhealthyAsync(deployment.Id, "no \0answer", Token), Is.True);
        Assert.That(await ReasonAsync(deployment), Is.EqualTo("k8s: pod-1\nno \uFFFDanswer"), "it stands there already");
    }

    [Test]
    public async Task Unhealthy_changes_no_deleted_cancelled_or_unknown_deployment()
    {
        var deleted = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(deleted.Id, null, Token);
        await Deployments.SoftDeleteAsync(deleted.Id, deleted.UserId, Token);
        var cancelled = await EnqueueAsync();
        await Deployments.CancelAsync(cancelled.Id, cancelled.UserId, null, Token);

        Assert.That(await Maintenance.ReportUnhealthyAsync(deleted.Id, "x", Token), Is.False);
        Assert.That(await Maintenance.ReportUnhealthyAsync(cancelled.Id, "x", Token), Is.False);
        Assert.That(await Maintenance.ReportUnhealthyAsync(Guid.NewGuid(), "x", Token), Is.False);
    }

    [Test]
    public async Task A_stalled_deployment_fails_with_its_open_stages()
    {
        var silent = await StartedAsync(DeploymentStatus.Building);
        var queued = await EnqueueAsync();
        var done = await StartedAsync(DeploymentStatus.Building);
        await Lifecycle.SucceedAsync(done.Id, null, Token);
        var deleted = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync("UPDATE deployments SET is_deleted = TRUE WHERE id = $1", deleted.Id);
        Clock.Advance(Idle + TimeSpan.FromMinutes(1));
        var logging = await SilentAsync();
        await PlatformLogs.AppendAsync(
            logging.Id, [new NewDeploymentLog { Message = "still here", Timestamp = DateTimeOffset.UnixEpoch }], Token);
        var stepping = await SilentAsync();
        await Lifecycle.AdvanceAsync(stepping.Id, DeploymentStatus.Copying, Token);
        var fresh = await StartedAsync(DeploymentStatus.Cloning);

        Assert.That(await Maintenance.FailStalledAsync(Idle, "worker lost", 10, Token), Is.EqualTo([silent.Id]));
        Assert.That(await Maintenance.FailStalledAsync(Idle, "worker lost", 10, Token), Is.Empty);

        var found = (await Deployments.FindAsync(silent.Id, silent.UserId, Token))!;
        Assert.That((found.Status, found.FailedReason), Is.EqualTo((DeploymentStatus.Failed, "worker lost")));
        Assert.That(found.CompletedAt, Is.Not.Null);
        Assert.That(found.BuildDurationSeconds, Is.GreaterThanOrEqualTo(1800));
        var stage = (await Stages.ListByDeploymentAsync(silent.Id, silent.UserId, Token)).Single(s => s.Name == StageName.Building);
        Assert.That((stage.Status, stage.ErrorMessage), Is.EqualTo((StageStatus.Failed, "worker lost")));
        foreach (var (deployment, status) in new[]
        {
            (queued, "queued"), (done, "success"), (deleted, "building"), (logging, "building"), (stepping, "copying"), (fresh, "cloning"),
        })
        {
            Assert.That(await ScalarAsync("SELECT status FROM deployments WHERE id = $1", deployment.Id), Is.EqualTo(status));
        }

        Assert.That(
            await Lifecycle.AdvanceAsync(silent.Id, DeploymentStatus.Copying, Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
    }

    [Test]
    public async Task Two_sweepers_share_the_work_without_waiting()
    {
        var silent = new List<Guid>();
        for (var i = 0; i < 4; i++)
        {
            silent.Add((await SilentAsync()).Id);
        }

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var first = await tx.Get<IDeploymentMaintenance>().FailStalledAsync(Idle, "x", 2, ct);
            var second = await Maintenance.FailStalledAsync(Idle, "x", 10, ct).WaitAsync(TimeSpan.FromSeconds(20), ct);
            Assert.That(first, Has.Count.EqualTo(2));
            Assert.That(first.Concat(second), Is.EquivalentTo(silent));
        }, Token);
    }

    [Test]
    public async Task A_deployment_with_an_open_step_or_append_is_not_failed()
    {
        var stepping = await SilentAsync();
        var logging = await SilentAsync();

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IDeploymentLifecycle>().AdvanceAsync(stepping.Id, DeploymentStatus.Copying, ct);
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(logging.Id, [new NewDeploymentLog { Message = "still here" }], ct);
            Assert.That(await Maintenance.FailStalledAsync(Idle, "x", 10, ct).WaitAsync(TimeSpan.FromSeconds(20), ct), Is.Empty);
        }, Token);

        Assert.That(await Maintenance.FailStalledAsync(Idle, "x", 10, Token), Is.Empty);
        Assert.That(await Lifecycle.FindStatusAsync(logging.Id, Token), Is.EqualTo(DeploymentStatus.Building));
    }

    [Test]
    public async Task A_line_committed_during_the_sweep_saves_its_deployment()
    {
        var first = await SilentAsync();
        var second = await SilentAsync();

        // The sweeper has taken its snapshot, in which both are silent, and waits at a gate before it locks the rows.
        await ExecuteAsync("CREATE FUNCTION gate_of_test() RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT pg_advisory_lock_shared(4711) "
            + "IS NOT NULL AND pg_advisory_unlock_shared(4711)'");
        await ExecuteAsync("ALTER TABLE deployments RENAME TO deployments_of_test");
        await ExecuteAsync("CREATE VIEW deployments AS SELECT t.*, t.xmin, t.xmax FROM deployments_of_test t WHERE gate_of_test()");
        try
        {
            await using var gate = await Raw.OpenConnectionAsync(Token);
            await using (var hold = new NpgsqlCommand("SELECT pg_advisory_lock(4711)", gate))
            {
                await hold.ExecuteNonQueryAsync(Token);
            }

            var sweep = Task.Run(() => Maintenance.FailStalledAsync(Idle, "x", 10, Token));
            await UntilSomeoneWaitsAsync();
            await ExecuteAsync(
                "INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at) VALUES (gen_random_uuid(), $1, now(), "
                    + "'late', '2100-01-01')",
                first.Id);
            await using (var release = new NpgsqlCommand("SELECT pg_advisory_unlock(4711)", gate))
            {
                await release.ExecuteNonQueryAsync(Token);
            }

            Assert.That(await sweep, Is.EqualTo([second.Id]));
        }
        finally
        {
            await ExecuteAsync("DROP VIEW deployments");
            await ExecuteAsync("ALTER TABLE deployments_of_test RENAME TO deployments");
            await ExecuteAsync("DROP FUNCTION gate_of_test");
        }
    }

    [Test]
    public async Task Purge_removes_old_deleted_deployments_with_their_rows_and_keeps_webhook_payloads()
    {
        await ExecuteAsync("DELETE FROM deployments");
        var old = await DeletedAsync();
        await PlatformLogs.AppendAsync(old.Id, [new NewDeploymentLog { Message = "x" }], Token);
        await PlatformRuntimeLogs.AppendAsync(
            old.Id, RuntimeLogSource.Docker, [new NewDeploymentRuntimeLog(Clock.GetUtcNow(), "x")], Token);
        await PlatformHealthChecks.AddAsync(new NewDeploymentHealthCheck { DeploymentId = old.Id, Url = "http://x", IsLive = true }, Token);
        await ExecuteAsync(
            "INSERT INTO webhook_payloads (id, deployment_id, provider, payload_json, headers, received_at) VALUES ($1, $1, 'github', "
                + "'{}', '{}', now())",
            old.Id);
        var older = await DeletedAsync();
        await ExecuteAsync("UPDATE deployments SET completed_at = NULL WHERE id = $1", older.Id);
        var kept = await EnqueueAsync();
        Clock.Advance(TimeSpan.FromDays(1));
        var before = Clock.GetUtcNow();
        var young = await DeletedAsync();

        Assert.That(await Maintenance.PurgeDeletedAsync(before, 1, Token), Is.EqualTo(1));
        Assert.That(await Lifecycle.FindStatusAsync(old.Id, Token), Is.Null, "the oldest first");
        Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.EqualTo(1));
        Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.Zero);

        Assert.That(await Lifecycle.FindStatusAsync(older.Id, Token), Is.Null);
        Assert.That(await Lifecycle.FindStatusAsync(kept.Id, Token), Is.Not.Null);
        Assert.That(await Lifecycle.FindStatusAsync(young.Id, Token), Is.Not.Null);
        foreach (var table in new[] { "deployment_logs", "deployment_runtime_logs", "deployment_health_checks", "deployment_stages" })
        {
            Assert.That(await ScalarAsync($"SELECT count(*) FROM {table} WHERE deployment_id = $1", old.Id), Is.Zero, table);
        }

        Assert.That(
            await ScalarAsync("SELECT count(*) FROM webhook_payloads WHERE id = $1 AND deployment_id IS NULL", old.Id), Is.EqualTo(1));
    }

    [Test]
    public async Task Purge_keeps_a_deployment_whose_container_is_not_stopped()
    {
        await ExecuteAsync("DELETE FROM deployments");
        var deployment = await EnqueueAsync();
        var request = new NewDeploymentContainer { DeploymentId = deployment.Id, Image = "x", Host = Unique("host") };
        var container = (await PlatformContainers.ReserveAsync(request, Token)).Container!;
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        var before = Clock.GetUtcNow().AddDays(1);

        Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.Zero);
        await PlatformContainers.ReportStoppedAsync(container.Id, Token);
        Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.EqualTo(1));
    }

    [Test]
    public async Task Purge_skips_a_deployment_whose_stage_is_ending()
    {
        var deployment = await SilentAsync();
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(
                await tx.Get<IPlatformDeploymentStageRepository>().CompleteAsync(deployment.Id, StageName.Building, ct),
                Is.EqualTo(TransitionOutcome.Applied));
            Assert.That(
                await Maintenance.FailStalledAsync(Idle, "stalled", 1000, Token).WaitAsync(TimeSpan.FromSeconds(20), ct),
                Has.No.Member(deployment.Id));
        }, Token);

        Assert.That(await Maintenance.FailStalledAsync(Idle, "stalled", 1000, Token), Has.No.Member(deployment.Id), "it has made progress");
    }

    [Test]
    public async Task Purge_removes_thousands_of_child_rows_in_bounded_statements()
    {
        await ExecuteAsync("DELETE FROM deployments");
        var few = await DeletedAsync();
        var many = await DeletedAsync();
        await ExecuteAsync(
            "INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at, seq) SELECT gen_random_uuid(), $1, now(), "
                + "'x', now(), n FROM generate_series(1, 2500) n",
            many.Id);
        await ExecuteAsync(
            "INSERT INTO deployment_runtime_logs (id, deployment_id, source, timestamp, message, seq) SELECT gen_random_uuid(), $1, "
                + "'docker', now(), 'x', n FROM generate_series(1, 1500) n",
            many.Id);
        await ExecuteAsync(
            "INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at) SELECT gen_random_uuid(), $1, 'x', TRUE, "
                + "now() FROM generate_series(1, 1000) n",
            many.Id);
        await ExecuteAsync(
            """
            CREATE FUNCTION bounded() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF (SELECT count(*) FROM gone) > 1000 THEN RAISE 'too many rows at once'; END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER bounded AFTER DELETE ON deployment_logs REFERENCING OLD TABLE AS gone
                FOR EACH STATEMENT EXECUTE FUNCTION bounded();
            CREATE TRIGGER bounded AFTER DELETE ON deployment_runtime_logs REFERENCING OLD TABLE AS gone
                FOR EACH STATEMENT EXECUTE FUNCTION bounded();
            CREATE TRIGGER bounded AFTER DELETE ON deployment_health_checks REFERENCING OLD TABLE AS gone
                FOR EACH STATEMENT EXECUTE FUNCTION bounded();
            """);
        var before = Clock.GetUtcNow().AddDays(1);
        try
        {
            Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.EqualTo(1), "the one with few rows goes at once");
            Assert.That(await Deployments.FindAsync(few.Id, few.UserId, Token), Is.Null);
            Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.EqualTo(1));
        }
        finally
        {
            await ExecuteAsync("DROP FUNCTION bounded CASCADE");
        }

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs"), Is.Zero);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments"), Is.Zero);
    }

    [Test]
    public async Task Two_purges_share_the_work_and_skip_deployments_being_written()
    {
        await ExecuteAsync("DELETE FROM deployments");
        for (var i = 0; i < 3; i++)
        {
            await DeletedAsync();
        }

        var written = await DeletedAsync();
        var before = Clock.GetUtcNow().AddDays(1);

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(written.Id, [new NewDeploymentLog { Message = "late" }], ct);
            await UnitOfWork.RunAsync(async (other, token) =>
            {
                Assert.That(await other.Get<IDeploymentMaintenance>().PurgeDeletedAsync(before, 2, token), Is.EqualTo(2));
                Assert.That(
                    await Maintenance.PurgeDeletedAsync(before, 10, token).WaitAsync(TimeSpan.FromSeconds(20), token), Is.EqualTo(1));
            }, ct);
        }, Token);

        Assert.That(await Maintenance.PurgeDeletedAsync(before, 10, Token), Is.EqualTo(1));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        Assert.That(await Maintenance.AbandonAsync([], "x", Token), Is.Zero);
        Assert.That(() => Maintenance.AbandonAsync(null!, "x", Token), Throws.ArgumentNullException);
        Assert.That(
            () => Maintenance.AbandonAsync([Guid.NewGuid()], " ", Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("reason"));
        Assert.That(
            () => Maintenance.AbandonAsync(new Guid[1001], "x", Token), Throws.ArgumentException.With.Message.Contains("1001 deployments"));
        Assert.That(() => Maintenance.ReportUnhealthyAsync(Guid.NewGuid(), null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Maintenance.FailStalledAsync(TimeSpan.Zero, "x", 1, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Maintenance.FailStalledAsync(TimeSpan.MaxValue, "x", 1, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Maintenance.FailStalledAsync(Idle, "", 1, Token), Throws.ArgumentException);
        Assert.That(() => Maintenance.FailStalledAsync(Idle, "x", 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Maintenance.PurgeDeletedAsync(Clock.GetUtcNow(), 1001, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    private async Task<Deployment> SilentAsync()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await ExecuteAsync("UPDATE deployments SET created_at = '2001-01-01', started_at = '2001-01-01' WHERE id = $1", deployment.Id);
        await ExecuteAsync(
            "UPDATE deployment_stages SET created_at = '2001-01-01', started_at = '2001-01-01', completed_at = completed_at - interval '1 "
                + "year' WHERE deployment_id = $1",
            deployment.Id);
        return deployment;
    }

    private async Task<Deployment> DeletedAsync()
    {
        var deployment = await EnqueueAsync();
        Assert.That(await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token), Is.Not.Null);
        return deployment;
    }

    private Task<object?> ReasonAsync(Deployment deployment) =>
        ScalarAsync("SELECT failed_reason FROM deployments WHERE id = $1", deployment.Id);

    private Task<object?> OpenStagesAsync(Deployment deployment) =>
        ScalarAsync("SELECT count(*) FROM deployment_stages WHERE deployment_id = $1 AND status = 'in_progress'", deployment.Id);
}
