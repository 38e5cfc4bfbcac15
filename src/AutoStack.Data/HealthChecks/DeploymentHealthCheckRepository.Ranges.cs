using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.HealthChecks;

/// <summary>The questions about a range of time. Whole hours are read from their sums where the database keeps them.</summary>
internal sealed partial class DeploymentHealthCheckRepository
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public Task<Uptime?> FindUptimeAsync(Guid deploymentId, Guid ownerId, TimeRange range, CancellationToken cancellationToken)
    {
        var (start, end) = TimeRange.Check(range);
        Task<Uptime?> FromChecksAsync() => db.FindAsync(row => new Uptime(row.Long(), row.Long()), $"""
            SELECT w.checks, w.live
            FROM (
                SELECT pg_catalog.count(h.id) AS checks, pg_catalog.count(h.id) FILTER (WHERE h.is_live) AS live
                FROM deployment_health_checks h
                WHERE h.deployment_id = @deploymentId AND h.checked_at >= @start AND h.checked_at < @end
            ) w
            WHERE {DeploymentState.Owned}
            """,
            [P.Of(deploymentId), P.Of(ownerId), P.Of(start), P.Of(end)], cancellationToken, nameof(FindUptimeAsync));

        // An hour that the range cuts is counted from its checks.
        var (firstHour, endHour) = (HourOf(start) < start ? HourOf(start) + Hour : HourOf(start), HourOf(end));
        return firstHour >= endHour ? FromChecksAsync() : hours.ReadAsync(db, FromHoursAsync, FromChecksAsync, cancellationToken);

        Task<Uptime?> FromHoursAsync() => db.FindAsync(row => new Uptime(row.Long(), row.Long()), $"""
            SELECT coalesce(w.checks, 0), coalesce(w.live, 0)
            FROM (
                SELECT pg_catalog.sum(p.checks)::bigint AS checks, pg_catalog.sum(p.live)::bigint AS live
                FROM (
                    SELECT s.checks, s.live
                    FROM public.health_check_hours(@deploymentId, @firstHour, @endHour) s
                    UNION ALL
                    SELECT pg_catalog.count(h.id), pg_catalog.count(h.id) FILTER (WHERE h.is_live)
                    FROM deployment_health_checks h
                    WHERE h.deployment_id = @deploymentId AND h.checked_at >= @start AND h.checked_at < @firstHour
                    UNION ALL
                    SELECT pg_catalog.count(h.id), pg_catalog.count(h.id) FILTER (WHERE h.is_live)
                    FROM deployment_health_checks h
                    WHERE h.deployment_id = @deploymentId AND h.checked_at >= @endHour AND h.checked_at < @end
                ) p
            ) w
            WHERE {DeploymentState.Owned}
            """,
            [P.Of(deploymentId), P.Of(ownerId), P.Of(start), P.Of(end), P.Of(firstHour), P.Of(endHour)],
            cancellationToken, nameof(FindUptimeAsync));
    }

    public Task<IReadOnlyList<HealthBucket>> ListHistoryAsync(
        Guid deploymentId, Guid ownerId, TimeRange range, TimeSpan bucket, CancellationToken cancellationToken)
    {
        var (start, end) = TimeRange.Check(range);
        if (bucket < TimeSpan.FromSeconds(1) || bucket.TotalSeconds > int.MaxValue || bucket.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw new ArgumentException("bucket is a whole number of seconds, at least one.", nameof(bucket));
        }

        var buckets = ((end - start).Ticks + bucket.Ticks - 1) / bucket.Ticks;
        if (buckets > IDeploymentHealthCheckRepository.MaxBuckets)
        {
            throw new ArgumentException(
                $"bucket divides the range into {buckets} buckets; at most {IDeploymentHealthCheckRepository.MaxBuckets}.", nameof(bucket));
        }

        var endHour = HourOf(end);
        return bucket.Ticks % Hour.Ticks != 0 || start.Ticks % Hour.Ticks != 0 || start >= endHour
            ? FromChecksAsync()
            : hours.ReadAsync(db, FromHoursAsync, FromChecksAsync, cancellationToken);

        Task<IReadOnlyList<HealthBucket>> FromChecksAsync() => db.ListAsync(Bucket, $"""
            SELECT b.ordinal, coalesce(w.checks, 0), coalesce(w.live, 0), w.latency
            FROM pg_catalog.generate_series(0, @buckets - 1) AS b (ordinal)
            LEFT JOIN (
                SELECT pg_catalog.floor(extract(epoch FROM h.checked_at - @start) / @seconds::numeric)::int AS ordinal,
                    pg_catalog.count(h.id) AS checks, pg_catalog.count(h.id) FILTER (WHERE h.is_live) AS live,
                    pg_catalog.round(pg_catalog.avg(h.latency_ms))::int AS latency
                FROM deployment_health_checks h
                WHERE h.deployment_id = @deploymentId AND h.checked_at >= @start AND h.checked_at < @end
                GROUP BY 1
            ) w ON w.ordinal = b.ordinal
            WHERE {DeploymentState.Owned}
            ORDER BY b.ordinal
            """,
            [
                P.Of(deploymentId),
                P.Of(ownerId),
                P.Of(start),
                P.Of(end),
                P.Of((int)buckets, nameof(buckets)),
                P.Of((int)bucket.TotalSeconds, "seconds"),
            ],
            cancellationToken, nameof(ListHistoryAsync));

        // The last hour, which the range may cut, is counted from its checks.
        Task<IReadOnlyList<HealthBucket>> FromHoursAsync() => db.ListAsync(Bucket, $"""
            SELECT b.ordinal, coalesce(w.checks, 0), coalesce(w.live, 0), w.latency
            FROM pg_catalog.generate_series(0, @buckets - 1) AS b (ordinal)
            LEFT JOIN (
                SELECT p.ordinal, pg_catalog.sum(p.checks)::bigint AS checks, pg_catalog.sum(p.live)::bigint AS live,
                    pg_catalog.round(pg_catalog.sum(p.latency_sum) / nullif(pg_catalog.sum(p.latency_count), 0::numeric))::int AS latency
                FROM (
                    SELECT pg_catalog.floor(extract(epoch FROM s.hour - @start) / @seconds::numeric)::int AS ordinal,
                        s.checks, s.live, s.latency_sum, s.latency_count
                    FROM public.health_check_hours(@deploymentId, @start, @endHour) s
                    UNION ALL
                    SELECT pg_catalog.floor(extract(epoch FROM @endHour - @start) / @seconds::numeric)::int,
                        pg_catalog.count(h.id), pg_catalog.count(h.id) FILTER (WHERE h.is_live), pg_catalog.sum(h.latency_ms),
                        pg_catalog.count(h.latency_ms)
                    FROM deployment_health_checks h
                    WHERE h.deployment_id = @deploymentId AND h.checked_at >= @endHour AND h.checked_at < @end
                ) p
                GROUP BY p.ordinal
            ) w ON w.ordinal = b.ordinal
            WHERE {DeploymentState.Owned}
            ORDER BY b.ordinal
            """,
            [
                P.Of(deploymentId),
                P.Of(ownerId),
                P.Of(start),
                P.Of(end),
                P.Of(endHour),
                P.Of((int)buckets, nameof(buckets)),
                P.Of((int)bucket.TotalSeconds, "seconds"),
            ],
            cancellationToken, nameof(ListHistoryAsync));

        HealthBucket Bucket(RowReader row) => new(start + (bucket * row.Int()), row.Long(), row.Long(), row.IntOrNull());
    }

    // Hours of UTC, in which the column has its times.
    private static DateTimeOffset HourOf(DateTimeOffset time) => new(time.UtcTicks - (time.UtcTicks % Hour.Ticks), TimeSpan.Zero);
}
