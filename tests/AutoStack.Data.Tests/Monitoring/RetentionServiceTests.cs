using AutoStack.Data.Deployments;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Security;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Users;
using Npgsql;

namespace AutoStack.Data.Tests.Monitoring;

public sealed class RetentionServiceTests : DatabaseTests
{
    private static readonly DateTimeOffset Old = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private IRetentionService Retention => Get<IRetentionService>();

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users CASCADE");

    [Test]
    public async Task A_run_removes_from_each_table_what_a_count_has_foreseen()
    {
        await FillAsync(deployments: 3, lines: 7);

        var counts = await Retention.CountAsync(new RetentionPolicy(), Token);
        var results = await Retention.RunAsync(new RetentionPolicy(), null, Token);

        Assert.That(
            counts.Select(c => (c.Table, c.Rows)),
            Is.EqualTo(new[] { ("deployments", 1L), ("deployment_logs", (7 * 3) + 6L), ("deployment_runtime_logs", (7 * 3) + 6L), ("deployment_health_checks", 7 * 4L), ("sessions", 1L), ("password_reset_tokens", 1L), ("webhook_payloads", 1L) }));
        Assert.That(results.Select(r => r.Table), Is.EqualTo(counts.Select(c => c.Table)));
        Assert.That(results.Select(r => r.MoreLeft), Is.All.False);

        // What goes with a deleted deployment is not counted a second time.
        Assert.That(results.Select(r => r.Rows), Is.EqualTo(new[] { 1L, 7 * 3L, 7 * 3L, 7 * 3L, 1L, 1L, 1L }));
        Assert.That((await Retention.CountAsync(new RetentionPolicy(), Token)).Select(c => c.Rows), Is.All.Zero);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs"), Is.EqualTo(3), "the young one of each");
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(3));
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions"), Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT count(*) FROM password_reset_tokens"), Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT count(*) FROM webhook_payloads"), Is.EqualTo(1));
    }

    [Test]
    public async Task Batches_are_bounded_and_the_run_says_when_more_is_left()
    {
        await FillAsync(deployments: 1, lines: 11);
        var policy = Only(new RetentionPolicy { HealthChecks = TimeSpan.FromDays(30), BatchSize = 3, MaxBatches = 2 });
        var reports = new List<RetentionResult>();

        Assert.That(await Retention.RunAsync(policy, new Reporter(reports.Add), Token), Is.EqualTo([new RetentionResult("deployment_health_checks", 6, 2, true)]));

        Assert.That(
            reports, Is.EqualTo([new RetentionResult("deployment_health_checks", 3, 1, false), new RetentionResult("deployment_health_checks", 6, 2, true)]));
        var rest = await Retention.RunAsync(policy with { MaxBatches = 100 }, null, Token);
        Assert.That(rest[0].MoreLeft, Is.False);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(2), "the young one of each deployment");
    }

    [Test]
    public async Task What_the_policy_keeps_for_ever_is_kept()
    {
        await FillAsync(deployments: 1, lines: 3);
        var policy = Only(new RetentionPolicy());

        Assert.That(await Retention.RunAsync(policy, null, Token), Is.Empty);
        Assert.That(await Retention.CountAsync(policy, Token), Is.Empty);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions"), Is.EqualTo(2));
    }

    [Test]
    public async Task Two_runs_at_once_remove_each_row_once()
    {
        await FillAsync(deployments: 6, lines: 40);
        var policy = new RetentionPolicy { BatchSize = 7 };
        var expected = (await Retention.CountAsync(policy with { DeletedDeployments = null }, Token)).Sum(c => c.Rows);
        await ExecuteAsync("UPDATE deployments SET is_deleted = FALSE");

        // Both wait at their first batch, and go off together.
        await using var hold = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await hold.BeginTransactionAsync(Token);
        await using (var table = new NpgsqlCommand("LOCK TABLE deployments", hold))
        {
            await table.ExecuteNonQueryAsync(Token);
        }

        var runs = Enumerable.Range(0, 2).Select(_ => Task.Run(() => Retention.RunAsync(policy, null, Token))).ToArray();
        await UntilSomeoneWaitsAsync(2);
        await transaction.CommitAsync(Token);

        var removed = (await Task.WhenAll(runs)).SelectMany(r => r).Sum(r => r.Rows);
        Assert.That(removed, Is.EqualTo(expected));
        Assert.That((await Retention.CountAsync(policy, Token)).Select(c => c.Rows), Is.All.Zero);
        Assert.That(await ScalarAsync("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), Is.Zero);
    }

    [Test]
    public async Task A_run_waits_for_no_other_one_whose_batch_is_open()
    {
        await FillAsync(deployments: 3, lines: 5);
        var before = Clock.GetUtcNow().AddDays(-1);

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(await tx.Get<IDeploymentHealthCheckRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await tx.Get<IDeploymentLogRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await tx.Get<IDeploymentRuntimeLogRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await tx.Get<IDeploymentMaintenance>().PurgeDeletedAsync(before, 1, ct), Is.Zero.Or.EqualTo(1));
            await Retention.RunAsync(new RetentionPolicy(), null, ct).WaitAsync(TimeSpan.FromSeconds(20), ct);
        }, Token);

        await Retention.RunAsync(new RetentionPolicy(), null, Token);
        Assert.That((await Retention.CountAsync(new RetentionPolicy(), Token)).Select(c => c.Rows), Is.All.Zero);
    }

    [Test]
    public async Task A_run_that_is_stopped_has_removed_whole_batches()
    {
        await FillAsync(deployments: 1, lines: 9);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var policy = Only(new RetentionPolicy { HealthChecks = TimeSpan.FromDays(30), BatchSize = 2 });

        Assert.That(() => Retention.RunAsync(policy, new Reporter(_ => stop.Cancel()), stop.Token), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(18));
    }

    [Test]
    public async Task What_is_wrong_is_named()
    {
        Assert.That(() => Retention.RunAsync(null!, null, Token), Throws.ArgumentNullException);
        Assert.That(() => Retention.CountAsync(null!, Token), Throws.ArgumentNullException);
        foreach (var bad in new[] { TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.MaxValue })
        {
            Assert.That(
                () => Retention.RunAsync(new RetentionPolicy { DeploymentLogs = bad }, null, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("DeploymentLogs"));
        }

        Assert.That(() => Retention.RunAsync(new RetentionPolicy { BatchSize = 0 }, null, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Retention.RunAsync(new RetentionPolicy { BatchSize = 1001 }, null, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Retention.CountAsync(new RetentionPolicy { MaxBatches = 0 }, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        await UnitOfWork.RunAsync((tx, ct) =>
        {
            Assert.That(() => tx.Get<IRetentionService>().RunAsync(new RetentionPolicy(), null, ct), Throws.InvalidOperationException);
            return Task.CompletedTask;
        }, Token);
    }

    private static RetentionPolicy Only(RetentionPolicy policy) => new()
    {
        DeploymentLogs = null,
        RuntimeLogs = null,
        DeletedDeployments = null,
        ExpiredSessions = false,
        PasswordResetTokens = null,
        WebhookPayloads = null,
        HealthChecks = policy.BatchSize == 1000 ? null : policy.HealthChecks,
        BatchSize = policy.BatchSize,
        MaxBatches = policy.MaxBatches,
    };

    // So many deployments and a deleted one, each with so many old lines and checks and a young one; of sessions, resets and payloads an old
    // and a young one.
    private async Task FillAsync(int deployments, int lines)
    {
        var project = await AddProjectAsync();
        var now = Clock.GetUtcNow();
        for (var i = 0; i <= deployments; i++)
        {
            var deployment = await EnqueueAsync(project);
            var last = i == deployments ? [] : new[] { now };
            var times = Enumerable.Range(0, lines).Select(n => Old.AddMinutes(n)).Concat(last).ToList();
            await Logs.AppendAsync(deployment.Id, [.. times.Select(t => new NewDeploymentLog { Message = "x", Timestamp = t })], Token);
            await RuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, [.. times.Select(t => new NewDeploymentRuntimeLog(t, "x"))], Token);
            await HealthChecks.AddManyAsync(
                [.. times.Append(now).Distinct().Select(t => new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = "http://x", IsLive = true, CheckedAt = t })], Token);
            if (i == deployments)
            {
                await ExecuteAsync("UPDATE deployments SET is_deleted = TRUE, created_at = '2020-01-01', completed_at = '2020-01-01' WHERE id = $1", deployment.Id);
            }
        }

        await Sessions.AddAsync(new NewSession { UserId = project.UserId, Token = SessionToken.New(), Lifetime = TimeSpan.FromTicks(10) }, Token);
        await Sessions.AddAsync(new NewSession { UserId = project.UserId, Token = SessionToken.New() }, Token);
        foreach (var time in new[] { Old, now })
        {
            await ExecuteAsync(
                """
                INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at, created_at)
                VALUES (gen_random_uuid(), $1, gen_random_uuid()::text, $2::timestamptz AT TIME ZONE 'UTC', $2::timestamptz AT TIME ZONE 'UTC')
                """, project.UserId, time.UtcDateTime);
            await ExecuteAsync(
                "INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at) VALUES (gen_random_uuid(), 'github', '{}', '{}', $1::timestamptz AT TIME ZONE 'UTC')",
                time.UtcDateTime);
        }

        Clock.Advance(TimeSpan.FromSeconds(1));
    }

    private sealed class Reporter(Action<RetentionResult> report) : IProgress<RetentionResult>
    {
        public void Report(RetentionResult value) => report(value);
    }
}
