using AutoStack.Data;
using AutoStack.Data.Analytics;
using AutoStack.Data.AspNetCore;
using AutoStack.Data.Logs;

namespace Platform.Api;

/// <summary>The dashboard, and the search in all logs of the signed-in user.</summary>
internal static class Analytics
{
    private const int Days = 14;
    private const int Weeks = 8;
    private const int MatchesPerPage = 20;

    public static void MapAnalytics(this WebApplication app)
    {
        var own = app.MapGroup("/api").RequireAuthorization();
        own.MapGet("/dashboard", SummarizeAsync);
        own.MapGet("/search",
            async (string text, Cursor? cursor, CurrentSession current, IDeploymentLogSearch logs, CancellationToken token) =>
                await logs.SearchAsync(current.UserId, text, LogSearchScope.All, cursor ?? Cursor.Start, MatchesPerPage, token));
    }

    private static async Task<object> SummarizeAsync(
        CurrentSession current, IDashboardQueries dashboard, IDeploymentTrendQueries trends, TimeProvider clock, CancellationToken token)
    {
        var user = current.UserId;
        var now = clock.GetUtcNow();
        var days = new TimeRange(new DateTimeOffset(now.UtcDateTime.Date, TimeSpan.Zero).AddDays(1 - Days), now);
        var weeks = new TimeRange(now.AddDays(-7 * (Weeks - 1)), now);

        // They have nothing to do with each other: the server answers them at the same time.
        var numbers = dashboard.SummarizeAsync(user, token);
        var perDay = trends.ListPerDayAsync(user, projectId: null, days, token);
        var success = trends.ListSuccessPerWeekAsync(user, projectId: null, weeks, token);
        var durations = trends.ListDurationsPerWeekAsync(user, projectId: null, weeks, token);
        return new { Numbers = await numbers, PerDay = await perDay, Success = await success, Durations = await durations };
    }
}
