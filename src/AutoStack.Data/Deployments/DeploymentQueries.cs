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
