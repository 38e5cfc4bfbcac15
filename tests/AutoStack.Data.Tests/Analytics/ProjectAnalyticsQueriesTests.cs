using AutoStack.Data.Analytics;

namespace AutoStack.Data.Tests.Analytics;

public sealed class ProjectAnalyticsQueriesTests : AnalyticsTests
{
    private IProjectAnalyticsQueries Analytics => Get<IProjectAnalyticsQueries>();

    [Test]
    public async Task Every_number_counts_the_project_only()
    {
        var window = Range("2026-03-01", "2026-03-02");
        var (own, rows) = await AddWorldAsync(2, 500, window.From, window.To, Utc("2024-01-01"));
        var checks = rows.SelectMany((row, i) => Enumerable.Range(0, 3).Select(n => (
            Row: row, At: (i % 4) switch
            {
                0 => window.From.AddMicroseconds(n - 1),
                1 => window.To.AddMicroseconds(n - 1),
                2 => window.From.AddHours(n * 20),
                _ => window.From.AddDays(n * 200),
            },
            IsLive: (i + n) % 3 != 0))).ToList();
        await ExecuteAsync(
            """
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT gen_random_uuid(), deployment_id, 'http://localhost', is_live, checked_at
            FROM unnest($1::uuid[], $2::boolean[], $3::timestamp[]) c (deployment_id, is_live, checked_at)
            """,
            checks.ConvertAll(c => c.Row.Id),
            checks.ConvertAll(c => c.IsLive),
            checks.ConvertAll(c => $"{c.At.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}"));

        foreach (var project in own)
        {
            var analytics = (await Analytics.FindAsync(project.Id, project.UserId, window, Token))!;

            var counted = rows.Where(r => r.ProjectId == project.Id && !r.IsDeleted).ToList();
            Assert.That(analytics.Deployments, Is.EqualTo(counted.Count));
            Assert.That(analytics.Succeeded, Is.EqualTo(counted.Count(r => r.Succeeded)));
            Assert.That(analytics.Finished, Is.EqualTo(counted.Count(r => r.Finished)));
            Assert.That(analytics.SuccessRate, Is.EqualTo((double)counted.Count(r => r.Succeeded) / counted.Count(r => r.Finished)));
            Assert.That(analytics.Statuses.Select(s => (s.Status.Value, s.Deployments)), Is.EqualTo(CountStatuses(counted)));
            AssertDurations(analytics.Durations, counted, "durations");
            Assert.That(analytics.NewestBuildSeconds, Is.EqualTo(
                counted.Where(r => r.Succeeded && r.BuildSeconds is not null)
                    .OrderByDescending(r => r.CreatedAt)
                    .ThenByDescending(r => r.Id.ToString(), StringComparer.Ordinal)
                    .Take(5)
                    .Select(r => r.BuildSeconds)));
            var asked = checks.Where(c => counted.Contains(c.Row) && c.At >= window.From && c.At < window.To).ToList();
            Assert.That(asked, Has.Count.GreaterThan(20));
            Assert.That(analytics.Uptime, Is.EqualTo(new ProjectUptime(asked.Count, asked.Count(c => c.IsLive))));
            Assert.That(analytics.Uptime.Uptime, Is.EqualTo((double)asked.Count(c => c.IsLive) / asked.Count));
        }
    }

    [Test]
    public async Task A_project_without_deployments_has_zeros_and_nulls()
    {
        var project = await AddProjectAsync();

        var analytics = (await Analytics.FindAsync(project.Id, project.UserId, Range("2026-01-01", "2026-01-02"), Token))!;

        Assert.That((analytics.Deployments, analytics.Finished, analytics.SuccessRate), Is.EqualTo((0L, 0L, (double?)null)));
        Assert.That(analytics.Statuses.Select(s => (s.Status.Value, s.Deployments)), Is.EqualTo(CountStatuses([])));
        AssertDurations(analytics.Durations, [], "durations");
        Assert.That(analytics.NewestBuildSeconds, Is.Empty);
        Assert.That((analytics.Uptime.Checks, analytics.Uptime.Uptime), Is.EqualTo((0L, (double?)null)));
    }

    [Test]
    public async Task Another_users_deployment_in_the_project_is_not_counted()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();
        await InsertAsync([new Row(Guid.NewGuid(), project.Id, stranger.Id, "success", Utc("2026-01-01"), 1, IsDeleted: false)]);

        Assert.That(
            (await Analytics.FindAsync(project.Id, project.UserId, Range("2026-01-01", "2026-01-02"), Token))!.Deployments,
            Is.Zero);
    }

    [Test]
    public async Task The_status_list_is_bounded_but_the_total_counts_all()
    {
        var project = await AddProjectAsync();
        await InsertAsync([.. Enumerable.Range(0, 150).Select(
            i => new Row(Guid.NewGuid(), project.Id, project.UserId, $"odd-{i:000}", Utc("2026-01-01"), null, IsDeleted: false))]);

        var analytics = (await Analytics.FindAsync(project.Id, project.UserId, Range("2026-01-01", "2026-01-02"), Token))!;

        Assert.That(analytics.Statuses, Has.Count.EqualTo(100));
        Assert.That(analytics.Deployments, Is.EqualTo(150));
        Assert.That(
            await Get<IDeploymentTrendQueries>().ListStatusesAsync(project.UserId, null, Range("2026-01-01", "2026-01-02"), Token),
            Is.EqualTo(analytics.Statuses));
    }

    [Test]
    public async Task A_foreign_project_is_not_found_and_invalid_ranges_refused()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();

        Assert.That(await Analytics.FindAsync(project.Id, stranger.Id, Range("2026-01-01", "2026-01-02"), Token), Is.Null);
        Assert.That(await Analytics.FindAsync(Guid.NewGuid(), project.UserId, Range("2026-01-01", "2026-01-02"), Token), Is.Null);
        foreach (var range in BadRanges)
        {
            Assert.That(
                () => Analytics.FindAsync(project.Id, project.UserId, range, Token),
                Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("uptime"));
        }

        foreach (var range in OddRanges)
        {
            Assert.That(await Analytics.FindAsync(project.Id, project.UserId, range, Token), Is.Not.Null);
        }
    }
}
