using AutoStack.Data.Analytics;
using AutoStack.Data.HealthChecks;

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

    // Ids of both versions: the order of the ids is that of the times for some deployments only.
    [Test]
    public async Task The_uptime_is_that_of_a_plain_statement_after_any_history([Values(1, 2, 3, 4, 5, 6)] int seed)
    {
        var random = new Random(seed);
        var start = Utc("2026-02-01");
        var (project, other) = (await AddProjectAsync(), await AddProjectAsync());
        var sibling = await AddProjectAsync(project.UserId);
        var ids = new List<Guid>();
        for (var step = 0; step < 40; step++)
        {
            await ChangeAsync();
            var from = Moment();
            var range = new TimeRange(from, from.AddMinutes(random.Next(1, 4000)));
            var uptime = (await Analytics.FindAsync(project.Id, project.UserId, range, Token))!.Uptime;
            Assert.That($"{uptime.Checks} {uptime.LiveChecks}", Is.EqualTo(await ScalarAsync(
                """
                SELECT count(*) || ' ' || count(*) FILTER (WHERE h.is_live)
                FROM deployment_health_checks h
                JOIN deployments d ON d.id = h.deployment_id
                WHERE d.project_id = $1 AND d.user_id = $2 AND NOT d.is_deleted AND h.checked_at >= $3 AND h.checked_at < $4
                """, project.Id, project.UserId, Column(range.From), Column(range.To))), $"step {step}");
        }

        // Whole minutes, so that checks lie on the ends of ranges.
        DateTimeOffset Moment() => start.AddMinutes(random.Next(-200, 4000));

        async Task ChangeAsync()
        {
            var id = ids.Count == 0 ? Guid.Empty : ids[random.Next(ids.Count)];
            switch (ids.Count < 5 ? 0 : random.Next(10))
            {
                case < 3:
                    var of = random.Next(4) switch { 0 => other, 1 => sibling, _ => project };
                    var owner = random.Next(8) == 0 ? other.UserId : of.UserId;
                    var made = Moment();
                    var added = random.Next(2) == 0 ? Guid.NewGuid() : Guid.CreateVersion7(made);
                    ids.Add(added);
                    await InsertAsync([new Row(added, of.Id, owner, "success", made, random.Next(99), IsDeleted: random.Next(6) == 0)]);
                    break;
                case < 8:
                    await PlatformHealthChecks.AddManyAsync(
                        [
                            .. Enumerable.Range(0, random.Next(1, 60)).Select(_ => new NewDeploymentHealthCheck
                            {
                                DeploymentId = ids[random.Next(ids.Count)],
                                Url = "http://a",
                                IsLive = random.Next(3) > 0,
                                CheckedAt = Moment(),
                            }),
                        ], Token);
                    break;
                case 8:
                    await ExecuteAsync("UPDATE deployments SET is_deleted = NOT is_deleted WHERE id = $1", id);
                    break;
                default:
                    await (random.Next(2) == 0
                        ? PlatformHealthChecks.PurgeAsync(start.AddMinutes(random.Next(600)), 40, Token)
                        : ExecuteAsync("DELETE FROM deployments WHERE id = $1", id));
                    ids.RemoveAll(gone => gone == id);
                    break;
            }
        }

        static DateTime Column(DateTimeOffset time) => DateTime.SpecifyKind(time.UtcDateTime, DateTimeKind.Unspecified);
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
