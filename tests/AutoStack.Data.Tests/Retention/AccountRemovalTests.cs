using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Retention;

/// <summary>The batches that remove the rows of closed accounts.</summary>
[CancelAfter(120_000)]
public sealed class AccountRemovalTests : DatabaseTests
{
    private static readonly string[] Tables =
    [
        "users", "projects", "deployments", "deployment_logs", "deployment_runtime_logs", "deployment_health_checks", "deployment_stages",
        "deployment_containers", "deployment_leases", "sessions", "user_preferences", "user_identities", "email_verification_tokens",
    ];

    private static readonly RetentionPolicy Closed = new()
    {
        DeletedDeployments = null,
        DeploymentLogs = null,
        RuntimeLogs = null,
        HealthChecks = null,
        PasswordResetTokens = null,
        EmailVerificationTokens = null,
        WebhookPayloads = null,
        ExpiredSessions = false,
        ExpiredSignInAttempts = false,
        BatchSize = 10,
    };

    private IRetentionService Retention => Get<IRetentionService>();

    [SetUp]
    public Task EmptyAsync() => ExecuteAsync("TRUNCATE users, webhook_payloads, upkeep_leases CASCADE");

    [Test]
    public async Task A_removal_that_is_stopped_after_any_batch_is_completed_by_the_next_runs()
    {
        var kept = await FillAsync();
        var before = await CountAsync();
        var account = await FillAsync();
        var expected = (await Retention.CountAsync(Closed, Token)).Single().Rows;
        Assert.That(expected, Is.Zero, "the account is open");
        await Users.RemoveAsync(account.UserId, Token);
        await ExecuteAsync("ANALYZE users");
        var count = (await Retention.CountAsync(Closed, Token)).Single();
        Assert.That(count.EstimatedBytes, Is.Null, "The rows are of several tables.");
        expected = count.Rows;

        var (runs, removed) = (0, 0L);
        for (; await PlatformUsers.CountClosedAsync(Token) > 0; runs++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
            try
            {
                await Retention.RunAsync(Closed, new Reporter(result => Stop(result, stop)), stop.Token);
            }
            catch (OperationCanceledException) when (!Token.IsCancellationRequested)
            {
            }
        }

        Assert.That(runs, Is.GreaterThan(10));
        Assert.That(removed, Is.EqualTo(expected));
        Assert.That(await CountAsync(), Is.EqualTo(before), "the rows of the other account");
        Assert.That(await Projects.FindAsync(kept.Id, kept.UserId, Token), Is.EqualTo(kept));
        Assert.That(await ScalarAsync("SELECT count(*) FROM webhook_payloads WHERE deployment_id IS NULL"), Is.EqualTo(7));

        void Stop(RetentionResult result, CancellationTokenSource stop)
        {
            removed += result.Rows;
            stop.Cancel();
        }
    }

    [Test]
    public async Task No_batch_removes_more_rows_of_a_table_than_its_size()
    {
        await Users.RemoveAsync((await FillAsync()).UserId, Token);
        var reported = new List<long>();

        var result = (await Retention.RunAsync(Closed, new Reporter(r => reported.Add(r.Rows)), Token)).Single();

        Assert.That((result.Table, result.MoreLeft, result.Failure), Is.EqualTo(("users", false, (Exception?)null)));
        Assert.That(result.Batches, Is.EqualTo(reported.Count));
        Assert.That(reported.Zip(reported.Prepend(0), (after, before) => after - before), Is.All.InRange(1, 4 * Closed.BatchSize));
        Assert.That(await ScalarAsync("SELECT count(*) FROM users"), Is.Zero);
    }

