namespace AutoStack.Data.Analytics;

/// <summary>
/// What the numbers mean, once for all statements. Statuses are compared as the value type does it, without regard to case.
/// </summary>
internal static class Definitions
{
    /// <summary>The deployments of <c>@ownerId</c> that are not deleted.</summary>
    internal const string Owned = "d.user_id = @ownerId AND NOT d.is_deleted";

    /// <summary>Those of one project, when <c>@projectId</c> names one.</summary>
    internal const string OfProject = "(@projectId IS NULL OR d.project_id = @projectId)";

    /// <summary>Those that were queued in the range.</summary>
    internal const string InRange = "d.created_at >= @since AND d.created_at < @until";

    internal const string Succeeded = "pg_catalog.lower(d.status::text) = 'success'";

    internal const string Finished = "pg_catalog.lower(d.status::text) IN ('success', 'failed', 'cancelled')";

    /// <summary>Those whose duration counts.</summary>
    internal const string Built = Succeeded + " AND d.build_duration_seconds IS NOT NULL";

    /// <summary>Over the <see cref="Built"/>, for <see cref="BuildDurations.Read"/>.</summary>
    internal const string Durations = """
        pg_catalog.count(d.id) AS builds, pg_catalog.min(d.build_duration_seconds) AS shortest,
            pg_catalog.avg(d.build_duration_seconds)::float8 AS average,
            pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY d.build_duration_seconds) AS median,
            pg_catalog.percentile_cont(0.95) WITHIN GROUP (ORDER BY d.build_duration_seconds) AS p95,
            pg_catalog.max(d.build_duration_seconds) AS longest
        """;

    /// <summary>The share of the finished that succeeded; null when none finished.</summary>
    internal static double? Rate(long succeeded, long finished) => finished == 0 ? null : (double)succeeded / finished;
}
