using AutoStack.Data.Analytics;

namespace AutoStack.Data.Tests.Analytics;

/// <summary>Alone in its database, since what it counts is everything.</summary>
public sealed class MetricsQueriesTests : AnalyticsTests
{
    private IMetricsQueries Platform => Get<IMetricsQueries>();

    [Test]
    public async Task Every_number_counts_the_whole_platform()
    {
        Assert.That(await Platform.MeasureAsync(Token), Is.EqualTo(new PlatformMetrics
        {
            Deployments = 0,
            Succeeded = 0,
            Failed = 0,
            DeploymentsLast24Hours = 0,
            Users = 0,
            UsersLast30Days = 0,
        }));

        var now = Utc("2026-06-30T10:20:30.123456Z");
        Clock.SetUtcNow(now.AddTicks(7));
        var (_, rows) = await AddWorldAsync(8, 300, now, now.AddMicroseconds(1), now.AddDays(-1), now.AddDays(-1).AddMicroseconds(1));
        await ExecuteAsync("DELETE FROM users u WHERE NOT EXISTS (SELECT FROM projects p WHERE p.user_id = u.id)");
        DateTimeOffset[] joined =
        [
            now, now.AddMicroseconds(1), now.AddDays(-30), now.AddDays(-30).AddMicroseconds(1), now.AddDays(-29), now.AddDays(-31),
            now.AddYears(-1),
        ];
        await ExecuteAsync("UPDATE users SET created_at = '2020-01-01'");
        foreach (var at in joined)
        {
            var user = await AddUserAsync();
            await ExecuteAsync(
                "UPDATE users SET created_at = $2::timestamp WHERE id = $1", user.Id, $"{at.UtcDateTime:yyyy-MM-dd HH:mm:ss.ffffff}");
        }

        var counted = rows.Where(r => !r.IsDeleted).ToList();
        Assert.That(await Platform.MeasureAsync(Token), Is.EqualTo(new PlatformMetrics
        {
            Deployments = counted.Count,
            Succeeded = counted.Count(r => r.Succeeded),
            Failed = counted.Count(r => r.Failed),
            DeploymentsLast24Hours = counted.Count(r => r.CreatedAt > now.AddDays(-1) && r.CreatedAt <= now),
            Users = joined.Length + 2,
            UsersLast30Days = joined.Count(at => at > now.AddDays(-30) && at <= now),
        }));
    }
}
