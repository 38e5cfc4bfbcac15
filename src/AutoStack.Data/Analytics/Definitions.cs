using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Analytics;

/// <summary>
/// The definitions of the numbers, for all statements: conditions on a deployment <c>d</c>. Statuses are compared ignoring case, like the
/// value type.
/// </summary>
internal static class Definitions
{
    /// <summary>The deployments of a user whose account is open, without deleted ones. Needs <c>@ownerId</c>.</summary>
    internal const string Owned = "d.user_id = @ownerId AND NOT d.is_deleted AND " + AccountState.OwnerIsOpen;

    /// <summary>The deployments of one project, or of all when the parameter is null. Needs <c>@projectId</c>.</summary>
    internal const string OfProject = "(@projectId IS NULL OR d.project_id = @projectId)";

    /// <summary>
    /// The deployments queued in a range; every id follows the one of zeros. Between two times that the planner does not know, it expects
    /// one in 200 rows, and sorts them to group them, however many they are. Needs <c>@since</c> and <c>@until</c>.
    /// </summary>
    internal const string InRange = $"(d.created_at, d.id) >= (@since, {Ids.Least}) AND d.created_at < @until";

    /// <summary>The deployments that succeeded.</summary>
    internal const string Succeeded = "pg_catalog.lower(d.status::text) = 'success'";

    /// <summary>The deployments that have ended.</summary>
    internal const string Finished = $"pg_catalog.lower(d.status::text) IN {DeploymentState.Finished}";

    /// <summary>The deployments whose build time counts.</summary>
    internal const string Built = Succeeded + " AND d.build_duration_seconds IS NOT NULL";

    /// <summary>The columns of <see cref="BuildDurations.Read"/>, over deployments that are <see cref="Built"/>.</summary>
    internal const string Durations = """
        pg_catalog.count(d.id) AS builds, pg_catalog.min(d.build_duration_seconds) AS shortest,
            pg_catalog.avg(d.build_duration_seconds)::float8 AS average,
            pg_catalog.percentile_cont(0.5) WITHIN GROUP (ORDER BY d.build_duration_seconds) AS median,
            pg_catalog.percentile_cont(0.95) WITHIN GROUP (ORDER BY d.build_duration_seconds) AS p95,
            pg_catalog.max(d.build_duration_seconds) AS longest
        """;

    /// <summary>The share of the finished deployments that succeeded; null when no deployment finished.</summary>
    internal static double? Rate(long succeeded, long finished) => finished == 0 ? null : (double)succeeded / finished;
}
