using System.Runtime.CompilerServices;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using Npgsql;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentLifecycle(Db db, DeploymentContext context) : IDeploymentLifecycle
{
    /// <summary>
    /// Whole seconds since the start, for <c>build_duration_seconds</c>; NULL when the deployment never started, or another program stored
    /// an infinite start. Needs the row <c>d</c> and <c>@now</c>.
    /// </summary>
    internal const string Duration = $"""
        CASE WHEN pg_catalog.isfinite(d.started_at)
            THEN least(greatest(pg_catalog.floor(extract(epoch FROM {ServerTime.Present} - d.started_at)), 0), 2147483647)::int END
        """;

    /// <summary>
    /// The end of a deployment: never before its start, which may come from another program's clock. Needs the row <c>d</c> and
    /// <c>@now</c>.
    /// </summary>
    internal const string Completed = $"greatest({ServerTime.Present}, d.started_at)";

    /// <summary>
    /// The assignments of a deletion: an open deployment is cancelled, one that has ended keeps how and when it ended. Needs the row
    /// <c>d</c> and <c>@now</c>.
    /// </summary>
    internal const string Deleted = $"""
        is_deleted = TRUE,
        status = CASE WHEN pg_catalog.lower(d.status::text) IN {DeploymentState.Finished} THEN d.status ELSE 'cancelled' END,
        completed_at = CASE WHEN pg_catalog.lower(d.status::text) IN {DeploymentState.Finished} THEN d.completed_at ELSE {Completed} END,
        build_duration_seconds = CASE
            WHEN pg_catalog.lower(d.status::text) IN {DeploymentState.Finished} THEN d.build_duration_seconds
            ELSE {Duration}
        END
        """;

    // Needs the row d and the parameters of DeploymentParameters.OfCommit.
    private const string SameCommit = "d.commit_hash::text = @hash AND d.commit_hash_full::text IS NOT DISTINCT FROM @hashFull";

    // The statuses of a claimed deployment, in the order of the work.
    private static readonly DeploymentStatus[] Steps =
    [
        DeploymentStatus.Cloning,
        DeploymentStatus.Checkout,
        DeploymentStatus.Installing,
        DeploymentStatus.Building,
        DeploymentStatus.Copying,
    ];

    public Task<DeploymentStatus?> FindStatusAsync(Guid id, CancellationToken cancellationToken) =>
        db.FindValueAsync(row => row.Value<DeploymentStatus>(), $"""
            SELECT CASE
                WHEN d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {DeploymentState.Finished} THEN 'cancelled'
                ELSE d.status
            END
            FROM deployments d
            WHERE d.id = @id
            """, [P.Of(id)], cancellationToken);

    public Task<DeploymentWithProject?> ClaimNextAsync(CancellationToken cancellationToken) =>
        new DeploymentQueue(db, context).ClaimAsync(cancellationToken);

    public Task<DeploymentWithProject?> ClaimNextAsync(ClaimOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options.MaxPerProject, nameof(options.MaxPerProject));
        Check(options.MaxPerUser, nameof(options.MaxPerUser));
        var queue = new DeploymentQueue(db, context);
        return options.MaxPerProject is null && options.MaxPerUser is null
            ? queue.ClaimAsync(cancellationToken)
            : queue.ClaimAsync(options, cancellationToken);

        static void Check(int? limit, string name)
        {
            if (limit < 1)
            {
                throw new ArgumentOutOfRangeException(name, limit, $"{name} is at least 1; null for no limit.");
            }
        }
    }

    public Task<TransitionOutcome> AdvanceAsync(Guid id, DeploymentStatus step, CancellationToken cancellationToken)
    {
        var place = Array.IndexOf(Steps, step);
        if (place < 1)
        {
            throw new ArgumentException($"'{step}' is not a step to advance to. Allowed: {string.Join(", ", Steps[1..])}.", nameof(step));
        }

        var from = Array.ConvertAll(Steps[..place], status => status.Value);
        var move = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = @step
                WHERE d.id = @id AND NOT d.is_deleted AND d.status::text = ANY (@from)
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, [P.Of(id), P.Of(step), P.Of(from), .. DeploymentStageRepository.FollowMovedParameters(context.Clock)]);
        return MoveAsync(id, move, step, cancellationToken);
    }

    public Task<TransitionOutcome> RecordCommitAsync(Guid id, CommitInfo commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var record = new Statement($"""
            UPDATE deployments d
            SET commit_hash = @hash,
                commit_hash_full = @hashFull,
                commit_message = CASE WHEN {SameCommit} THEN coalesce(@message, d.commit_message) ELSE @message END,
                author = CASE WHEN {SameCommit} THEN coalesce(@author, d.author::text) ELSE @author END,
                commit_timestamp = CASE WHEN {SameCommit} THEN coalesce(@timestamp, d.commit_timestamp) ELSE @timestamp END
            WHERE d.id = @id AND {DeploymentState.Open}
            RETURNING d.id
            """, [P.Of(id), .. DeploymentParameters.OfCommit(context.Secrets, id, commit)]);
        return MoveAsync(id, record, target: null, cancellationToken);
    }

    public Task<TransitionOutcome> SucceedAsync(Guid id, string? deployedUrl, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] parameters =
        [
            P.Of(id),
            DeploymentParameters.Url(context.Secrets, id, deployedUrl),
            .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
        ];
        var move = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'success', deployed_url = @deployedUrl, completed_at = {Completed}, build_duration_seconds = {Duration}
                WHERE d.id = @id AND NOT d.is_deleted AND d.status::text IN ('building', 'copying')
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, parameters);
        return MoveAsync(id, move, target: null, cancellationToken);
    }

    public Task<TransitionOutcome> FailAsync(Guid id, string reason, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        NpgsqlParameter[] parameters =
        [
            P.Of(id),
            P.Text(BuildText.Of(context.Secrets, id, reason, Deployment.MaxReasonLength)!, name: nameof(reason)),
            .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
        ];
        var move = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'failed', failed_reason = @reason, completed_at = {Completed}, build_duration_seconds = {Duration}
                WHERE d.id = @id AND {DeploymentState.Open}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, parameters);
        return MoveAsync(id, move, target: null, cancellationToken);
    }

    // The lock is a statement of its own: the move starts after it and sees the stages that the previous holder committed.
    private Task<TransitionOutcome> MoveAsync(
        Guid id, Statement move, DeploymentStatus? target, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false) ? TransitionOutcome.Applied
                    : DeploymentState.ReasonToStop(met) is { } reason ? reason
                    : met!.Status == target ? TransitionOutcome.AlreadyThere
                    : TransitionOutcome.OutOfOrder;
            },
            [DeploymentState.Lock(id), move], Repeat.Never, cancellationToken, operation);
}
