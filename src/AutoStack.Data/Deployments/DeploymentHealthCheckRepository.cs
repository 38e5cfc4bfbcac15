using AutoStack.Data.Internal;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentHealthCheckRepository(Db db, TimeProvider clock) : IDeploymentHealthCheckRepository
{
    internal const string Columns = "h.id, h.deployment_id, h.url, h.http_status, h.latency_ms, h.is_live, h.checked_at";

    internal static DeploymentHealthCheck Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.Guid(),
        Url = row.Text(),
        HttpStatus = row.IntOrNull(),
        LatencyMs = row.IntOrNull(),
        IsLive = row.Flag(),
        CheckedAt = row.Time(),
    };

    internal static Statement Latest(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_health_checks h
        WHERE h.deployment_id = @deploymentId AND {DeploymentRepository.Owned}
        ORDER BY h.checked_at DESC, h.id DESC
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    public Task<IReadOnlyList<DeploymentHealthCheck>> ListLatestAsync(Guid deploymentId, Guid ownerId, int limit, CancellationToken cancellationToken) =>
        db.ListAsync(Read, Latest(deploymentId, ownerId, Limit.Check(limit, IDeploymentHealthCheckRepository.MaxListSize)), cancellationToken);

    public async Task<DeploymentHealthCheck> AddAsync(NewDeploymentHealthCheck check, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(check);
        ArgumentException.ThrowIfNullOrWhiteSpace(check.Url);
        return await db.AddAsync(Read, $"""
            INSERT INTO deployment_health_checks AS h (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
            VALUES (@id, @deploymentId, @url, @httpStatus, @latencyMs, @isLive, @checkedAt)
            ON CONFLICT (id) DO UPDATE
            SET url = h.url
            WHERE h.deployment_id = excluded.deployment_id
            RETURNING {Columns}
            """,
            [
                P.Of(check.Id ?? Ids.New(), "id"),
                P.Of(check.DeploymentId),
                P.Text(check.Url),
                P.Of(check.HttpStatus),
                P.Of(check.LatencyMs),
                P.Of(check.IsLive),
                P.Of(check.CheckedAt ?? clock.Now(), "checkedAt"),
            ], cancellationToken).ConfigureAwait(false) ?? throw DuplicateException.OfId("deployment_health_checks_pkey");
    }
}
