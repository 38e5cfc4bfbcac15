using AutoStack.Data.Analytics;

namespace AutoStack.Data.Tests.Analytics;

public sealed class DeploymentTrendQueriesTests : AnalyticsTests
{
    private static readonly TimeRange[] Ranges =
    [
        Range("2025-12-20", "2026-02-10"), // across a year, whole days
        new(Utc("2025-12-31T23:30:00Z"), new DateTimeOffset(2026, 3, 1, 3, 15, 0, TimeSpan.FromHours(5.5))), // cut days, another zone
        Range("2026-01-05", "2026-01-12"), // one week, Monday to Monday
        Range("2026-01-11T23:59:59.999999Z", "2026-01-12T00:00:00.000001Z"), // a microsecond of each of two weeks
    ];

    private IDeploymentTrendQueries Trends => Get<IDeploymentTrendQueries>();

    [Test]
    public async Task Every_bucket_counts_its_deployments_and_no_bucket_is_missing()
    {
        foreach (var range in Ranges)
        {
            var (own, rows) = await AddWorldAsync(
                3, 600, range.From, range.To, Utc("2026-01-05"), Utc("2026-01-06"), Utc("2026-01-01"), Utc("2026-01-12"));
            foreach (var project in new Guid?[] { null, own[0].Id, own[1].Id })
            {
                var counted = In(
                    rows.Where(r => r.OwnerId == own[0].UserId && !r.IsDeleted && (project is null || r.ProjectId == project)),
                    range).ToList();
                await AssertTrendsAsync(own[0].UserId, project, range, counted);
            }
        }
    }

    [Test]
    public async Task Buckets_without_deployments_are_zero()
    {
        var project = await AddProjectAsync();
        var other = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET created_at = '2026-01-06' WHERE id = $1", other.Id);
        foreach (var range in Ranges)
        {
            await AssertTrendsAsync(project.UserId, null, range, []);
            await AssertTrendsAsync(project.UserId, project.Id, range, []);
            await AssertTrendsAsync(project.UserId, other.ProjectId, range, []);
            await AssertTrendsAsync(Guid.NewGuid(), Guid.Empty, range, []);
        }
    }

    [Test]
    public async Task Invalid_ranges_are_refused_and_unusual_ranges_answered()
    {
        var owner = (await AddProjectAsync()).UserId;
        Func<TimeRange, Task>[] queries =
        [
            range => Trends.ListPerDayAsync(owner, null, range, Token),
            range => Trends.ListSuccessPerWeekAsync(owner, null, range, Token),
            range => Trends.ListDurationsPerWeekAsync(owner, null, range, Token),
            range => Trends.ListStatusesAsync(owner, null, range, Token),
            range => Trends.ListPerHourAsync(owner, null, range, Token),
        ];
        foreach (var query in queries)
        {
            foreach (var range in BadRanges)
            {
                Assert.That(() => query(range), Throws.TypeOf<ArgumentOutOfRangeException>().With.Property("ParamName").EqualTo("range"));
            }

            foreach (var range in OddRanges)
            {
                await query(range);
            }
        }

        Assert.That(await Trends.ListPerDayAsync(owner, null, OddRanges.ElementAt(2), Token), Has.Count.EqualTo(366));
        Assert.That(await Trends.ListPerDayAsync(owner, null, OddRanges.ElementAt(3), Token), Has.Count.EqualTo(1));
    }

    private async Task AssertTrendsAsync(Guid owner, Guid? project, TimeRange range, IReadOnlyList<Row> counted)
    {
        var days = await Trends.ListPerDayAsync(owner, project, range, Token);
        Assert.That(days, Is.EqualTo(Buckets(Midnight(range.From), range.To, 1).Select(
            day => new DailyDeployments(day, counted.Count(r => Midnight(r.CreatedAt) == day)))));

        var weeks = Buckets(Monday(range.From), range.To, 7).ToList();
        var perWeek = weeks.ConvertAll(week => counted.Where(r => Monday(r.CreatedAt) == week).ToList());
        var success = await Trends.ListSuccessPerWeekAsync(owner, project, range, Token);
        Assert.That(
            success,
            Is.EqualTo(weeks.Zip(
                perWeek, (week, rows) => new WeeklySuccess(week, rows.Count(r => r.Succeeded), rows.Count(r => r.Finished)))));
        Assert.That(success.Select(w => w.SuccessRate), Is.EqualTo(perWeek.Select(rows =>
            rows.Any(r => r.Finished) ? (double?)rows.Count(r => r.Succeeded) / rows.Count(r => r.Finished) : null)));

        var durations = await Trends.ListDurationsPerWeekAsync(owner, project, range, Token);
        Assert.That(durations.Select(w => w.Start), Is.EqualTo(weeks));
        foreach (var (week, rows) in durations.Zip(perWeek))
        {
            AssertDurations(week.Durations, rows, $"{week.Start}");
        }

        var statuses = await Trends.ListStatusesAsync(owner, project, range, Token);
        Assert.That(statuses.Select(s => (s.Status.Value, s.Deployments)), Is.EqualTo(CountStatuses(counted)));

        var hours = await Trends.ListPerHourAsync(owner, project, range, Token);
        Assert.That(
            hours,
            Is.EqualTo(Enumerable.Range(0, 24).Select(
                hour => new HourlyDeployments(hour, counted.Count(r => r.CreatedAt.UtcDateTime.Hour == hour)))));
    }

    private static IEnumerable<DateTimeOffset> Buckets(DateTimeOffset first, DateTimeOffset end, int days)
    {
        for (var bucket = first; bucket < end; bucket = bucket.AddDays(days))
        {
            yield return bucket;
        }
    }

    private static DateTimeOffset Midnight(DateTimeOffset time) => new(time.UtcDateTime.Date, TimeSpan.Zero);

    private static DateTimeOffset Monday(DateTimeOffset time)
    {
        var day = Midnight(time);
        while (day.DayOfWeek != DayOfWeek.Monday)
        {
            day = day.AddDays(-1);
        }

        return day;
    }
}
