using System.Collections.Concurrent;
using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Retention;

public sealed class RetentionServiceTests : DatabaseTests
{
    private static readonly DateTimeOffset Old = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private IRetentionService Retention => Get<IRetentionService>();

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users, sign_in_attempts CASCADE");

    [Test]
    public async Task A_run_removes_the_rows_that_a_count_has_counted()
    {
        await FillAsync(deployments: 3, lines: 7);

        var counts = await Retention.CountAsync(new RetentionPolicy(), Token);
        var results = await Retention.RunAsync(new RetentionPolicy(), null, Token);

        Assert.That(
            counts.Select(c => (c.Table, c.Rows)),
            Is.EqualTo(new[]
            {
                ("deployments", 1L), ("deployment_logs", (7 * 3) + 6L), ("deployment_runtime_logs", (7 * 3) + 6L),
                ("deployment_health_checks", 7 * 4L), ("sessions", 1L), ("sign_in_attempts", 1L), ("password_reset_tokens", 1L),
                ("email_verification_tokens", 1L), ("webhook_payloads", 1L), ("users", 1L),
            }));
        Assert.That(results.Select(r => r.Table), Is.EqualTo(counts.Select(c => c.Table)));
        Assert.That(results.Select(r => r.MoreLeft), Is.All.False);

        // What goes with a deleted deployment is not counted a second time.
        Assert.That(results.Select(r => r.Rows), Is.EqualTo(new[] { 1L, 7 * 3L, 7 * 3L, 7 * 3L, 1L, 1L, 1L, 1L, 1L, 1L }));
        Assert.That((await Retention.CountAsync(new RetentionPolicy(), Token)).Select(c => c.Rows), Is.All.Zero);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs"), Is.EqualTo(3), "the young one of each");
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(3));
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions"), Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT count(*) FROM password_reset_tokens"), Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT count(*) FROM email_verification_tokens"), Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT count(*) FROM webhook_payloads"), Is.EqualTo(1));
    }

    [Test]
    public async Task Batches_are_bounded_and_remaining_rows_are_reported()
    {
        await FillAsync(deployments: 1, lines: 11);
        var policy = Only(new RetentionPolicy { HealthChecks = TimeSpan.FromDays(30), BatchSize = 3, MaxBatches = 2 });
        var reports = new List<RetentionResult>();

        Assert.That(
            await Retention.RunAsync(policy, new Reporter(reports.Add), Token),
            Is.EqualTo([new RetentionResult("deployment_health_checks", 6, 2, true)]));

        Assert.That(
            reports,
            Is.EqualTo(
            [
                new RetentionResult("deployment_health_checks", 3, 1, false),
                new RetentionResult("deployment_health_checks", 6, 2, true),
            ]));
        var rest = await Retention.RunAsync(policy with { MaxBatches = 100 }, null, Token);
        Assert.That(rest[0].MoreLeft, Is.False);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(2), "the young one of each deployment");
    }

    [Test]
    public async Task Tables_without_an_age_are_not_purged()
    {
        await FillAsync(deployments: 1, lines: 3);
        var policy = Only(new RetentionPolicy());

        Assert.That(await Retention.RunAsync(policy, null, Token), Is.Empty);
        Assert.That(await Retention.CountAsync(policy, Token), Is.Empty);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions"), Is.EqualTo(2));
    }

    [Test]
    public async Task Two_concurrent_runs_remove_each_row_once()
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
    public async Task A_run_does_not_block_on_another_runs_open_batch()
    {
        await FillAsync(deployments: 3, lines: 5);
        var before = Clock.GetUtcNow().AddDays(-1);

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(await tx.Get<IPlatformDeploymentHealthCheckRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await tx.Get<IPlatformDeploymentLogRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await tx.Get<IPlatformDeploymentRuntimeLogRepository>().PurgeAsync(before, 2, ct), Is.EqualTo(2));
            Assert.That(await tx.Get<IDeploymentMaintenance>().PurgeDeletedAsync(before, 1, ct), Is.Zero.Or.EqualTo(1));
            await Retention.RunAsync(new RetentionPolicy(), null, ct).WaitAsync(TimeSpan.FromSeconds(20), ct);
        }, Token);

        await Retention.RunAsync(new RetentionPolicy(), null, Token);
        Assert.That((await Retention.CountAsync(new RetentionPolicy(), Token)).Select(c => c.Rows), Is.All.Zero);
    }

    [Test]
    public async Task A_stopped_run_has_removed_whole_batches()
    {
        await FillAsync(deployments: 1, lines: 9);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var policy = Only(new RetentionPolicy { HealthChecks = TimeSpan.FromDays(30), BatchSize = 2 });

        Assert.That(
            () => Retention.RunAsync(policy, new Reporter(_ => stop.Cancel()), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(18));
    }

    [Test]
    public async Task Invalid_policies_are_refused_by_name()
    {
        Assert.That(() => Retention.RunAsync(null!, null, Token), Throws.ArgumentNullException);
        Assert.That(() => Retention.CountAsync(null!, Token), Throws.ArgumentNullException);
        foreach (var bad in new[] { TimeSpan.Zero, TimeSpan.FromTicks(-1), TimeSpan.MaxValue })
        {
            Assert.That(
                () => Retention.RunAsync(new RetentionPolicy { DeploymentLogs = bad }, null, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("DeploymentLogs"));
        }

        Assert.That(
            () => Retention.RunAsync(new RetentionPolicy { BatchSize = 0 }, null, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Retention.RunAsync(new RetentionPolicy { BatchSize = 1001 }, null, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Retention.CountAsync(new RetentionPolicy { MaxBatches = 0 }, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        await UnitOfWork.RunAsync((tx, ct) =>
        {
            Assert.That(() => tx.Get<IRetentionService>(), Throws.ArgumentException);
            return Task.CompletedTask;
        }, Token);
    }

    [Test]
    public async Task A_failing_table_does_not_stop_the_run_for_others()
    {
        await FillAsync(deployments: 1, lines: 3);
        await ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE is_deleted");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (
            var hold = new NpgsqlCommand("SELECT s.id FROM deployment_stages s JOIN deployments d ON d.id = s.deployment_id WHERE "
                + "d.is_deleted FOR UPDATE OF s", connection, transaction))
        {
            await hold.ExecuteNonQueryAsync(Token);
        }

        await using var provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(
                options => (options.ConnectionString, options.CommandTimeout) = (Database.ConnectionString, TimeSpan.FromSeconds(1)))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var reports = new List<RetentionResult>();
        var results = await provider.GetRequiredService<IRetentionService>().RunAsync(
            new RetentionPolicy(), new Reporter(reports.Add), Token);

        Assert.That(results[0].Failure, Is.TypeOf<StatementTimeoutException>());
        Assert.That((results[0].Table, results[0].Rows, results[0].MoreLeft), Is.EqualTo(("deployments", 0L, true)));
        Assert.That(reports[0], Is.EqualTo(results[0]));
        Assert.That(results.Skip(1).Select(r => r.Failure), Is.All.Null.And.Exactly(9).Items);
        Assert.That(results.Skip(1).Select(r => r.Rows), Is.All.GreaterThan(0));
        await transaction.RollbackAsync(Token);
        Assert.That(
            (await Retention.RunAsync(new RetentionPolicy(), null, Token))[0],
            Is.EqualTo(new RetentionResult("deployments", 1, 1, false)));
    }

    [Test]
    public async Task A_run_visits_each_deployment_about_once_whatever_its_batches()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT md5(n::text)::uuid, $1, $2, 'success', 'manual', FALSE, '2026-01-01', FALSE FROM generate_series(1, 2499) n
            """, project.Id, project.UserId);
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            VALUES ('ffffffff-ffff-4fff-bfff-ffffffffffff', $1, $2, 'success', 'manual', FALSE, '2026-01-01', FALSE)
            """, project.Id, project.UserId);
        foreach (var (columns, values) in new[]
        {
            ("deployment_logs (id, deployment_id, timestamp, seq, message, created_at)", "'2020-01-01', n, 'x', '2020-01-01'"),
            ("deployment_runtime_logs (id, deployment_id, timestamp, seq, message, source)", "'2020-01-01', n, 'x', 'docker'"),
            ("deployment_health_checks (id, deployment_id, checked_at, url, is_live)", "'2020-01-01', 'x', TRUE"),
        })
        {
            await ExecuteAsync(
                $"INSERT INTO {columns} SELECT gen_random_uuid(), d.id, {values} "
                + "FROM deployments d, generate_series(1, 41) n WHERE d.id = 'ffffffff-ffff-4fff-bfff-ffffffffffff'");
        }

        var operations = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "AutoStack.Data",
            Sample = (ref _) => ActivitySamplingResult.AllData,
            ActivityStopped = operations.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        using var root = new Activity("test").Start();
        var policy = new RetentionPolicy
        {
            DeletedDeployments = null,
            ExpiredSessions = false,
            ClosedAccounts = false,
            ExpiredSignInAttempts = false,
            PasswordResetTokens = null,
            EmailVerificationTokens = null,
            WebhookPayloads = null,
            BatchSize = 10,
        };

        Assert.That(
            (await Retention.RunAsync(policy, null, Token)).Select(r => (r.Rows, r.Batches)),
            Is.EqualTo([(40L, 4), (40L, 4), (41L, 5)]));

        // The look for partitions, a window with one log, the batches, the end of the window, and the end of the logs.
        Assert.That(
            operations.Count(o => o.TraceId == root.TraceId),
            Is.EqualTo(1 + (1 + 1 + 4 + 1 + 1) + (1 + 1 + 4 + 1 + 1) + (1 + 1 + 5 + 1 + 1)));
    }

    private static RetentionPolicy Only(RetentionPolicy policy) => new()
    {
        DeploymentLogs = null,
        RuntimeLogs = null,
        DeletedDeployments = null,
        ExpiredSessions = false,
        ClosedAccounts = false,
        ExpiredSignInAttempts = false,
        PasswordResetTokens = null,
        EmailVerificationTokens = null,
        WebhookPayloads = null,
        HealthChecks = policy.BatchSize == 1000 ? null : policy.HealthChecks,
        BatchSize = policy.BatchSize,
        MaxBatches = policy.MaxBatches,
    };

    // So many deployments and a deleted one, each with so many old lines and checks and a young one; of sessions, resets, attempts and
    // payloads an old and a young one; and a closed account.
    private async Task FillAsync(int deployments, int lines)
    {
        var project = await AddProjectAsync();
        var now = Clock.GetUtcNow();
        for (var i = 0; i <= deployments; i++)
        {
            var deployment = await EnqueueAsync(project);
            var last = i == deployments ? [] : new[] { now };
            var times = Enumerable.Range(0, lines).Select(n => Old.AddMinutes(n)).Concat(last).ToList();
            await PlatformLogs.AppendAsync(
                deployment.Id, [.. times.Select(t => new NewDeploymentLog { Message = "x", Timestamp = t })], Token);
            await PlatformRuntimeLogs.AppendAsync(
                deployment.Id, RuntimeLogSource.Docker, [.. times.Select(t => new NewDeploymentRuntimeLog(t, "x"))], Token);
            var checks = times.Append(now).Distinct().Select(
                t => new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = "http://x", IsLive = true, CheckedAt = t });
            await PlatformHealthChecks.AddManyAsync([.. checks], Token);
            if (i == deployments)
            {
                await ExecuteAsync(
                    "UPDATE deployments SET is_deleted = TRUE, created_at = '2020-01-01', completed_at = '2020-01-01' WHERE id = $1",
                    deployment.Id);
            }
        }

        await Sessions.AddAsync(new NewSession { UserId = project.UserId, Lifetime = TimeSpan.FromTicks(10) }, Token);
        await Sessions.AddAsync(new NewSession { UserId = project.UserId }, Token);
        foreach (var moment in new[] { Old, now })
        {
            // As a text: a host may send a DateTime in another zone.
            var time = $"{moment:O}";
            await ExecuteAsync(
                """
                INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at, created_at)
                VALUES (gen_random_uuid(), $1, gen_random_uuid()::text, $2::timestamptz AT TIME ZONE 'UTC',
                $2::timestamptz AT TIME ZONE 'UTC')
                """, project.UserId, time);
            await ExecuteAsync(
                """
                INSERT INTO email_verification_tokens
                VALUES (gen_random_uuid(), $1, 'verify', 'a', 'a', gen_random_uuid()::text, $2::timestamptz AT TIME ZONE 'UTC', NULL, NULL,
                $2::timestamptz AT TIME ZONE 'UTC')
                """, project.UserId, time);
            await ExecuteAsync(
                "INSERT INTO sign_in_attempts (subject_hash, attempts, expires_at) VALUES (gen_random_uuid()::text, 1, $1::timestamptz "
                    + "AT TIME ZONE 'UTC' + interval '5 minutes')",
                time);
            await ExecuteAsync(
                "INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at) VALUES (gen_random_uuid(), 'github', "
                    + "'{}', '{}', $1::timestamptz AT TIME ZONE 'UTC')",
                time);
        }

        await ExecuteAsync(
            "INSERT INTO users (name, email, closed_at) VALUES ('Removed account', gen_random_uuid() || '@removed.invalid', now())");
        Clock.Advance(TimeSpan.FromSeconds(1));
    }

    private sealed class Reporter(Action<RetentionResult> report) : IProgress<RetentionResult>
    {
        public void Report(RetentionResult value) => report(value);
    }
}
