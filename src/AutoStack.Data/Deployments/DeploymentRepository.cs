using AutoStack.Data.Containers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentRepository(Db db, DeploymentContext context) : IDeploymentRepository
{
    // Without env_vars, which holds secrets.
    internal const string Columns = """
        d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full, d.commit_message, d.author, d.commit_timestamp,
        d.creator_type, d.is_production, d.build_duration_seconds, d.failed_reason, d.deployed_url, d.started_at, d.completed_at, d.created_at, d.is_deleted
        """;

    /// <summary>
    /// The same for a list, whose texts are cut: a page costs what its rows cost, not what somebody has written into them.
    /// </summary>
    internal const string ListColumns = """
        d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full, pg_catalog.left(d.commit_message, 500), d.author,
        d.commit_timestamp, d.creator_type, d.is_production, d.build_duration_seconds, pg_catalog.left(d.failed_reason, 500),
        pg_catalog.left(d.deployed_url, 2048), d.started_at, d.completed_at, d.created_at, d.is_deleted
        """;

    // A project's deployments are its owner's, which is asked once. Asked of each of them, it has the planner expect so few that it reads
    // and sorts all that the project has, for every page.
    private const string OfOwnersProject = "EXISTS (SELECT FROM projects p WHERE p.id = @projectId AND p.user_id = @ownerId)";

    // Once per row that was queued; the server makes one of those that a transaction repeats, and sends it with the commit.
    private const string WakeWorkers = $"pg_catalog.pg_notify('{IDeploymentRepository.QueueChannel}', '')";

    private const int MaxDetailRows = 100;

    internal static Deployment Read(RowReader row) => new()
    {
        Id = row.Guid(),
        ProjectId = row.Guid(),
        UserId = row.Guid(),
        Status = row.Value<DeploymentStatus>(),
        Branch = row.TextOrNull(),
        CommitHash = DeploymentParameters.WholeHash(row.TextOrNull(), row.TextOrNull()),
        CommitMessage = row.TextOrNull(),
        Author = row.TextOrNull(),
        CommitTimestamp = row.TimeOrNull(),
        CreatorType = row.Value<CreatorType>(),
        IsProduction = row.Flag(),
        BuildDurationSeconds = row.IntOrNull(),
        FailedReason = row.TextOrNull(),
        DeployedUrl = row.TextOrNull(),
        StartedAt = row.TimeOrNull(),
        CompletedAt = row.TimeOrNull(),
        CreatedAt = row.Time(),
        IsDeleted = row.Flag(),
    };

    internal static DeploymentWithProject ReadWithProject(RowReader row) => new(Read(row), ProjectRepository.Read(row));

    public Task<Deployment?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    public Task<DeploymentDetails?> FindDetailsAsync(Guid id, Guid ownerId, int maxLogs, CancellationToken cancellationToken)
    {
        var self = new Statement($"""
            SELECT {Columns}, {ProjectRepository.Columns}
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted
            """, P.Of(id), P.Of(ownerId));
        return db.ReadBatchAsync(
            async sets =>
            {
                var found = await sets.FindAsync(ReadWithProject).ConfigureAwait(false);
                var details = new
                {
                    Logs = await sets.ListAsync(DeploymentLogRepository.Read).ConfigureAwait(false),
                    Stages = await sets.ListAsync(DeploymentStageRepository.Read).ConfigureAwait(false),
                    Containers = await sets.ListAsync(DeploymentContainerRepository.Read).ConfigureAwait(false),
                    HealthChecks = await sets.ListAsync(DeploymentHealthCheckRepository.Read).ConfigureAwait(false),
                };
                return found is null ? null : new DeploymentDetails
                {
                    Deployment = found.Deployment,
                    Project = found.Project,
                    Logs = DeploymentLogRepository.OldestFirst(details.Logs),
                    Stages = details.Stages,
                    Containers = details.Containers,
                    HealthChecks = details.HealthChecks,
                };
            },
            [
                self,
                DeploymentLogRepository.Tail(id, ownerId, long.MaxValue, Limit.Check(maxLogs, IDeploymentRepository.MaxDetailLogs)),
                DeploymentStageRepository.ByDeployment(id, ownerId, MaxDetailRows),
                DeploymentContainerRepository.ByDeployment(id, ownerId, MaxDetailRows),
                DeploymentHealthCheckRepository.Latest(id, ownerId, MaxDetailRows),
            ], cancellationToken);
    }

    public async Task<IReadOnlyList<DeploymentWithProject>> ListRecentAsync(
        Guid ownerId, int limit, DeploymentCursor after, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentRepository.MaxListSize);
        return await db.ListAsync(ReadWithProject, $"""
            SELECT {ListColumns}, {ProjectRepository.ListColumns}
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE d.user_id = @ownerId AND NOT d.is_deleted AND (d.created_at, d.id) < (@createdAt, @id)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT @limit
            """,
            [P.Of(ownerId), await DeploymentParameters.BoundAsync(db, after, cancellationToken).ConfigureAwait(false), P.Of(after.BoundId, "id"), P.Of(limit)],
            cancellationToken).ConfigureAwait(false);
    }

    public async Task<IReadOnlyList<Deployment>> ListByProjectAsync(
        Guid projectId, Guid ownerId, int limit, DeploymentCursor after, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentRepository.MaxListSize);
        return await db.ListAsync(Read, $"""
            SELECT {ListColumns}
            FROM deployments d
            WHERE d.project_id = @projectId AND {OfOwnersProject} AND NOT d.is_deleted AND (d.created_at, d.id) < (@createdAt, @id)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT @limit
            """,
            [
                P.Of(projectId), P.Of(ownerId), await DeploymentParameters.BoundAsync(db, after, cancellationToken).ConfigureAwait(false),
                P.Of(after.BoundId, "id"), P.Of(limit),
            ], cancellationToken).ConfigureAwait(false);
    }

    public Task<Deployment?> FindLatestAsync(Guid projectId, Guid ownerId, DeploymentStatus? status, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.project_id = @projectId AND {OfOwnersProject} AND NOT d.is_deleted AND (@status IS NULL OR d.status::text = @status)
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 1
            """,
            [P.Of(projectId), P.Of(ownerId), P.TextOrNull(status is { } known ? P.Written(known, nameof(status)) : null, name: nameof(status))],
            cancellationToken);

    public async Task<Deployment?> EnqueueAsync(NewDeployment deployment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        var id = deployment.Id ?? Ids.New();
        var branch = deployment.Branch is null ? null : BranchName.Check(deployment.Branch, "deployment.Branch");
        var insert = new Statement($"""
            WITH moved AS (
                INSERT INTO deployments AS d (
                    id, project_id, user_id, status, branch, commit_hash, commit_hash_full, commit_message, author, commit_timestamp,
                    creator_type, is_production, created_at, is_deleted)
                SELECT
                    @id, p.id, p.user_id, 'queued', coalesce(@branch, p.branch::text), @hash, @hashFull, @message, @author, @timestamp,
                    @creatorType, @isProduction, {ServerTime.Present}, FALSE
                FROM projects p
                WHERE p.id = @projectId AND p.user_id = @userId
                ON CONFLICT (id) DO NOTHING
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id, {WakeWorkers}
            FROM moved m
            """,
            [
                P.Of(id), P.Of(deployment.ProjectId), P.Of(deployment.UserId), P.TextOrNull(branch, BranchName.MaxLength),
                .. DeploymentParameters.OfCommit(context.Secrets, id, deployment.Commit),
                P.Of(deployment.CreatorType), P.Of(deployment.IsProduction), ServerTime.Now(context.Clock), P.Of(Ids.New(), "stageId"),
            ]);

        // Starts after the other attempt's commit that the insert has waited for.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.id = @id AND d.project_id = @projectId AND d.user_id = @userId
            """, P.Of(id), P.Of(deployment.ProjectId), P.Of(deployment.UserId));
        var queued = await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.FindAsync(Read).ConfigureAwait(false);
            },
            [insert, stored], Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false);
        return queued is null && deployment.Id is not null && await ExistsAsync(id, cancellationToken).ConfigureAwait(false)
            ? throw DuplicateException.OfId("deployments_pkey")
            : queued;
    }

    public async Task<Deployment?> RedeployAsync(Guid id, Guid ownerId, Guid? newId, CancellationToken cancellationToken)
    {
        if (newId == id)
        {
            throw new ArgumentException("The new deployment has an id of its own.", nameof(newId));
        }

        var copyId = newId ?? Ids.New();
        var insert = new Statement($"""
            WITH moved AS (
                INSERT INTO deployments AS d (
                    id, project_id, user_id, status, branch, commit_hash, commit_hash_full, commit_message, author, commit_timestamp,
                    creator_type, is_production, created_at, is_deleted)
                SELECT
                    @copyId, o.project_id, o.user_id, 'queued', o.branch, o.commit_hash, o.commit_hash_full, o.commit_message, o.author, o.commit_timestamp,
                    'manual', o.is_production, {ServerTime.Present}, FALSE
                FROM deployments o
                WHERE o.id = @id AND o.user_id = @ownerId AND NOT o.is_deleted
                ON CONFLICT (id) DO NOTHING
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id, {WakeWorkers}
            FROM moved m
            """, P.Of(id), P.Of(ownerId), P.Of(copyId), ServerTime.Now(context.Clock), P.Of(Ids.New(), "stageId"));

        // What a copy takes over and keeps; also when the original was deleted since.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM deployments d
            JOIN deployments o ON o.project_id = d.project_id AND o.user_id = d.user_id
            WHERE d.id = @copyId AND o.id = @id AND o.user_id = @ownerId
              AND d.branch::text IS NOT DISTINCT FROM o.branch::text AND d.is_production = o.is_production AND d.creator_type::text = 'manual'
            """, P.Of(id), P.Of(ownerId), P.Of(copyId));
        var queued = await db.WriteBatchAsync(
            async sets =>
            {
                await sets.SkipAsync().ConfigureAwait(false);
                return await sets.FindAsync(Read).ConfigureAwait(false);
            },
            [insert, stored], Repeat.WhenConnectionIsLost, cancellationToken).ConfigureAwait(false);
        return queued is null && newId is not null && await FindAsync(id, ownerId, cancellationToken).ConfigureAwait(false) is not null
            ? throw DuplicateException.OfId("deployments_pkey")
            : queued;
    }

    public Task<CancelOutcome> CancelAsync(Guid id, Guid ownerId, string? reason, CancellationToken cancellationToken)
    {
        var cancel = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'cancelled', failed_reason = @reason, completed_at = {DeploymentLifecycle.Completed}, build_duration_seconds = {DeploymentLifecycle.Duration}
                WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {DeploymentState.Finished}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT {DeploymentStageRepository.IsDrivenElsewhere}
            FROM moved m
            """, P.Of(id), P.Of(ownerId), P.TextOrNull(reason is null ? null : BuildText.Masked(context.Secrets, id, reason, IDeploymentRepository.MaxReasonLength, nameof(reason)), IDeploymentRepository.MaxReasonLength, nameof(reason)), ServerTime.Now(context.Clock), P.Of(Ids.New(), "stageId"));
        return db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var moved = await sets.FindAsync(row => new Moved(row.Flag())).ConfigureAwait(false);
                return moved is not null ? met!.Status == DeploymentStatus.Queued && met.IsStarted || moved.IsDrivenElsewhere
                        ? CancelOutcome.MayBeOverwritten
                        : CancelOutcome.Cancelled
                    : met is null || met.UserId != ownerId || met.IsDeleted ? CancelOutcome.NotFound
                    : CancelOutcome.AlreadyFinished;
            },
            [DeploymentState.Lock(id), cancel], Repeat.Never, cancellationToken);
    }

    public Task<IReadOnlyList<DeploymentContainer>?> SoftDeleteAsync(Guid id, Guid ownerId, CancellationToken cancellationToken)
    {
        var delete = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET {DeploymentLifecycle.Deleted}
                WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, P.Of(id), P.Of(ownerId), ServerTime.Now(context.Clock), P.Of(Ids.New(), "stageId"));
        return db.WriteBatchAsync(
            async sets =>
            {
                await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var deleted = await sets.AnyAsync().ConfigureAwait(false);
                var open = await sets.ListAsync(DeploymentContainerRepository.Read).ConfigureAwait(false);
                return deleted ? open : null;
            },
            [DeploymentState.Lock(id), delete, DeploymentContainerRepository.Open(id, MaxDetailRows)], Repeat.Never, cancellationToken);
    }

    private async Task<bool> ExistsAsync(Guid id, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Flag(), """
            SELECT TRUE
            FROM deployments d
            WHERE d.id = @id
            """, [P.Of(id)], cancellationToken).ConfigureAwait(false) is not null;

    private sealed record Moved(bool IsDrivenElsewhere);
}
