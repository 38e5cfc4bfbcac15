using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>
/// Measures what a claim costs with a backlog, as a ratio to an almost empty queue. A time decides here, so that it runs by its name only;
/// <c>HotPlans</c> holds the plans in every run. AUTOSTACK_CLAIM_ROWS sets the length of the backlog.
/// </summary>
[NonParallelizable]
[Explicit("measures times")]
public sealed class ClaimCostTests : DatabaseTests
{
    private const double MostRatio = 3;
    private const int Claims = 101;

    private static readonly int Rows =
        int.TryParse(Environment.GetEnvironmentVariable("AUTOSTACK_CLAIM_ROWS"), CultureInfo.InvariantCulture, out var rows) ? rows : 5000;

    private static readonly ClaimOptions Limits = new() { MaxPerProject = 1, MaxPerUser = 5 };

    [SetUp]
    public async Task EmptyTheQueueAsync()
    {
        await ExecuteAsync("DELETE FROM deployments; DELETE FROM queue_pauses");
        await ExecuteAsync("VACUUM (ANALYZE) deployments, deployment_stages");
    }

    [Test]
    public async Task A_queue_at_the_project_limit_does_not_slow_other_projects()
    {
        var (busy, almostEmpty) = await MeasureAlmostEmptyAsync(Limits);
        await FillAsync(busy, Rows);
        Assert.That((await Lifecycle.ClaimNextAsync(Limits, Token))!.Project.Id, Is.EqualTo(busy.Id));
        var other = await AddProjectAsync(busy.UserId);

        await AssertFlatAsync(almostEmpty, Limits, () => EnqueueAsync(other), _ => other.Id);
    }

    [Test]
    public async Task A_long_queue_at_the_project_limit_does_not_slow_another_user()
    {
        var (busy, almostEmpty) = await MeasureAlmostEmptyAsync(Limits);
        await FillAsync(busy, Rows);
        Assert.That((await Lifecycle.ClaimNextAsync(Limits, Token))!.Project.Id, Is.EqualTo(busy.Id));
        var other = await AddProjectAsync();

        await AssertFlatAsync(almostEmpty, Limits, () => EnqueueAsync(other), _ => other.Id);
    }

    [Test]
    public async Task A_long_queue_at_the_user_limit_does_not_slow_another_user()
    {
        var options = new ClaimOptions { MaxPerUser = 1 };
        var (busy, almostEmpty) = await MeasureAlmostEmptyAsync(options);
        for (var i = 0; i < 200; i++)
        {
            await FillAsync(await AddProjectAsync(busy.UserId), Rows / 200);
        }

        Assert.That((await Lifecycle.ClaimNextAsync(options, Token))!.Deployment.UserId, Is.EqualTo(busy.UserId));
        var other = await AddProjectAsync();

        await AssertFlatAsync(almostEmpty, options, () => EnqueueAsync(other), _ => other.Id);
    }

    [Test]
    public async Task A_long_queue_does_not_slow_a_claim_without_limits()
    {
        var options = new ClaimOptions();
        var (busy, almostEmpty) = await MeasureAlmostEmptyAsync(options);
        await FillAsync(busy, Rows);

        await AssertFlatAsync(almostEmpty, options, () => Task.CompletedTask, _ => busy.Id);
    }

    [Test]
    public async Task A_paused_project_does_not_slow_others([Values] bool limited)
    {
        var options = limited ? Limits : new ClaimOptions();
        var (paused, almostEmpty) = await MeasureAlmostEmptyAsync(options);
        await FillAsync(paused, Rows);
        await Get<IQueuePauseRepository>().PauseAsync(paused.Id, "Ada", null, Token);
        var other = await AddProjectAsync();

        await AssertFlatAsync(almostEmpty, options, () => EnqueueAsync(other), _ => other.Id);
    }

