using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Secrets;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The queueing of deployments. A deployment takes the environment of its project along. A value opens in its own row only, so that it is
/// encrypted anew: a statement that meets an environment which it does not bring queues nothing and returns that environment, and the next
/// attempt brings it. A project without one costs no round trip more.
/// </summary>
internal sealed partial class DeploymentRepository
{
    private const string Queued = """
        id, project_id, user_id, status, branch, commit_hash, commit_hash_full, commit_message, author, commit_timestamp, creator_type,
            is_production, env_vars, env_vars_version, created_at, is_deleted, queue_place
        """;

    // The environment that the statement brings is that of the project, or none is wanted. Needs the row p, which the statement locks as
    // its foreign key does: a project that is being removed is waited for, and then not there.
    private const string BringsEnvironment = "(NOT @copies OR p.user_id <> @ownerId OR p.env_vars IS NOT DISTINCT FROM @seen)";

    // What the statement returns: the deployment that it has queued, or the environment that it did not bring.
    private const string QueuedOrEnvironment = """
        SELECT m.id, NULL::uuid, NULL::text, NULL::uuid, NULL::uuid
        FROM moved m
        UNION ALL
        SELECT NULL, s.project_id, s.env_vars, s.env_vars_version, NULL
        FROM source s
        WHERE NOT s.brings
        """;

