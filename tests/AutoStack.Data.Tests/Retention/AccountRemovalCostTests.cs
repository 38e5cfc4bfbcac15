using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Retention;

/// <summary>
/// Measures the removal of a large account: by one statement, and by the library. Times are printed and decide nothing, so that it runs by
/// its name only. AUTOSTACK_REMOVAL_DEPLOYMENTS sets the number of deployments; each has ten lines.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class AccountRemovalCostTests : DatabaseTests
{
    private static readonly int Size = int.TryParse(
        Environment.GetEnvironmentVariable("AUTOSTACK_REMOVAL_DEPLOYMENTS"), CultureInfo.InvariantCulture, out var size) ? size : 10_000;

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
    };

    [Test]
    public async Task A_large_account_is_removed()
    {
        for (var i = 0; i < 20; i++)
        {
            await FillAsync(Size / 20, lines: 10, status: "success");
        }

        var once = await FillAsync(Size, lines: 10, status: "success");
        var account = await FillAsync(Size, lines: 10, status: "success");
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments, deployment_logs, deployment_stages");
        await ExecuteAsync("CHECKPOINT");
        var delete = await TimeAsync(() => ExecuteLongAsync("DELETE FROM users WHERE id = $1", once.UserId));
        TestContext.Out.WriteLine($"one DELETE of {Size} deployments with {Size * 10} lines: {delete.TotalSeconds:0.00} s");

        await ExecuteAsync("VACUUM users, projects, deployments, deployment_logs, deployment_stages");
        await ExecuteAsync("CHECKPOINT");
        var close = await TimeAsync(() => Users.RemoveAsync(account.UserId, Token));
        var (last, longest) = (Stopwatch.GetTimestamp(), TimeSpan.Zero);
        RetentionResult? result = null;
        var removal = await TimeAsync(async () => result = (await Get<IRetentionService>().RunAsync(
            Closed,
            new Reporter(() =>
            {
                var took = Stopwatch.GetElapsedTime(last);
                longest = took > longest ? took : longest;
                last = Stopwatch.GetTimestamp();
            }),
            Token)).Single());
        TestContext.Out.WriteLine(
            $"closed in {close.TotalMilliseconds:0.0} ms; removed {result!.Rows} rows in {result.Batches} batches, "
            + $"{removal.TotalSeconds:0.0} s without pauses, the longest batch {longest.TotalMilliseconds:0} ms; {result.Failure}");
        Assert.That(await ScalarAsync("SELECT count(*) FROM users WHERE id = $1", account.UserId), Is.Zero);
    }

    [Test]
    public async Task Waiting_deployments_of_a_closed_account_stand_before_a_claim()
    {
        var account = await FillAsync(Size, lines: 0, status: "queued");
        var other = await AddProjectAsync();
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments, deployment_stages");
        var options = new ClaimOptions();
        for (var i = 0; i < 3; i++)
        {
            var open = await ClaimsAsync(other, options);
            TestContext.Out.WriteLine($"a claim behind {Size} waiting ones of an open account: {open.TotalMilliseconds:0.00} ms");
        }

        var close = await TimeAsync(() => Users.RemoveAsync(account.UserId, Token));
        TestContext.Out.WriteLine($"closed in {close.TotalMilliseconds:0.0} ms");
        for (var i = 0; i < 3; i++)
        {
            var closed = await ClaimsAsync(other, options);
            TestContext.Out.WriteLine($"a claim behind {Size} waiting ones of a closed account: {closed.TotalMilliseconds:0.00} ms");
        }

        var none = await TimeAsync(() => Lifecycle.ClaimNextAsync(options, Token));
        TestContext.Out.WriteLine($"a claim that finds nothing but these: {none.TotalMilliseconds:0.00} ms");
        var removal = await TimeAsync(() => Get<IRetentionService>().RunAsync(Closed, null, Token));
        TestContext.Out.WriteLine($"removed in {removal.TotalSeconds:0.0} s without pauses");
    }

    private async Task<TimeSpan> ClaimsAsync(Project project, ClaimOptions options)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < 51; i++)
        {
            await EnqueueAsync(project);
            times.Add(await TimeAsync(() => Lifecycle.ClaimNextAsync(options, Token)));
        }

        return times.Order().ElementAt(25);
    }

    private static async Task<TimeSpan> TimeAsync(Func<Task> work)
    {
        var started = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(started);
    }

    private async Task<Project> FillAsync(int deployments, int lines, string status)
    {
        var project = await AddProjectAsync();
        await ExecuteLongAsync(
            $"""
            INSERT INTO deployments (id, project_id, user_id, status, started_at, queue_place, created_at)
            SELECT gen_random_uuid(), $1, $2, '{status}', CASE WHEN '{status}' <> 'queued' THEN now() END, n::bigint << 32,
                now() - n * interval '1 s'
            FROM generate_series(1, {deployments}) n
            """, project.Id, project.UserId);
        await ExecuteLongAsync(
            """
            INSERT INTO deployment_stages (deployment_id, stage_name, status)
            SELECT d.id, s.name, 'completed'
            FROM deployments d, unnest(ARRAY['queued', 'cloning', 'checkout', 'installing', 'building', 'copying']) s (name)
            WHERE d.project_id = $1 AND (d.status <> 'queued' OR s.name = 'queued')
            """, project.Id);
        await ExecuteLongAsync(
            $"""
            INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at, seq, log_bytes)
            SELECT gen_random_uuid(), d.id, now(), repeat('x', 80), now(), n, n * 200
            FROM deployments d, generate_series(1, {lines}) n
            WHERE d.project_id = $1
            """, project.Id);
        return project;
    }

    private async Task ExecuteLongAsync(string sql, params object[] values)
    {
        await using var command = Raw.CreateCommand(sql);
        command.CommandTimeout = 0;
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await command.ExecuteNonQueryAsync(Token);
    }

    private sealed class Reporter(Action report) : IProgress<RetentionResult>
    {
        public void Report(RetentionResult value) => report();
    }
}
