using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentQueries(Db db) : IDeploymentQueries
{
    private const int MaxNameLength = 255;

    private const string Meant = """
        d.user_id = @ownerId AND NOT d.is_deleted
          AND (@projectId IS NULL OR d.project_id = @projectId)
          AND (@status IS NULL OR d.status::text = @status)
          AND (@pattern IS NULL OR p.name::text ILIKE @pattern)
        """;

    public async Task<IReadOnlyList<DeploymentWithProject>> ListAsync(
        Guid ownerId, DeploymentFilter filter, int limit, DeploymentCursor after, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentQueries.MaxListSize);
        var parameters = Parameters(ownerId, filter);
        return await db.ListAsync(DeploymentRepository.ReadWithProject, $"""
            SELECT {DeploymentRepository.ListColumns}, {ProjectRepository.ListColumns}
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE {Meant} AND (d.created_at, d.id) < (@createdAt, @id)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT @limit
            """,
            [
                .. parameters,
                await DeploymentParameters.BoundAsync(db, after, cancellationToken).ConfigureAwait(false),
                P.Of(after.BoundId, "id"),
                P.Of(limit),
            ], cancellationToken).ConfigureAwait(false);
    }

    public async Task<long> CountAsync(Guid ownerId, DeploymentFilter filter, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), $"""
            SELECT pg_catalog.count(*)
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE {Meant}
            """, Parameters(ownerId, filter), cancellationToken).ConfigureAwait(false) ?? 0;

    public Task<IReadOnlyList<ProjectWithLatestDeployment>> ListProjectsAsync(Guid ownerId, int limit, Guid afterId, CancellationToken cancellationToken) =>
        db.ListAsync(row => new ProjectWithLatestDeployment(ProjectRepository.Read(row), row.Flag() ? DeploymentRepository.Read(row) : null), $"""
            SELECT {ProjectRepository.ListColumns}, d.id IS NOT NULL, {DeploymentRepository.ListColumns}
            FROM projects p
            LEFT JOIN LATERAL (
                SELECT {DeploymentRepository.Columns}
                FROM deployments d
                WHERE d.project_id = p.id AND NOT d.is_deleted
                ORDER BY d.created_at DESC, d.id DESC
                LIMIT 1
            ) d ON TRUE
            WHERE p.user_id = @ownerId AND p.id > @afterId
            ORDER BY p.id
            LIMIT @limit
            """,
            [P.Of(ownerId), P.Of(afterId), P.Of(Limit.Check(limit, IDeploymentQueries.MaxProjectListSize), nameof(limit))], cancellationToken);

    private static NpgsqlParameter[] Parameters(Guid ownerId, DeploymentFilter filter)
    {
        ArgumentNullException.ThrowIfNull(filter);

        // Measured as it was given: the pattern is longer.
        P.TextOrNull(filter.ProjectName, MaxNameLength);
        var pattern = string.IsNullOrEmpty(filter.ProjectName) ? null : Text.ContainedPattern(filter.ProjectName);
        return
        [
            P.Of(ownerId),
            P.Of(filter.ProjectId),
            P.TextOrNull(filter.Status is { } status ? P.Written(status, nameof(filter.Status)) : null, name: "status"),
            P.TextOrNull(pattern),
        ];
    }
}