    public async Task<Deployment?> EnqueueAsync(NewDeployment deployment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        var id = Ids.Of(deployment.Id, "deployment.Id");
        Ids.Check(deployment.ProjectId, "deployment.ProjectId");
        Ids.Check(deployment.UserId, "deployment.UserId");
        var branch = deployment.Branch is null ? null : BranchName.Check(deployment.Branch, "deployment.Branch");
        var older = Older(id, deployment, branch);
        var stored = new Statement($"""
            SELECT {Columns}
            FROM deployments d
            WHERE d.id = @id AND d.project_id = @projectId AND d.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, P.Of(id), P.Of(deployment.ProjectId), P.Owner(deployment.UserId));
        var queued = await QueueAsync(id, deployment.UserId, older, Insert, stored, cancellationToken).ConfigureAwait(false);
        return queued is null && deployment.Id is not null && await ExistsAsync(id, cancellationToken).ConfigureAwait(false)
            ? throw DuplicateException.OfId("deployments_pkey")
            : queued;

        Statement Insert(StoredSecret seen, StoredSecret own) => new($"""
            WITH source AS MATERIALIZED (
                SELECT p.id AS project_id, p.user_id, p.branch, p.env_vars, p.env_vars_version, {BringsEnvironment} AS brings
                FROM projects p
                WHERE p.id = @projectId AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
                FOR KEY SHARE
            ),
            moved AS (
                INSERT INTO deployments AS d ({Queued})
                SELECT
                    @id, s.project_id, s.user_id, 'queued', coalesce(@branch, s.branch::text), @hash, @hashFull, @message, @author,
                    @timestamp, @creatorType, @isProduction, @own, @version, {ServerTime.Present}, FALSE, {PlaceOfNew}
                FROM source s
                WHERE s.brings
                ON CONFLICT (id) DO NOTHING
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            {QueuedOrEnvironment}
            """,
            [
                P.Of(id),
                P.Of(deployment.ProjectId),
                P.Owner(deployment.UserId),
                P.TextOrNull(branch, Project.MaxBranchLength),
                .. DeploymentParameters.OfCommit(context.Secrets, id, deployment.Commit),
                P.Of(deployment.CreatorType),
                P.Of(deployment.IsProduction),
                P.Of(deployment.StartAt, "startAt"),
                P.Of(older is not null, "supersedes"),
                .. OfEnvironment(copies: !deployment.WithoutEnvironment, seen, own),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
    }

    public async Task<Deployment?> RedeployAsync(
        Guid id, Guid ownerId, Redeployment? redeployment, CancellationToken cancellationToken)
    {
        var newId = redeployment?.Id;
        if (newId == id)
        {
            throw InvalidArgument.Of("redeployment.Id", "equals id; the copy needs an id of its own");
        }

        var copyId = Ids.Of(newId, "redeployment.Id");

        // Compares the columns that a copy takes over and keeps; the original may have been deleted since.
        var stored = new Statement($"""
            SELECT {Columns}
            FROM deployments d
            JOIN deployments o ON o.project_id = d.project_id AND o.user_id = d.user_id
            WHERE d.id = @copyId AND o.id = @id AND o.user_id = @ownerId AND {AccountState.OwnerIsOpen}
              AND d.branch::text IS NOT DISTINCT FROM o.branch::text AND d.is_production = o.is_production
              AND d.creator_type::text = 'manual'
            """, P.Of(id), P.Of(ownerId), P.Of(copyId));
        var queued = await QueueAsync(copyId, ownerId, older: null, Insert, stored, cancellationToken).ConfigureAwait(false);
        return queued is null && newId is not null && await FindAsync(id, ownerId, cancellationToken).ConfigureAwait(false) is not null
            ? throw DuplicateException.OfId("deployments_pkey")
            : queued;

        Statement Insert(StoredSecret seen, StoredSecret own) => new($"""
            WITH source AS MATERIALIZED (
                SELECT
                    o.project_id, o.user_id, o.branch, o.commit_hash, o.commit_hash_full, o.commit_message, o.author, o.commit_timestamp,
                    o.is_production, p.env_vars, p.env_vars_version, {BringsEnvironment} AS brings
                FROM deployments o
                JOIN projects p ON p.id = o.project_id
                WHERE o.id = @id AND o.user_id = @ownerId AND NOT o.is_deleted AND {AccountState.OwnerIsOpen}
                FOR KEY SHARE OF p
            ),
            moved AS (
                INSERT INTO deployments AS d ({Queued})
                SELECT
                    @copyId, s.project_id, s.user_id, 'queued', s.branch, s.commit_hash, s.commit_hash_full, s.commit_message, s.author,
                    s.commit_timestamp, 'manual', s.is_production, @own, @version, {ServerTime.Present}, FALSE, NULL::bigint
                FROM source s
                WHERE s.brings
                ON CONFLICT (id) DO NOTHING
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            {QueuedOrEnvironment}
            """,
            [
                P.Of(id),
                P.Of(ownerId),
                P.Of(copyId),
                .. OfEnvironment(copies: redeployment?.WithoutEnvironment != true, seen, own),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
    }

    private static NpgsqlParameter[] OfEnvironment(bool copies, StoredSecret seen, StoredSecret own) =>
    [
        P.Of(copies),
        P.TextOrNull(seen.Value, name: nameof(seen)),
        P.TextOrNull(own.Value, name: nameof(own)),
        P.Of(own.Version, "version"),
    ];

    // The last statement starts after the insert, which waits for the commit of another attempt with the same id.
    private async Task<Deployment?> QueueAsync(
        Guid id, Guid ownerId, Superseded? older, Func<StoredSecret, StoredSecret, Statement> insert, Statement stored,
        CancellationToken cancellationToken, [CallerMemberName] string operation = "")
    {
        var (seen, own) = (default(StoredSecret), default(StoredSecret));

        // Each further round follows a change of the environment by another call.
        while (true)
        {
            var queueing = db.WriteBatchAsync(
                async sets =>
                {
                    await sets.CountAsync(older?.Before.Length ?? 0).ConfigureAwait(false);
                    var first = await sets.FindAsync(ReadQueued).ConfigureAwait(false);
                    await sets.CountAsync(older?.After.Length ?? 0).ConfigureAwait(false);
                    var row = await sets.FindAsync(Read).ConfigureAwait(false);
                    return (IsNew: first is { Environment: null } || sets.IsRepeated, Row: row, first?.Environment);
                },
                [.. older?.Before ?? [], insert(seen, own), .. older?.After ?? [], stored],
                cancellationToken, operation);
            var (_, deployment, environment) =
                await context.WakeAfterAsync(db, queueing, queued => queued.IsNew).ConfigureAwait(false);
            if (deployment is not null || environment is null)
            {
                return deployment;
            }

            seen = environment.Stored;
            own = secrets.Protect(
                secrets.Open(seen, environment.Place(ownerId)),
                DeploymentEnvironmentRepository.PlaceOf(id, environment.ProjectId, ownerId));
        }
    }

    private static QueuedRow ReadQueued(RowReader row)
    {
        var (id, projectId, stored, originalId) = (row.GuidOrNull(), row.GuidOrNull(), StoredSecret.Read(row), row.GuidOrNull());
        return new(id is null ? new SourceEnvironment(projectId!.Value, originalId, stored) : null);
    }

    private async Task<bool> ExistsAsync(Guid id, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Flag(), """
            SELECT TRUE
            FROM deployments d
            WHERE d.id = @id
            """, [P.Of(id)], cancellationToken).ConfigureAwait(false) is not null;

    // Environment is null for a deployment that was queued.
    private sealed record QueuedRow(SourceEnvironment? Environment);

    // DeploymentId is null for the environment of the project.
    private sealed record SourceEnvironment(Guid ProjectId, Guid? DeploymentId, StoredSecret Stored)
    {
        public SecretPlace Place(Guid ownerId) => DeploymentId is { } id
            ? DeploymentEnvironmentRepository.PlaceOf(id, ProjectId, ownerId)
            : ProjectEnvironmentRepository.PlaceOf(ProjectId, ownerId);
    }
}