    [Test]
    public async Task Scheduled_deployments_do_not_slow_claims([Values] bool limited)
    {
        var options = limited ? Limits : new ClaimOptions();
        var (busy, almostEmpty) = await MeasureAlmostEmptyAsync(options);
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, queue_place, created_at)
            SELECT gen_random_uuid(), $1, $2, 'queued', 4611686018427387904 + 4000000000000 + n, '2026-01-01'
            FROM generate_series(1, $3) n
            """, busy.Id, busy.UserId, Rows);
        var other = await AddProjectAsync();

        await AssertFlatAsync(almostEmpty, options, () => EnqueueAsync(other), _ => other.Id);
    }

    [Test]
    public async Task An_old_snapshot_does_not_slow_claims([Values] bool limited)
    {
        var options = limited ? new ClaimOptions { MaxPerProject = 1000, MaxPerUser = 1000 } : new ClaimOptions();
        var (_, almostEmpty) = await MeasureAlmostEmptyAsync(options);
        var projects = new List<Project>();
        for (var i = 0; i < 100; i++)
        {
            projects.Add(await AddProjectAsync());
        }

        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var snapshot = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, Token);
        await using (var first = new NpgsqlCommand("SELECT count(*) FROM deployments", connection, snapshot))
        {
            await first.ExecuteScalarAsync(Token);
        }

        foreach (var project in projects)
        {
            await FillAsync(project, (Rows / 100) + 10);
        }

        await ExecuteAsync("ANALYZE deployments, deployment_stages, projects, users");
        for (var i = 0; i < Rows; i++)
        {
            var job = (await Lifecycle.ClaimNextAsync(options, Token))!;
            await ExecuteAsync("UPDATE deployments SET status = 'success' WHERE id = $1", job.Deployment.Id);
        }

        await AssertFlatAsync(almostEmpty, options, () => Task.CompletedTask, job => job.Project.Id);
    }

    // The project is one of the few, and has nothing queued afterwards.
    private async Task<(Project Project, TimeSpan Median)> MeasureAlmostEmptyAsync(ClaimOptions options)
    {
        var project = await AddProjectAsync();
        await MedianAsync(options, () => EnqueueAsync(project), _ => project.Id);
        return (project, await MedianAsync(options, () => EnqueueAsync(project), _ => project.Id));
    }

    private async Task AssertFlatAsync(
        TimeSpan almostEmpty, ClaimOptions options, Func<Task> refill, Func<ClaimedDeployment, Guid> expected)
    {
        // As autovacuum does after such a change: a plan that was made for an almost empty table reads it whole.
        await ExecuteAsync("ANALYZE deployments, deployment_stages, projects, users");
        var median = await MedianAsync(options, refill, expected);
        await TestContext.Out.WriteLineAsync(
            $"{Rows} rows: {median.TotalMilliseconds:F3} ms, almost empty {almostEmpty.TotalMilliseconds:F3} ms, ratio "
                + $"{median / almostEmpty:F2}");
        Assert.That(median / almostEmpty, Is.LessThan(MostRatio));
    }

    private async Task<TimeSpan> MedianAsync(ClaimOptions options, Func<Task> refill, Func<ClaimedDeployment, Guid> expected)
    {
        var times = new List<TimeSpan>();
        for (var i = 0; i < Claims; i++)
        {
            await refill();
            var start = Stopwatch.GetTimestamp();
            var job = (await Lifecycle.ClaimNextAsync(options, Token))!;
            times.Add(Stopwatch.GetElapsedTime(start));
            Assert.That(job.Project.Id, Is.EqualTo(expected(job)));
            await Lifecycle.FailAsync(job.Deployment.Id, "done", Token);
        }

        times.Sort();
        return times[Claims / 2];
    }

    private Task FillAsync(Project project, int count) =>
        ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT gen_random_uuid(), $1, $2, 'queued', 'manual', FALSE, '2026-01-01'::timestamp + n * interval '1 s', FALSE
            FROM generate_series(1, $3) n
            """, project.Id, project.UserId, count);
}
