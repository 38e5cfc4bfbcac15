using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Analytics;

internal sealed class DeploymentTrendQueries(Db db) : IDeploymentTrendQueries
{
    // Needs @ownerId, @projectId, @since and @until.
    private const string Chosen = $"{Definitions.Owned} AND {Definitions.OfProject} AND {Definitions.InRange}";

    // The buckets of a range. The last bucket contains the last moment of the range. Needs @since and @until.
    private const string Days = """
        pg_catalog.generate_series(
                pg_catalog.date_trunc('day', @since), pg_catalog.date_trunc('day', @until - interval '1 microsecond'), interval '1 day')
                AS b (bucket)
        """;

    private const string Weeks = """
        pg_catalog.generate_series(
                pg_catalog.date_trunc('week', @since), pg_catalog.date_trunc('week', @until - interval '1 microsecond'), interval '7 days')
                AS b (bucket)
        """;

    public Task<IReadOnlyList<DailyDeployments>> ListPerDayAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken) =>
        db.ListAsync(row => new DailyDeployments(row.Time(), row.Long()), $"""
            SELECT b.bucket, coalesce(c.deployments, 0)
            FROM {Days}
            LEFT JOIN (
                SELECT pg_catalog.date_trunc('day', d.created_at) AS bucket, pg_catalog.count(d.id) AS deployments
                FROM deployments d
                WHERE {Chosen}
                GROUP BY pg_catalog.date_trunc('day', d.created_at)
            ) c ON c.bucket = b.bucket
            ORDER BY b.bucket
            """, Parameters(ownerId, projectId, TimeRange.Check(range)), cancellationToken);

    public Task<IReadOnlyList<WeeklySuccess>> ListSuccessPerWeekAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken) =>
        db.ListAsync(row => new WeeklySuccess(row.Time(), row.Long(), row.Long()), $"""
            SELECT b.bucket, coalesce(c.succeeded, 0), coalesce(c.finished, 0)
            FROM {Weeks}
            LEFT JOIN (
                SELECT
                    pg_catalog.date_trunc('week', d.created_at) AS bucket,
                    pg_catalog.count(d.id) FILTER (WHERE {Definitions.Succeeded}) AS succeeded,
                    pg_catalog.count(d.id) FILTER (WHERE {Definitions.Finished}) AS finished
                FROM deployments d
                WHERE {Chosen}
                GROUP BY pg_catalog.date_trunc('week', d.created_at)
            ) c ON c.bucket = b.bucket
            ORDER BY b.bucket
            """, Parameters(ownerId, projectId, TimeRange.Check(range)), cancellationToken);

    public Task<IReadOnlyList<WeeklyDurations>> ListDurationsPerWeekAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken) =>
        db.ListAsync(row => new WeeklyDurations(row.Time(), BuildDurations.Read(row)), $"""
            SELECT b.bucket, coalesce(c.builds, 0), c.shortest, c.average, c.median, c.p95, c.longest
            FROM {Weeks}
            LEFT JOIN (
                SELECT
                    pg_catalog.date_trunc('week', d.created_at) AS bucket,
                    {Definitions.Durations}
                FROM deployments d
                WHERE {Chosen} AND {Definitions.Built}
                GROUP BY pg_catalog.date_trunc('week', d.created_at)
            ) c ON c.bucket = b.bucket
            ORDER BY b.bucket
            """, Parameters(ownerId, projectId, TimeRange.Check(range)), cancellationToken);

    public Task<IReadOnlyList<StatusCount>> ListStatusesAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken) =>
        db.ListAsync(row => new StatusCount(row.Value<DeploymentStatus>(), row.Long()), $"""
            SELECT coalesce(k.status, n.status) AS bucket, coalesce(n.deployments, 0)
            FROM pg_catalog.unnest(@known) WITH ORDINALITY k (status, ordinal)
            FULL JOIN (
                SELECT pg_catalog.lower(d.status::text) AS status, pg_catalog.count(d.id) AS deployments
                FROM deployments d
                WHERE {Chosen}
                GROUP BY pg_catalog.lower(d.status::text)
            ) n ON n.status = k.status
            ORDER BY k.ordinal, bucket
            LIMIT 100
            """,
            [.. Parameters(ownerId, projectId, TimeRange.Check(range)), P.Of(ProjectAnalyticsQueries.KnownStatuses, "known")],
            cancellationToken);

    public Task<IReadOnlyList<HourlyDeployments>> ListPerHourAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken) =>
        db.ListAsync(row => new HourlyDeployments(row.Int(), row.Long()), $"""
            SELECT b.bucket, coalesce(c.deployments, 0)
            FROM pg_catalog.generate_series(0, 23) AS b (bucket)
            LEFT JOIN (
                SELECT extract(hour FROM d.created_at)::integer AS bucket, pg_catalog.count(d.id) AS deployments
                FROM deployments d
                WHERE {Chosen}
                GROUP BY extract(hour FROM d.created_at)::integer
            ) c ON c.bucket = b.bucket
            ORDER BY b.bucket
            """, Parameters(ownerId, projectId, TimeRange.Check(range)), cancellationToken);

    private static NpgsqlParameter[] Parameters(Guid ownerId, Guid? projectId, TimeRange range) =>
        [P.Of(ownerId), P.Of(projectId), P.Of(range.From, "since"), P.Of(range.To, "until")];
}
