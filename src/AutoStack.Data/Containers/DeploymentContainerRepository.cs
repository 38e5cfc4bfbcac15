using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Containers;

internal sealed class DeploymentContainerRepository(Db db, TimeProvider clock) : IDeploymentContainerRepository, IPlatformDeploymentContainerRepository
{
    internal const string Columns = "c.id, c.deployment_id, c.container_id, c.image, c.host, c.port, c.status, c.created_at, c.stopped_at";

    internal static DeploymentContainer Read(RowReader row) => new()
    {
        Id = row.Guid(),
        DeploymentId = row.Guid(),
        ContainerId = row.Text(),
        Image = row.Text(),
        Host = row.Text(),
        Port = row.Int(),
        Status = row.Value<ContainerStatus>(),
        CreatedAt = row.Time(),
        StoppedAt = row.TimeOrNull(),
    };

    internal static Statement ByDeployment(Guid deploymentId, Guid ownerId, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_containers c
        WHERE c.deployment_id = @deploymentId AND {DeploymentState.Owned}
        ORDER BY c.created_at DESC, c.id DESC
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(ownerId), P.Of(limit));

    /// <summary>The containers of a deployment that are not stopped.</summary>
    internal static Statement Open(Guid deploymentId, int limit) => new($"""
        SELECT {Columns}
        FROM deployment_containers c
        WHERE c.deployment_id = @deploymentId AND c.stopped_at IS NULL
        ORDER BY c.created_at DESC, c.id DESC
        LIMIT @limit
        """, P.Of(deploymentId), P.Of(limit));

