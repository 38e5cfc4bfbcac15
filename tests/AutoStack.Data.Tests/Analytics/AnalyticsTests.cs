using AutoStack.Data.Analytics;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Support;
using NpgsqlTypes;

namespace AutoStack.Data.Tests.Analytics;

/// <summary>A deployment as the tests insert it and count it themselves.</summary>
public sealed record Row(Guid Id, Guid ProjectId, Guid OwnerId, string Status, DateTimeOffset CreatedAt, int? BuildSeconds, bool IsDeleted)
{
    public bool Succeeded => Status.Equals("success", StringComparison.OrdinalIgnoreCase);

    public bool Failed => Status.Equals("failed", StringComparison.OrdinalIgnoreCase);

    public bool Cancelled => Status.Equals("cancelled", StringComparison.OrdinalIgnoreCase);

    public bool Finished => Succeeded || Failed || Cancelled;
}

/// <summary>Generated deployments of several owners, and the same numbers counted over them in plain code.</summary>
public abstract class AnalyticsTests : DatabaseTests
{
    // Other writers spell statuses their own way, and know some that the library does not.
    private static readonly string[] Statuses =
    [
        "queued", "cloning", "checkout", "installing", "building", "copying", "success", "success", "success", "SUCCESS", "failed",
        "Failed",
        "cancelled", "Deploying", "rolled_back",
    ];

    [OneTimeSetUp]
    public void StopTheClock() => Clock.AutoAdvanceAmount = TimeSpan.Zero;

    protected static TimeRange Range(string from, string to) => new(Utc(from), Utc(to));

    protected static DateTimeOffset Utc(string time) =>
        DateTimeOffset.Parse(time, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal);

    /// <summary>Two owners with two projects each: one to be asked about, and a stranger who must not be counted.</summary>
    protected async Task<(Project[] Own, List<Row> Rows)> AddWorldAsync(int seed, int count, params DateTimeOffset[] borders)
    {
        var own = new[] { await AddProjectAsync(), null! };
        own[1] = await AddProjectAsync(own[0].UserId);
        var strange = new[] { await AddProjectAsync(), null! };
        strange[1] = await AddProjectAsync(strange[0].UserId);
        Project[] all = [.. own, .. strange];

        var random = new Random(seed);
        var rows = new List<Row>();
        foreach (var project in all)
        {
            foreach (var border in borders)
            {
                // On the border, and a microsecond to both sides of it.
                foreach (var status in new[] { "success", "failed" })
                {
                    rows.AddRange(new[] { -1, 0, 1 }.Select(
                        offset => Some(project, border.AddMicroseconds(offset)) with { Status = status, IsDeleted = false }));
                }
            }
        }

        for (var i = 0; i < count; i++)
        {
            var border = borders[random.Next(borders.Length)];
            var day = random.Next(2) == 0 ? 0 : random.Next(-400, 40);
            rows.Add(Some(all[random.Next(all.Length)], border.AddDays(day).AddMicroseconds(random.NextInt64(86_400_000_000))));
        }

        await InsertAsync(rows);
        return (own, rows);

        Row Some(Project project, DateTimeOffset createdAt) => new(
            Guid.NewGuid(), project.Id, project.UserId, Statuses[random.Next(Statuses.Length)], createdAt,
            random.Next(5) == 0 ? null : random.Next(2000), random.Next(6) == 0);
    }

    protected async Task InsertAsync(IReadOnlyList<Row> rows)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var writer = await connection.BeginBinaryImportAsync(
            """
            COPY deployments (id, project_id, user_id, status, creator_type, is_production, build_duration_seconds, created_at, is_deleted)
            FROM STDIN (FORMAT BINARY)
            """, Token);
        foreach (var row in rows)
        {
            await writer.StartRowAsync(Token);
            await writer.WriteAsync(row.Id, NpgsqlDbType.Uuid, Token);
            await writer.WriteAsync(row.ProjectId, NpgsqlDbType.Uuid, Token);
            await writer.WriteAsync(row.OwnerId, NpgsqlDbType.Uuid, Token);
            await writer.WriteAsync(row.Status, NpgsqlDbType.Varchar, Token);
            await writer.WriteAsync("manual", NpgsqlDbType.Varchar, Token);
            await writer.WriteAsync(false, NpgsqlDbType.Boolean, Token);
            if (row.BuildSeconds is { } seconds)
            {
                await writer.WriteAsync(seconds, NpgsqlDbType.Integer, Token);
            }
            else
            {
                await writer.WriteNullAsync(Token);
            }

            await writer.WriteAsync(
                DateTime.SpecifyKind(row.CreatedAt.UtcDateTime, DateTimeKind.Unspecified), NpgsqlDbType.Timestamp, Token);
            await writer.WriteAsync(row.IsDeleted, NpgsqlDbType.Boolean, Token);
        }

