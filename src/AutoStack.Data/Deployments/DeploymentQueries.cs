using AutoStack.Data.Internal;
using AutoStack.Data.Projects;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentQueries(Db db) : IDeploymentQueries
{
    private const int MaxNameLength = 255;

    private const string Meant = """
        d.user_id = @ownerId AND NOT d.is_deleted
          AND (@projectId IS NULL OR d.project_id = @projectId)
          AND (@status IS NULL OR d.status = @status)
          AND (@pattern IS NULL OR p.name ILIKE @pattern)
        """;

    public async Task<IReadOnlyList<DeploymentWithProject>> ListAsync(
        Guid ownerId, DeploymentFilter filter, int limit, DeploymentCursor after, CancellationToken cancellationToken) =>
        await db.ListAsync(DeploymentRepository.ReadWithProject, $"""
            SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE {Meant} AND (d.created_at, d.id) < (@createdAt, @id)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT @limit
            """,
            [
                .. Parameters(ownerId, filter),
                P.Of(after.Bound.CreatedAt),
                P.Of(after.Bound.Id),
                P.Of(Limit.Check(limit, IDeploymentQueries.MaxListSize), nameof(limit)),
            ], cancellationToken).ConfigureAwait(false);

    public async Task<long> CountAsync(Guid ownerId, DeploymentFilter filter, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), $"""
            SELECT count(*)
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE {Meant}
            """, Parameters(ownerId, filter), cancellationToken).ConfigureAwait(false) ?? 0;

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