    public async Task<DeploymentContainer?> FindLatestAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken)
    {
        var latest = await db.ListAsync(Read, ByDeployment(deploymentId, ownerId, 1), cancellationToken).ConfigureAwait(false);
        return latest.Count == 0 ? null : latest[0];
    }

    public Task<IReadOnlyList<DeploymentContainer>> ListByDeploymentAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, ByDeployment(deploymentId, ownerId, IDeploymentContainerRepository.MaxListSize), cancellationToken);

    public Task<IReadOnlyList<RunningContainer>> ListRunningAsync(int limit, Guid afterId, CancellationToken cancellationToken) =>
        db.ListAsync(row => new RunningContainer(Read(row), row.Guid(), row.Guid(), row.TextOrNull()), $"""
            SELECT {Columns}, d.project_id, d.user_id, pg_catalog.left(d.deployed_url, 2048)
            FROM deployment_containers c
            JOIN deployments d ON d.id = c.deployment_id
            WHERE c.status::text = 'running' AND c.id > @afterId AND d.status::text = 'success' AND NOT d.is_deleted
            ORDER BY c.id
            LIMIT @limit
            """, [P.Of(afterId), P.Of(Limit.Check(limit, IPlatformDeploymentContainerRepository.MaxListSize), nameof(limit))], cancellationToken);

    public Task<IReadOnlyList<DeploymentContainer>> ListOrphansAsync(int limit, Guid afterId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_containers c
            JOIN deployments d ON d.id = c.deployment_id
            WHERE c.stopped_at IS NULL AND c.status::text IN ('starting', 'running', 'failed') AND c.id > @afterId
              AND (d.is_deleted OR d.status::text IN ('failed', 'cancelled'))
            ORDER BY c.id
            LIMIT @limit
            """, [P.Of(afterId), P.Of(Limit.Check(limit, IPlatformDeploymentContainerRepository.MaxListSize), nameof(limit))], cancellationToken);

    public Task<IReadOnlyList<int>> ListPortsInUseAsync(string host, int limit, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        return db.ListAsync(row => row.Int(), """
            SELECT c.port
            FROM deployment_containers c
            WHERE c.host::text = @host AND c.stopped_at IS NULL
            ORDER BY c.port
            LIMIT @limit
            """, [P.Text(host, 255), P.Of(Limit.Check(limit, IPlatformDeploymentContainerRepository.MaxPorts), nameof(limit))], cancellationToken);
    }

    public Task<ReservationResult> ReserveAsync(NewDeploymentContainer container, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(container);
        ArgumentException.ThrowIfNullOrWhiteSpace(container.Image);
        ArgumentException.ThrowIfNullOrWhiteSpace(container.Host);
        if (container.Ports.First < 1)
        {
            throw new ArgumentException("Ports is empty.", nameof(container));
        }

        ArgumentNullException.ThrowIfNull(container.ExcludedPorts);
        if (container.ExcludedPorts.Count > IPlatformDeploymentContainerRepository.MaxPorts)
        {
            throw new ArgumentException($"ExcludedPorts has {container.ExcludedPorts.Count} ports; at most {IPlatformDeploymentContainerRepository.MaxPorts}.", nameof(container));
        }

        var id = container.Id ?? Ids.New();

        // The deployment is held first: either the reservation sees that it was cancelled, or who cancelled it sees the reservation.
        // Reservations on one machine go one after the other, and each statement sees what was committed when it starts: the port that
        // looks free in the second is free.
        var @lock = new Statement("""
            SELECT 1
            FROM pg_catalog.pg_advisory_xact_lock('deployment_containers'::regclass::oid::int, pg_catalog.hashtext(@host))
            """, P.Text(container.Host, 255));
        var insert = new Statement($"""
            INSERT INTO deployment_containers AS c (id, deployment_id, container_id, image, host, port, status, created_at)
            SELECT @id, @deploymentId, 'pending:' || @id::text, @image, @host, f.port, 'starting', {ServerTime.Present}
            FROM (
                SELECT r.port
                FROM pg_catalog.generate_series(@first, @last) AS r (port)
                WHERE r.port <> ALL (@excludedPorts)
                  AND NOT EXISTS (SELECT FROM deployment_containers t WHERE t.host::text = @host AND t.port = r.port AND t.stopped_at IS NULL)
                ORDER BY r.port
                LIMIT 1
            ) f
            WHERE (
                SELECT pg_catalog.count(*) FROM deployment_containers o WHERE o.deployment_id = @deploymentId AND o.stopped_at IS NULL) < @maxOpen
              AND NOT EXISTS (
                SELECT FROM deployments d WHERE d.id = @deploymentId AND (d.is_deleted OR pg_catalog.lower(d.status::text) IN ('failed', 'cancelled')))
            ON CONFLICT (id) DO UPDATE
            SET host = c.host
            WHERE c.deployment_id = excluded.deployment_id
            RETURNING {Columns}
            """,
            P.Of(id),
            P.Of(container.DeploymentId),
            P.Text(container.Image, 255),
            P.Text(container.Host, 255),
            P.Of(container.Ports.First),
            P.Of(container.Ports.Last),
            P.Of([.. container.ExcludedPorts], "excludedPorts"),
            P.Of(IPlatformDeploymentContainerRepository.MaxOpenPerDeployment, "maxOpen"),
            ServerTime.Now(clock));
        var stored = new Statement($"""
            SELECT {Columns}
            FROM deployment_containers c
            WHERE c.id = @id
            """, P.Of(id));
        var open = new Statement("""
            SELECT pg_catalog.count(*)::int
            FROM deployment_containers c
            WHERE c.deployment_id = @deploymentId AND c.stopped_at IS NULL
            """, P.Of(container.DeploymentId));
        return db.WriteBatchAsync(
            async sets =>
            {
                var deployment = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var reserved = await sets.FindAsync(Read).ConfigureAwait(false);

                // Every port is taken, one of them perhaps by the first attempt of this very request, whose answer was lost.
                var met = await sets.FindAsync(Read).ConfigureAwait(false);
                var isFull = (await sets.ListAsync(row => row.Int()).ConfigureAwait(false))[0] >= IPlatformDeploymentContainerRepository.MaxOpenPerDeployment;
                return met is not null && met.DeploymentId != container.DeploymentId ? throw DuplicateException.OfId("deployment_containers_pkey")
                    : deployment!.IsDeleted || deployment.Status == DeploymentStatus.Failed || deployment.Status == DeploymentStatus.Cancelled
                        ? new ReservationResult(ReservationOutcome.Refused, null)
                    : (reserved ?? met) is { } place ? new ReservationResult(ReservationOutcome.Reserved, place)
                    : new ReservationResult(isFull ? ReservationOutcome.TooManyContainers : ReservationOutcome.NoFreePort, null);
            },
            [DeploymentState.Lock(container.DeploymentId), @lock, insert, stored, open], Repeat.WhenConnectionIsLost, cancellationToken);
    }

    public async Task<bool> ConfirmAsync(Guid id, string containerId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(containerId);
        return await db.WriteAsync("""
            UPDATE deployment_containers c
            SET container_id = @containerId
            WHERE c.id = @id AND c.container_id::text = 'pending:' || @id::text AND c.stopped_at IS NULL
            """, [P.Of(id), P.Text(containerId, 255)], cancellationToken).ConfigureAwait(false) == 1;
    }

    public async Task<bool> MarkRunningAsync(Guid id, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            UPDATE deployment_containers c
            SET status = 'running'
            WHERE c.id = @id AND c.status::text IN ('starting', 'failed') AND c.container_id::text <> 'pending:' || @id::text AND c.stopped_at IS NULL
            """, [P.Of(id)], cancellationToken).ConfigureAwait(false) == 1;

    public async Task<bool> MarkFailedAsync(Guid id, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            UPDATE deployment_containers c
            SET status = 'failed'
            WHERE c.id = @id AND c.status::text IN ('starting', 'running') AND c.stopped_at IS NULL
            """, [P.Of(id)], cancellationToken).ConfigureAwait(false) == 1;

    public async Task<bool> MarkStoppedAsync(Guid id, CancellationToken cancellationToken) =>
        await db.WriteAsync($"""
            UPDATE deployment_containers c
            SET status = 'stopped', stopped_at = {ServerTime.Present}
            WHERE c.id = @id AND c.stopped_at IS NULL
            """, [P.Of(id), ServerTime.Now(clock)], cancellationToken).ConfigureAwait(false) == 1;
}
