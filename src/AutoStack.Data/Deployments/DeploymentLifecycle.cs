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

    // What owners read of a deployment that ended after a newer one.
    private const string SupersededReason = "A newer deployment is live.";

    private static readonly ClaimOptions Unlimited = new();

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

    public Task<ClaimedDeployment?> ClaimNextAsync(CancellationToken cancellationToken) =>
        new DeploymentQueue(db, context).ClaimAsync(Unlimited, cancellationToken);

    public Task<ClaimedDeployment?> ClaimNextAsync(ClaimOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        Check(options.MaxPerProject);
        Check(options.MaxPerUser);
        if (options.Worker is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(options.Worker);
        }

        CheckLease(options.Lease ?? ClaimOptions.MaxLease, "options.Lease");
        return new DeploymentQueue(db, context).ClaimAsync(options, cancellationToken);

        static void Check(int? limit, [CallerArgumentExpression(nameof(limit))] string name = "")
        {
            if (limit < 1)
            {
                throw new ArgumentOutOfRangeException(name, limit, $"{name} is at least 1; null for no limit.");
            }
        }
    }

    public Task<TransitionOutcome> RenewAsync(DeploymentClaim claim, TimeSpan lease, CancellationToken cancellationToken)
    {
        var key = claim.RequireKey(nameof(claim));
        CheckLease(lease, nameof(lease));
        return DeploymentLeases.RenewAsync(db, context.Clock, claim.DeploymentId, key, lease, cancellationToken);
    }

    public Task<TransitionOutcome> ReleaseAsync(DeploymentClaim claim, CancellationToken cancellationToken) =>
        DeploymentLeases.ReleaseAsync(db, context, claim.DeploymentId, claim.RequireKey(nameof(claim)), cancellationToken);

    public Task<TransitionOutcome> AdvanceAsync(DeploymentClaim claim, DeploymentStatus step, CancellationToken cancellationToken)
    {
        var place = Array.IndexOf(Steps, step);
        if (place < 1)
        {
            throw new ArgumentException(
                $"{nameof(step)} is not a step to advance to. Allowed: {string.Join(", ", Steps[1..])}.", nameof(step));
        }

        var from = Array.ConvertAll(Steps[..place], status => status.Value);
        var move = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = @step
                WHERE d.id = @id AND NOT d.is_deleted AND d.status::text = ANY (@from) AND {DeploymentLeases.HoldsDeployment}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT TRUE
            FROM moved m
            """,
            [
                P.Of(claim.DeploymentId, "id"),
                P.Of(claim.Key),
                P.Of(step),
                P.Of(from),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
        return MoveAsync(claim, DeploymentLeases.Step(claim, context.Clock, move), step, cancellationToken);
    }

    public Task<TransitionOutcome> RecordCommitAsync(DeploymentClaim claim, CommitInfo commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var record = new Statement($"""
            UPDATE deployments d
            SET commit_hash = @hash,
                commit_hash_full = @hashFull,
                commit_message = CASE WHEN {SameCommit} THEN coalesce(@message, d.commit_message) ELSE @message END,
                author = CASE WHEN {SameCommit} THEN coalesce(@author, d.author::text) ELSE @author END,
                commit_timestamp = CASE WHEN {SameCommit} THEN coalesce(@timestamp, d.commit_timestamp) ELSE @timestamp END
            WHERE d.id = @id AND {DeploymentState.Open} AND {DeploymentLeases.HoldsDeployment}
            RETURNING TRUE
            """,
            [
                P.Of(claim.DeploymentId, "id"),
                P.Of(claim.Key),
                .. DeploymentParameters.OfCommit(context.Secrets, claim.DeploymentId, commit),
            ]);
        return MoveAsync(claim, DeploymentLeases.Step(claim, context.Clock, record), target: null, cancellationToken);
    }

    public Task<TransitionOutcome> SucceedAsync(DeploymentClaim claim, string? deployedUrl, CancellationToken cancellationToken)
    {
        NpgsqlParameter[] parameters =
        [
            P.Of(claim.DeploymentId, "id"),
            P.Of(claim.Key),
            DeploymentParameters.Url(context.Secrets, claim.DeploymentId, deployedUrl),
            P.Text(SupersededReason, name: "reason"),
            .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
        ];
        var move = new Statement($"""
            WITH ready AS MATERIALIZED (
                SELECT
                    d.id, d.project_id, d.is_production, CASE WHEN d.is_production THEN '' ELSE coalesce(d.branch::text, '') END AS branch,
                    {LiveDeployments.QueuedAt} AS queued_at
                FROM deployments d
                WHERE d.id = @id AND NOT d.is_deleted AND d.status::text IN ('building', 'copying') AND {DeploymentLeases.HoldsDeployment}
            ),
            {LiveDeployments.MakeLive},
            moved AS (
                UPDATE deployments d
                SET status = CASE WHEN l.deployment_id IS NULL THEN 'cancelled' ELSE 'success' END,
                    deployed_url = CASE WHEN l.deployment_id IS NULL THEN d.deployed_url ELSE @deployedUrl END,
                    failed_reason = CASE WHEN l.deployment_id IS NULL THEN @reason ELSE d.failed_reason END,
                    completed_at = {Completed}, build_duration_seconds = {Duration}
                FROM ready r
                LEFT JOIN live l ON l.deployment_id = r.id
                WHERE d.id = r.id
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT CASE WHEN m.status::text = 'success' THEN TRUE END
            FROM moved m
            UNION ALL
            SELECT CASE WHEN d.status::text = 'success' THEN FALSE END
            FROM deployments d
            WHERE d.id = @id
              AND (d.status::text = 'success' AND d.deployed_url IS NOT DISTINCT FROM @deployedUrl
                  OR d.status::text = 'cancelled' AND d.failed_reason = @reason)
            """, parameters);
        return MoveAsync(claim, DeploymentLeases.End(claim, move), target: null, cancellationToken);
    }

    public Task<TransitionOutcome> FailAsync(DeploymentClaim claim, string reason, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        NpgsqlParameter[] parameters =
        [
            P.Of(claim.DeploymentId, "id"),
            P.Of(claim.Key),
            P.Text(BuildText.Of(context.Secrets, claim.DeploymentId, reason, Deployment.MaxReasonLength)!, name: nameof(reason)),
            .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
        ];
        var move = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'failed', failed_reason = @reason, completed_at = {Completed}, build_duration_seconds = {Duration}
                WHERE d.id = @id AND {DeploymentState.Open} AND {DeploymentLeases.HoldsDeployment}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentLeases.FollowEnded}
            SELECT TRUE
            FROM moved m
            UNION ALL
            SELECT FALSE
            FROM deployments d
            WHERE d.id = @id AND d.status::text = 'failed' AND d.failed_reason = @reason
            """, parameters);
        return MoveAsync(claim, DeploymentLeases.End(claim, move), target: null, cancellationToken);
    }

    private static void CheckLease(TimeSpan lease, string name)
    {
        if (lease <= TimeSpan.Zero || lease > ClaimOptions.MaxLease)
        {
            throw new ArgumentOutOfRangeException(name, lease, $"{name} is above zero, and at most {ClaimOptions.MaxLease.Days} days.");
        }
    }

    // The lock is a statement of its own: the move starts after it, and sees the stages and the lease that the previous holder committed.
    // The move returns true when it changed the row, false when the row was there already, NULL for a row that was superseded.
    private Task<TransitionOutcome> MoveAsync(
        DeploymentClaim claim,
        Statement[] statements,
        DeploymentStatus? target,
        CancellationToken cancellationToken,
        [CallerMemberName] string operation = "") =>
        db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var isHeld = await DeploymentLeases.IsHeldAsync(claim, sets).ConfigureAwait(false);
                var moved = await sets.FindAsync(row => new Move(row.FlagOrNull())).ConfigureAwait(false);
                return moved is { IsNew: null } ? TransitionOutcome.Superseded
                    : moved is not null ? (moved.IsNew == true ? TransitionOutcome.Applied : TransitionOutcome.AlreadyThere)
                    : DeploymentState.ReasonToStop(met) is { } reason ? reason
                    : !isHeld ? TransitionOutcome.LostLease
                    : met!.Status == target ? TransitionOutcome.AlreadyThere
                    : TransitionOutcome.OutOfOrder;
            },
            statements, cancellationToken, operation);

    private sealed record Move(bool? IsNew);
}
