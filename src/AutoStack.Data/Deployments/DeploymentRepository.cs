using AutoStack.Data.Containers;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Secrets;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed partial class DeploymentRepository(Db db, DeploymentContext context, SecretProtector secrets) : IDeploymentRepository
{
    /// <summary>The columns that <see cref="Read"/> reads; without <c>env_vars</c>, which holds secrets.</summary>
    internal const string Columns = """
        d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full, d.commit_message, d.author,
        d.commit_timestamp, d.creator_type, d.is_production, d.build_duration_seconds, d.failed_reason, d.deployed_url, d.started_at,
        d.completed_at, d.created_at, d.is_deleted
        """;

    /// <summary>
    /// The same columns for a list, with texts cut: the cost of a page must not depend on the texts that its rows hold.
    /// </summary>
    internal const string ListColumns = """
        d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full, pg_catalog.left(d.commit_message, 500),
        d.author, d.commit_timestamp, d.creator_type, d.is_production, d.build_duration_seconds, pg_catalog.left(d.failed_reason, 500),
        pg_catalog.left(d.deployed_url, 2048), d.started_at, d.completed_at, d.created_at, d.is_deleted
        """;

    /// <summary>
    /// A page of a user's deployments with their projects. The inner limit is that of the longest page and one row: without it the planner
    /// expects a tenth of all deployments of the user. The user and the limit stand in subqueries, so that the planner expects the same of
    /// a plan for their values as of one for any values: the server keeps one plan, in the order of the index. Needs <c>@ownerId</c>,
    /// <c>@limit</c> and the parameters of <see cref="DeploymentParameters.OfCursor"/>; <see cref="ReadListed"/> reads a row.
    /// </summary>
    internal const string RecentPage = $"""
        SELECT {ListColumns}, {ProjectRepository.ListColumns}, d.created_at
        FROM (
            SELECT {Columns}
            FROM deployments d
            WHERE d.user_id = (SELECT @ownerId::uuid) AND NOT d.is_deleted AND {DeploymentParameters.After}
              AND {AccountState.OwnerIsOpen}
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 101
        ) d
        JOIN projects p ON p.id = d.project_id
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT (SELECT @limit::int)
        """;

    // The owner of a project owns its deployments, so one look at the project is enough. A condition on each deployment's user makes the
    // planner expect so few rows that it reads and sorts all deployments of the project, for every page. Needs @projectId and @ownerId.
    private const string OfOwnersProject =
        $"EXISTS (SELECT FROM projects p WHERE p.id = @projectId AND p.user_id = @ownerId) AND {AccountState.OwnerIsOpen}";

    private const int MaxOpenContainers = 100;

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

    /// <summary>A row of a list with projects; the last column is <c>created_at</c> again, from which the next page continues.</summary>
    internal static (DeploymentWithProject Row, long CreatedAt) ReadListed(RowReader row) => (ReadWithProject(row), row.Long());

    /// <summary>A page of rows that were read with a limit of one more.</summary>
    internal static Page<DeploymentWithProject> PageOf(IReadOnlyList<(DeploymentWithProject Row, long CreatedAt)> rows, int limit) =>
        Page<DeploymentWithProject>.OfMoments(rows, limit, row => row.Deployment.Id);

    public Task<Deployment?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
            """, [P.Of(id), P.Of(ownerId)], cancellationToken);

    public Task<DeploymentDetails?> FindDetailsAsync(Guid id, Guid ownerId, int maxLogs, CancellationToken cancellationToken)
    {
        Limit.Check(maxLogs, IDeploymentRepository.MaxDetailLogs);
        return DeploymentDetailsQuery.FindAsync(db, id, ownerId, maxLogs, cancellationToken);
    }

    public async Task<Page<DeploymentWithProject>> ListRecentAsync(
        Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentRepository.MaxListSize);
        NpgsqlParameter[] page = [P.Of(ownerId), .. DeploymentParameters.OfCursor(cursor), P.Of(limit + 1, "limit")];
        var rows = await db.ListAsync(ReadListed, RecentPage, page, cancellationToken).ConfigureAwait(false);
        return PageOf(rows, limit);
    }

    public async Task<Page<Deployment>> ListByProjectAsync(
        Guid projectId, Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        Limit.Check(limit, IDeploymentRepository.MaxListSize);
        var rows = await db.ListAsync(row => (Read(row), row.Long()), $"""
            SELECT {ListColumns}, d.created_at
            FROM deployments d
            WHERE d.project_id = @projectId AND {OfOwnersProject} AND NOT d.is_deleted AND {DeploymentParameters.After}
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT @limit
            """,
            [P.Of(projectId), P.Of(ownerId), .. DeploymentParameters.OfCursor(cursor), P.Of(limit + 1, "limit")],
            cancellationToken).ConfigureAwait(false);
        return Page<Deployment>.OfMoments(rows, limit, row => row.Id);
    }

    public Task<Deployment?> FindLatestAsync(Guid projectId, Guid ownerId, DeploymentStatus? status, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.project_id = @projectId AND {OfOwnersProject} AND NOT d.is_deleted
              AND ((SELECT @status::text) IS NULL OR d.status::text = (SELECT @status::text))
            ORDER BY d.created_at DESC, d.id DESC
            LIMIT 1
            """,
            [
                P.Of(projectId),
                P.Of(ownerId),
                P.TextOrNull(status is { } known ? P.Written(known, nameof(status)) : null, name: nameof(status)),
            ],
            cancellationToken);

    public Task<CancelOutcome> CancelAsync(Guid id, Guid ownerId, string? reason, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] parameters =
        [
            P.Of(id),
            P.Of(ownerId),
            DeploymentParameters.Reason(context.Secrets, id, reason),
            .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
        ];
        var cancel = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'cancelled', failed_reason = @reason, completed_at = {DeploymentLifecycle.Completed},
                    build_duration_seconds = {DeploymentLifecycle.Duration}
                WHERE d.id = @id AND d.user_id = @ownerId AND {DeploymentState.Open} AND {AccountState.OwnerIsOpen}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT {DeploymentStageRepository.IsDrivenElsewhere}
            FROM moved m
            """, parameters);
        return db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var moved = await sets.FindAsync(row => new Moved(row.Flag())).ConfigureAwait(false);
                return moved is not null ? met!.Status == DeploymentStatus.Queued && met.IsStarted || moved.IsDrivenElsewhere
                        ? CancelOutcome.MayBeOverwritten
                        : CancelOutcome.Cancelled
                    : met is null || met.IsDeleted ? CancelOutcome.NotFound
                    : met.Status == DeploymentStatus.Cancelled ? CancelOutcome.AlreadyCancelled
                    : CancelOutcome.AlreadyFinished;
            },
            [DeploymentState.Lock(id, ownerId), cancel], cancellationToken);
    }

    public Task<IReadOnlyList<DeploymentContainer>?> SoftDeleteAsync(Guid id, Guid ownerId, CancellationToken cancellationToken)
    {
        var delete = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET {DeploymentLifecycle.Deleted}
                WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted AND {AccountState.OwnerIsOpen}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT m.id
            FROM moved m
            """, [P.Of(id), P.Of(ownerId), .. DeploymentStageRepository.FollowMovedParameters(context.Clock)]);
        return db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                await sets.SkipAsync().ConfigureAwait(false);
                var open = await sets.ListAsync(DeploymentContainerRepository.Read).ConfigureAwait(false);
                return met is null ? null : open;
            },
            [DeploymentState.Lock(id, ownerId), delete, DeploymentContainerRepository.Open(id, MaxOpenContainers)],
            cancellationToken);
    }

    private sealed record Moved(bool IsDrivenElsewhere);
}