        await writer.CompleteAsync(Token);
    }

    protected static IEnumerable<Row> In(IEnumerable<Row> rows, TimeRange range) =>
        rows.Where(r => r.CreatedAt >= range.From && r.CreatedAt < range.To);

    protected static void AssertSummary(DeploymentSummary actual, IReadOnlyList<Row> rows, string what)
    {
        var seconds = rows.Where(r => r.Succeeded).Select(r => r.BuildSeconds).OfType<int>().ToList();
        var finished = rows.Count(r => r.Finished);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Deployments, Is.EqualTo(rows.Count), what);
            Assert.That(actual.Succeeded, Is.EqualTo(rows.Count(r => r.Succeeded)), what);
            Assert.That(actual.Failed, Is.EqualTo(rows.Count(r => r.Failed)), what);
            Assert.That(actual.Cancelled, Is.EqualTo(rows.Count(r => r.Cancelled)), what);
            Assert.That(actual.Finished, Is.EqualTo(finished), what);
            Assert.That(actual.SuccessRate, Is.EqualTo(finished == 0 ? null : (double)rows.Count(r => r.Succeeded) / finished), what);
            AssertNear(actual.AverageBuildSeconds, seconds.Count == 0 ? null : seconds.Average(), what);
            Assert.That(actual.ActiveProjects, Is.EqualTo(rows.Select(r => r.ProjectId).Distinct().Count()), what);
        });
    }

    protected static void AssertDurations(BuildDurations actual, IEnumerable<Row> rows, string what)
    {
        var seconds = rows.Where(r => r.Succeeded).Select(r => r.BuildSeconds).OfType<int>().Order().ToList();
        Assert.Multiple(() =>
        {
            Assert.That(actual.Builds, Is.EqualTo(seconds.Count), what);
            Assert.That(actual.MinSeconds, Is.EqualTo(seconds.Count == 0 ? null : seconds[0]), what);
            AssertNear(actual.AverageSeconds, seconds.Count == 0 ? null : seconds.Average(), what);
            AssertNear(actual.MedianSeconds, Percentile(0.5), what);
            AssertNear(actual.P95Seconds, Percentile(0.95), what);
            Assert.That(actual.MaxSeconds, Is.EqualTo(seconds.Count == 0 ? null : seconds[^1]), what);
        });

        double? Percentile(double share)
        {
            if (seconds.Count == 0)
            {
                return null;
            }

            var place = share * (seconds.Count - 1);
            var below = (int)Math.Floor(place);
            var above = Math.Min(below + 1, seconds.Count - 1);
            return seconds[below] + ((seconds[above] - seconds[below]) * (place - below));
        }
    }

    protected static void AssertNear(double? actual, double? expected, string what)
    {
        if (expected is { } number)
        {
            Assert.That(actual, Is.EqualTo(number).Within(1e-9).Percent, what);
        }
        else
        {
            Assert.That(actual, Is.Null, what);
        }
    }

    protected static IEnumerable<(string Status, long Count)> CountStatuses(IEnumerable<Row> rows)
    {
        var counts = rows.GroupBy(r => r.Status.ToLowerInvariant()).ToDictionary(g => g.Key, g => g.LongCount());
        var known = DeploymentStatus.Known.Select(s => s.Value).ToList();
        return known.Concat(
            counts.Keys.Except(known).Order(StringComparer.Ordinal)).Select(status => (status, counts.GetValueOrDefault(status)));
    }

    /// <summary>Ranges that no query takes.</summary>
    protected static IEnumerable<TimeRange> BadRanges =>
    [
        default,
        Range("2026-01-02", "2026-01-01"),
        Range("2026-01-01", "2026-01-01"),
        new(Utc("2026-01-01"), Utc("2026-01-01").AddTicks(1)),
        new(Utc("2026-01-01"), Utc("2026-01-01") + TimeRange.MaxLength + TimeSpan.FromMicroseconds(1)),
        new(DateTimeOffset.MinValue, DateTimeOffset.MaxValue),
        new(DateTimeOffset.MinValue, DateTimeOffset.MinValue.AddDays(1)),
    ];

    /// <summary>Ranges at the ends of time and of the allowed length.</summary>
    protected static IEnumerable<TimeRange> OddRanges =>
    [
        new(DateTimeOffset.MaxValue.AddDays(-1), DateTimeOffset.MaxValue),
        new(DateTimeOffset.MinValue.AddMicroseconds(1), DateTimeOffset.MinValue.AddDays(1)),
        new(Utc("2026-01-01"), Utc("2026-01-01") + TimeRange.MaxLength),
        new(Utc("2026-01-01"), Utc("2026-01-01").AddMicroseconds(1)),
    ];
}
