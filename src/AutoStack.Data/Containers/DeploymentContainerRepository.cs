using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Containers;

internal sealed class DeploymentContainerRepository(Db db, TimeProvider clock)
    : IDeploymentContainerRepository, IPlatformDeploymentContainerRepository
{
    internal const string Columns = "c.id, c.deployment_id, c.container_id, c.image, c.host, c.port, c.status, c.created_at, c.stopped_at";

    // The length of the columns container_id, image and host.
    private const int MaxTextLength = 255;

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

    public Task<IReadOnlyList<DeploymentContainer>> ListByDeploymentAsync(
        Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        db.ListAsync(Read, ByDeployment(deploymentId, ownerId, IDeploymentContainerRepository.MaxListSize), cancellationToken);

    public async Task<Page<RunningContainer>> ListRunningAsync(Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IPlatformDeploymentContainerRepository.MaxListSize);
        var rows = await db.ListAsync(row => new RunningContainer(Read(row), row.Guid(), row.Guid(), row.TextOrNull()), $"""
            SELECT {Columns}, d.project_id, d.user_id, pg_catalog.left(d.deployed_url, 2048)
            FROM deployment_containers c
            JOIN deployments d ON d.id = c.deployment_id
            WHERE c.status::text = 'running' AND c.id >= coalesce(@afterId, {Ids.Least}) AND c.id IS DISTINCT FROM @afterId
              AND d.status::text = 'success' AND NOT d.is_deleted
            ORDER BY c.id
            LIMIT @limit
            """, [P.Of(cursor.ToId(), "afterId"), P.Of(limit + 1, "limit")], cancellationToken).ConfigureAwait(false);
        return Page<RunningContainer>.Of(rows, limit, row => Cursor.After(row.Container.Id));
    }

    public async Task<Page<DeploymentContainer>> ListOrphansAsync(Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IPlatformDeploymentContainerRepository.MaxListSize);
        var rows = await db.ListAsync(Read, $"""
            SELECT {Columns}
            FROM deployment_containers c
            JOIN deployments d ON d.id = c.deployment_id
            WHERE c.stopped_at IS NULL AND c.status::text IN ('starting', 'running', 'failed')
              AND c.id >= coalesce(@afterId, {Ids.Least}) AND c.id IS DISTINCT FROM @afterId
              AND (d.is_deleted OR d.status::text IN ('failed', 'cancelled') OR c.created_at < d.started_at
                  OR EXISTS (SELECT FROM deployment_leases l WHERE l.deployment_id = d.id AND l.released_at IS NOT NULL))
            ORDER BY c.id
            LIMIT @limit
            """, [P.Of(cursor.ToId(), "afterId"), P.Of(limit + 1, "limit")], cancellationToken).ConfigureAwait(false);
        return Page<DeploymentContainer>.Of(rows, limit, row => Cursor.After(row.Id));
    }

    public Task<IReadOnlyList<int>> ListPortsInUseAsync(string host, int limit, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        return db.ListAsync(row => row.Int(), """
            SELECT c.port
            FROM deployment_containers c
            WHERE c.host::text = @host AND c.stopped_at IS NULL
            ORDER BY c.port
            LIMIT @limit
            """,
            [P.Text(host, MaxTextLength), P.Of(Limit.Check(limit, IPlatformDeploymentContainerRepository.MaxPorts), nameof(limit))],
            cancellationToken);
    }

    public Task<ReservationResult> ReserveAsync(NewDeploymentContainer container, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(container);
        ArgumentException.ThrowIfNullOrWhiteSpace(container.Image);
        ArgumentException.ThrowIfNullOrWhiteSpace(container.Host);
        if (container.Ports.First < 1)
        {
            throw InvalidArgument.Of("container.Ports", "is an empty range");
        }

        ArgumentNullException.ThrowIfNull(container.ExcludedPorts);
        if (container.ExcludedPorts.Count > IPlatformDeploymentContainerRepository.MaxPorts)
        {
            throw InvalidArgument.Of(
                "container.ExcludedPorts",
                $"has {container.ExcludedPorts.Count} ports; at most {IPlatformDeploymentContainerRepository.MaxPorts}");
        }

        var id = Ids.Of(container.Id, "container.Id");
        Ids.Check(container.DeploymentId, "container.DeploymentId");

        // The deployment is locked first: either the reservation sees the cancel, or the cancel sees the reservation. Reservations on one
        // host are serialized, and each statement sees what was committed when it starts: a port that the insert finds free is free.
        var @lock = new Statement("""
            SELECT 1
            FROM pg_catalog.pg_advisory_xact_lock('deployment_containers'::regclass::oid::int, pg_catalog.hashtext(@host))
            """, P.Text(container.Host, MaxTextLength));
        var insert = new Statement($"""
            INSERT INTO deployment_containers AS c (id, deployment_id, container_id, image, host, port, status, created_at)
            SELECT @id, @deploymentId, 'pending:' || @id::text, @image, @host, f.port, 'starting', {ServerTime.Present}
            FROM (
                SELECT r.port
                FROM pg_catalog.generate_series(@first, @last) AS r (port)
                WHERE r.port <> ALL (@excludedPorts)
                  AND NOT EXISTS (
                      SELECT
                      FROM deployment_containers t
                      WHERE t.host::text = @host AND t.port = r.port AND t.stopped_at IS NULL)
                ORDER BY r.port
                LIMIT 1
            ) f
            WHERE (
                SELECT pg_catalog.count(*)
                FROM deployment_containers o
                WHERE o.deployment_id = @deploymentId AND o.stopped_at IS NULL) < @maxOpen
              AND NOT EXISTS (
                SELECT
                FROM deployments d
                WHERE d.id = @deploymentId AND (d.is_deleted OR pg_catalog.lower(d.status::text) IN ('failed', 'cancelled')))
            ON CONFLICT (id) DO UPDATE
            SET host = c.host
            WHERE c.deployment_id = excluded.deployment_id
            RETURNING {Columns}
            """,
            P.Of(id),
            P.Of(container.DeploymentId),
            P.Text(container.Image, MaxTextLength),
            P.Text(container.Host, MaxTextLength),
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

                // The insert may find every port taken because the first attempt of this request, whose answer was lost, holds the last
                // one.
                var met = await sets.FindAsync(Read).ConfigureAwait(false);
                var openCount = (await sets.ListAsync(row => row.Int()).ConfigureAwait(false))[0];
                var isRefused = deployment is { IsDeleted: true }
                    || deployment?.Status == DeploymentStatus.Failed
                    || deployment?.Status == DeploymentStatus.Cancelled;
                return met is not null && met.DeploymentId != container.DeploymentId
                        ? throw DuplicateException.OfId("deployment_containers_pkey")
                    : isRefused ? new ReservationResult(ReservationOutcome.Refused, null)
                    : (reserved ?? met) is { } place ? new ReservationResult(ReservationOutcome.Reserved, place)
                    : openCount >= IPlatformDeploymentContainerRepository.MaxOpenPerDeployment
                        ? new ReservationResult(ReservationOutcome.TooManyContainers, null)
                    : new ReservationResult(ReservationOutcome.NoFreePort, null);
            },
            [DeploymentState.Lock(container.DeploymentId), @lock, insert, stored, open], cancellationToken);
    }

    public Task<TransitionOutcome> ConfirmAsync(Guid id, string containerId, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(containerId);
        var stored = P.Fitting(containerId, MaxTextLength);
        var confirm = new Statement("""
            UPDATE deployment_containers c
            SET container_id = @containerId
            WHERE c.id = @id AND c.container_id::text = 'pending:' || @id::text AND c.stopped_at IS NULL
            RETURNING c.id
            """, P.Of(id), P.Text(stored, name: nameof(containerId)));
        return MoveAsync(id, confirm, met => !met.IsStopped && met.ContainerId == stored, cancellationToken);
    }

    public Task<TransitionOutcome> ReportRunningAsync(Guid id, CancellationToken cancellationToken)
    {
        var report = new Statement("""
            UPDATE deployment_containers c
            SET status = 'running'
            WHERE c.id = @id AND c.status::text IN ('starting', 'failed') AND c.container_id::text <> 'pending:' || @id::text
              AND c.stopped_at IS NULL
            RETURNING c.id
            """, P.Of(id));
        return MoveAsync(id, report, met => !met.IsStopped && met.Status == ContainerStatus.Running, cancellationToken);
    }

    public Task<TransitionOutcome> ReportFailedAsync(Guid id, CancellationToken cancellationToken)
    {
        var report = new Statement("""
            UPDATE deployment_containers c
            SET status = 'failed'
            WHERE c.id = @id AND c.status::text IN ('starting', 'running') AND c.stopped_at IS NULL
            RETURNING c.id
            """, P.Of(id));
        return MoveAsync(id, report, met => !met.IsStopped && met.Status == ContainerStatus.Failed, cancellationToken);
    }

    public Task<TransitionOutcome> ReportStoppedAsync(Guid id, CancellationToken cancellationToken)
    {
        var report = new Statement($"""
            UPDATE deployment_containers c
            SET status = 'stopped', stopped_at = {ServerTime.Present}
            WHERE c.id = @id AND c.stopped_at IS NULL
            RETURNING c.id
            """, P.Of(id), ServerTime.Now(clock));
        return MoveAsync(id, report, met => met.IsStopped, cancellationToken);
    }

    // The row is locked first, so that the state that decides the outcome is the one that the update met.
    private Task<TransitionOutcome> MoveAsync(
        Guid id, Statement move, Func<Met, bool> isThere, CancellationToken cancellationToken, [CallerMemberName] string operation = "")
    {
        var @lock = new Statement("""
            SELECT c.container_id, c.status, c.stopped_at IS NOT NULL
            FROM deployment_containers c
            WHERE c.id = @id
            FOR NO KEY UPDATE
            """, P.Of(id));
        return db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(row => new Met(row.Text(), row.Value<ContainerStatus>(), row.Flag())).ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false) ? TransitionOutcome.Applied
                    : met is null ? TransitionOutcome.NotFound
                    : isThere(met) ? TransitionOutcome.AlreadyThere
                    : met.IsStopped ? TransitionOutcome.AlreadyFinished
                    : TransitionOutcome.OutOfOrder;
            },
            [@lock, move], cancellationToken, operation);
    }

    private sealed record Met(string ContainerId, ContainerStatus Status, bool IsStopped);
}
