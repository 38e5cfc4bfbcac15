using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Analytics;

internal sealed class UsageQueries(Db db) : IUsageQueries
{
    public async Task<Page<ProjectUsage>> ListProjectUsageAsync(
        Guid ownerId, TimeRange range, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        var (since, until) = TimeRange.Check(range);
        var after = cursor.ToId();
        // OFFSET 0 keeps the planner from reading all deployments of all users by project, to be done after the limit.
        var rows = await db.ListAsync(Read, $"""
            SELECT p.id, p.name, u.deployments, u.succeeded, u.build_seconds
            FROM (
                SELECT
                    d.project_id AS id,
                    pg_catalog.count(d.id) AS deployments,
                    pg_catalog.count(d.id) FILTER (WHERE {Definitions.Succeeded}) AS succeeded,
                    coalesce(pg_catalog.sum(d.build_duration_seconds), 0) AS build_seconds
                FROM (
                    SELECT d.id, d.project_id, d.status, d.build_duration_seconds
                    FROM deployments d
                    WHERE d.user_id = @ownerId AND {Definitions.InRange} AND (@after IS NULL OR d.project_id > @after)
                      AND {AccountState.OwnerIsOpen}
                    OFFSET 0
                ) d
                GROUP BY d.project_id
                ORDER BY id
                LIMIT @limit
            ) u
            JOIN projects p ON p.id = u.id
            ORDER BY u.id
            """,
            [
                P.Of(ownerId),
                P.Of(since),
                P.Of(until),
                P.Of(after),
                P.Of(Limit.Check(limit, IUsageQueries.MaxListSize) + 1, nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);
        return Page<ProjectUsage>.Of(rows, limit, row => Cursor.After(row.ProjectId));
    }

    public async Task<long> CountCreatedSinceAsync(Guid ownerId, DateTimeOffset since, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), $"""
            SELECT pg_catalog.count(d.id)
            FROM deployments d
            WHERE d.user_id = @ownerId AND d.created_at >= @since AND {AccountState.OwnerIsOpen}
            """, [P.Of(ownerId), P.Of(since)], cancellationToken).ConfigureAwait(false) ?? 0;

    public async Task<long> CountActiveAsync(Guid ownerId, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), $"""
            SELECT pg_catalog.count(d.id)
            FROM deployments d
            WHERE {Definitions.Owned} AND NOT ({Definitions.Finished})
            """, [P.Of(ownerId)], cancellationToken).ConfigureAwait(false) ?? 0;

    private static ProjectUsage Read(RowReader row) => new()
    {
        ProjectId = row.Guid(),
        ProjectName = row.Text(),
        Deployments = row.Long(),
        Succeeded = row.Long(),
        BuildSeconds = row.Long(),
    };
}
