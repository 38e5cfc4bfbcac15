using AutoStack.Data.Analytics;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Analytics;

public sealed class DashboardQueriesTests : AnalyticsTests
{
    private IDashboardQueries Dashboard => Get<IDashboardQueries>();

    // Each: now, the Monday, the first, and the end of last month's part. The clock only goes forward.
    private static readonly string[][] Moments =
    [
        ["2026-03-29T12:34:56.123456Z", "2026-03-23", "2026-03-01", "2026-03-01"], // a Sunday; February is shorter than March so far
        ["2026-03-30T00:00:00Z", "2026-03-30", "2026-03-01", "2026-03-01"], // a Monday, at midnight
        ["2026-04-01T00:00:00Z", "2026-03-30", "2026-04-01", "2026-03-01T00:00:00.000001Z"], // the first, at midnight
        ["2026-04-30T23:59:59.999999Z", "2026-04-27", "2026-04-01", "2026-03-31"], // the last microsecond of a month
        ["2027-01-01T08:00:00Z", "2026-12-28", "2027-01-01", "2026-12-01T08:00:00.000001Z"], // a week and a month across the year
        ["2028-03-01T10:00:00Z", "2028-02-28", "2028-03-01", "2028-02-01T10:00:00.000001Z"], // after a leap day
    ];

    [Test]
    public async Task The_clock_of_the_database_decides()
    {
        await using var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(new SkewedClock(TimeSpan.FromMilliseconds(-900), Clock))
            .AddAutoStackData(options => LibraryConnection.Set(options, Database.ConnectionString))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var project = await AddProjectAsync();

        // Rows of other tests have fixed times, which may be of today.
        var metrics = host.GetRequiredService<IMetricsQueries>();
        var before = (await metrics.MeasureAsync(Token)).DeploymentsLast24Hours;
        await ExecuteAsync("""
            INSERT INTO deployments (id, project_id, user_id, status, branch, creator_type, created_at)
            VALUES (gen_random_uuid(), $1, $2, 'failed', 'main', 'manual', clock_timestamp() AT TIME ZONE 'UTC')
            """, project.Id, project.UserId);

        var stats = await host.GetRequiredService<IDashboardQueries>().SummarizeAsync(project.UserId, Token);
        var platform = await metrics.MeasureAsync(Token);

        Assert.That((stats.Today.Deployments, stats.Week.Current.Deployments, stats.Month.Current.Deployments), Is.EqualTo((1, 1, 1)));
        Assert.That(platform.DeploymentsLast24Hours - before, Is.EqualTo(1));
    }

    [Test]
    public async Task Every_number_counts_its_own_range()
    {
        foreach (var moment in Moments)
        {
            var now = Utc(moment[0]);
            Clock.SetUtcNow(now.AddTicks(7));
            var end = now.AddMicroseconds(1);
            var midnight = Utc(moment[0][..10]);
            var (monday, first) = (Utc(moment[1]), Utc(moment[2]));
            var (week, lastWeek) = (new TimeRange(monday, end), new TimeRange(monday.AddDays(-7), end.AddDays(-7)));
            var (month, lastMonth) = (new TimeRange(first, end), new TimeRange(first.AddMonths(-1), Utc(moment[3])));
            var (own, rows) = await AddWorldAsync(
                1, 400, now, end, midnight, monday, first,
                lastWeek.From, lastWeek.To, lastMonth.From, lastMonth.To, now.AddYears(-1), now.AddYears(1));

            var stats = await Dashboard.SummarizeAsync(own[0].UserId, Token);

            var counted = rows.Where(r => r.OwnerId == own[0].UserId && !r.IsDeleted).ToList();
            AssertSummary(stats.Total, counted, $"total at {now:O}");
            AssertSummary(stats.Today, [.. In(counted, new TimeRange(midnight, end))], $"today at {now:O}");
            Assert.That((stats.Week.CurrentRange, stats.Week.PreviousRange), Is.EqualTo((week, lastWeek)));
            Assert.That((stats.Month.CurrentRange, stats.Month.PreviousRange), Is.EqualTo((month, lastMonth)));
            AssertSummary(stats.Week.Current, [.. In(counted, week)], $"week at {now:O}");
            AssertSummary(stats.Week.Previous, [.. In(counted, lastWeek)], $"last week at {now:O}");
            AssertSummary(stats.Month.Current, [.. In(counted, month)], $"month at {now:O}");
            AssertSummary(stats.Month.Previous, [.. In(counted, lastMonth)], $"last month at {now:O}");
        }
    }

    [Test]
    public void Changes_are_null_without_a_previous_value()
    {
        var (some, more, none) = (Sum(1, 1, 100), Sum(2, 1, 90), Sum(0, 0, null));

        var change = Compare(more, some);
        Assert.That(change.DeploymentsChange, Is.EqualTo(0.5));
        Assert.That(change.SuccessRateChange, Is.EqualTo((2.0 / 3) - 0.5).Within(1e-12));
        Assert.That(change.AverageBuildSecondsChange, Is.EqualTo(-0.1).Within(1e-12));

        change = Compare(none, some);
        Assert.That(
            (change.DeploymentsChange, change.SuccessRateChange, change.AverageBuildSecondsChange),
            Is.EqualTo(((double?)-1, (double?)null, (double?)null)));

        foreach (var nothing in new[] { Compare(some, none), Compare(none, none) })
        {
            Assert.That(
                (nothing.DeploymentsChange, nothing.SuccessRateChange, nothing.AverageBuildSecondsChange),
                Is.EqualTo(((double?)null, (double?)null, (double?)null)));
        }

        Assert.That(Compare(some, Sum(1, 0, 0)).AverageBuildSecondsChange, Is.Null);

        static DeploymentSummary Sum(long succeeded, long failed, double? seconds) => new()
        {
            Deployments = succeeded + failed,
            Succeeded = succeeded,
            Failed = failed,
            Cancelled = 0,
            AverageBuildSeconds = seconds,
            ActiveProjects = 1,
        };

        static PeriodComparison Compare(DeploymentSummary current, DeploymentSummary previous) =>
            new() { CurrentRange = default, Current = current, PreviousRange = default, Previous = previous };
    }

    [Test]
    public async Task A_user_without_deployments_has_zeros()
    {
        foreach (var owner in new[] { (await AddProjectAsync()).UserId, Guid.NewGuid(), Guid.Empty })
        {
            var stats = await Dashboard.SummarizeAsync(owner, Token);

            foreach (var summary in new[]
            {
                stats.Total, stats.Today, stats.Week.Current, stats.Week.Previous, stats.Month.Current, stats.Month.Previous,
            })
            {
                AssertSummary(summary, [], "nothing");
            }

            Assert.That((stats.Week.DeploymentsChange, stats.Month.SuccessRateChange), Is.EqualTo(((double?)null, (double?)null)));
        }
    }
}