    [Test]
    public async Task Of_two_runs_at_once_each_row_is_removed_by_one()
    {
        var accounts = new[] { await FillAsync(), await FillAsync(), await FillAsync() };
        foreach (var account in accounts)
        {
            await Users.RemoveAsync(account.UserId, Token);
        }

        var expected = (await Retention.CountAsync(Closed, Token)).Single().Rows;
        var runs = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => Retention.RunAsync(Closed, null, Token))));
        var rest = await Retention.RunAsync(Closed, null, Token);

        Assert.That(runs.Append(rest).Select(run => run.Single().Failure), Is.All.Null);
        Assert.That(runs.Append(rest).Sum(run => run.Single().Rows), Is.EqualTo(expected));
        Assert.That(await ScalarAsync("SELECT count(*) FROM users"), Is.Zero);
    }

    [Test]
    public async Task A_worker_that_writes_lines_meanwhile_is_told_and_does_not_keep_the_account()
    {
        var project = await FillAsync();
        var job = (await Lifecycle.ClaimNextAsync(Token))!;
        var writes = new TaskCompletionSource();
        var writer = Task.Run(async () =>
        {
            while (true)
            {
                await PlatformLogs.AppendAsync(job.Deployment.Id, [new NewDeploymentLog { Message = "line" }], Token);
                writes.TrySetResult();
            }
        });
        await Task.WhenAny(writes.Task, writer);
        await Users.RemoveAsync(project.UserId, Token);

        while (await PlatformUsers.CountClosedAsync(Token) > 0)
        {
            Assert.That((await Retention.RunAsync(Closed, null, Token)).Single().Failure, Is.Null);
        }

        Assert.That(() => writer, Throws.TypeOf<MissingReferenceException>());
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployment_logs"), Is.Zero);
    }

    [Test]
    public async Task Rows_that_another_program_adds_meanwhile_are_removed_too()
    {
        var project = await FillAsync();
        await Users.RemoveAsync(project.UserId, Token);
        var added = 0;

        await Retention.RunAsync(Closed, new Reporter(_ => Add()), Token);

        Assert.That(added, Is.EqualTo(20));
        Assert.That(await CountAsync(), Is.EqualTo(Tables.Select(_ => 0L)));

        void Add()
        {
            if (added < 20 && (bool)ScalarAsync("SELECT EXISTS (SELECT FROM users)").GetAwaiter().GetResult()!)
            {
                ExecuteAsync(
                    """
                    WITH project AS (
                        INSERT INTO projects (user_id, name, repository) VALUES ($1, 'late', 'ada/late') RETURNING id, user_id
                    ), deployment AS (
                        INSERT INTO deployments (project_id, user_id) SELECT p.id, p.user_id FROM project p RETURNING id
                    ), session AS (
                        INSERT INTO sessions (user_id, token, expires_at) VALUES ($1, gen_random_uuid()::text, '2300-01-01')
                    )
                    INSERT INTO deployment_logs (deployment_id, message) SELECT d.id, 'late' FROM deployment d
                    """, project.UserId).GetAwaiter().GetResult();
                added++;
            }
        }
    }

    [Test]
    public async Task A_row_that_another_transaction_holds_is_left_to_the_next_run()
    {
        var held = await FillAsync();
        var other = await FillAsync();
        await Users.RemoveAsync(held.UserId, Token);
        await Users.RemoveAsync(other.UserId, Token);
        await using (var hold = await Raw.OpenConnectionAsync(Token))
        await using (var transaction = await hold.BeginTransactionAsync(Token))
        {
            await using var row = new NpgsqlCommand("SELECT id FROM deployments WHERE user_id = $1 LIMIT 1 FOR KEY SHARE", hold);
            row.Parameters.Add(new NpgsqlParameter { Value = held.UserId });
            await row.ExecuteScalarAsync(Token);

            Assert.That((await Retention.RunAsync(Closed, null, Token)).Single().Failure, Is.Null);

            Assert.That(await ScalarAsync("SELECT count(*) FROM deployments"), Is.EqualTo(1));
            Assert.That(await ScalarAsync("SELECT id FROM users"), Is.EqualTo(held.UserId));
        }

        await Retention.RunAsync(Closed, null, Token);
        Assert.That(await CountAsync(), Is.EqualTo(Tables.Select(_ => 0L)));
    }

    [Test]
    public async Task A_deployment_that_another_program_has_added_for_another_user_goes_with_its_project()
    {
        var project = await AddProjectAsync();
        var other = await AddUserAsync();
        await ExecuteAsync("INSERT INTO deployments (project_id, user_id) VALUES ($1, $2)", project.Id, other.Id);
        await Users.RemoveAsync(project.UserId, Token);

        await Retention.RunAsync(Closed, null, Token);

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments"), Is.Zero);
        Assert.That(await ScalarAsync("SELECT id FROM users"), Is.EqualTo(other.Id));
    }

    [Test]
    public async Task Waiting_deployments_are_removed_first()
    {
        var project = await FillAsync();
        await ExecuteAsync("UPDATE deployments SET created_at = '2020-01-01' WHERE status = 'queued'");
        await Users.RemoveAsync(project.UserId, Token);

        Assert.That((await Retention.RunAsync(Closed with { BatchSize = 3, MaxBatches = 1 }, null, Token)).Single().MoreLeft, Is.True);

        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments WHERE status = 'queued'"), Is.Zero);
        Assert.That(await ScalarAsync("SELECT count(*) FROM deployments"), Is.EqualTo(4));
    }

    [Test]
    public async Task A_policy_may_leave_closed_accounts()
    {
        await Users.RemoveAsync((await FillAsync()).UserId, Token);

        Assert.That(await Retention.RunAsync(Closed with { ClosedAccounts = false }, null, Token), Is.Empty);
        Assert.That(await PlatformUsers.CountClosedAsync(Token), Is.EqualTo(1));
    }

    // A project with three waiting deployments and four that have ended, which have lines, checks, containers and deliveries, and sessions.
    private async Task<Project> FillAsync()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO sessions (user_id, token, expires_at, rotated_at)
            SELECT $1, gen_random_uuid()::text, '2300-01-01', CASE WHEN n > 5 THEN now() END FROM generate_series(1, 25) n
            """, project.UserId);
        await ExecuteAsync("INSERT INTO user_preferences (user_id) VALUES ($1)", project.UserId);
        for (var i = 0; i < 7; i++)
        {
            var deployment = await EnqueueAsync(project);
            await ExecuteAsync(
                "INSERT INTO webhook_payloads (deployment_id, provider, payload_json, headers) VALUES ($1, 'github', '{}', '{}')",
                deployment.Id);
            if (i >= 3)
            {
                await ExecuteAsync("UPDATE deployments SET status = 'success', started_at = now() WHERE id = $1", deployment.Id);
                await ExecuteAsync(
                    "INSERT INTO deployment_logs (deployment_id, message) SELECT $1, 'x' FROM generate_series(1, 23)", deployment.Id);
                await ExecuteAsync(
                    "INSERT INTO deployment_runtime_logs (deployment_id, message) SELECT $1, 'x' FROM generate_series(1, 11)",
                    deployment.Id);
                await ExecuteAsync(
                    "INSERT INTO deployment_health_checks (deployment_id, url) SELECT $1, 'x' FROM generate_series(1, 12)", deployment.Id);
                await ExecuteAsync(
                    """
                    INSERT INTO deployment_containers (deployment_id, container_id, image, port, stopped_at)
                    VALUES ($1, 'c', 'i', 1, now())
                    """, deployment.Id);
            }
        }

        return project;
    }

    private async Task<List<long>> CountAsync()
    {
        var counts = new List<long>();
        foreach (var table in Tables)
        {
            counts.Add((long)(await ScalarAsync($"SELECT count(*) FROM {table}"))!);
        }

        return counts;
    }

    private sealed class Reporter(Action<RetentionResult> report) : IProgress<RetentionResult>
    {
        public void Report(RetentionResult value) => report(value);
    }
}
