using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The table <c>deployment_leases</c>: parts of the statements that claim, step and end deployments. A statement locks the deployment
/// before its lease, except the heartbeat, which locks the lease only.
/// </summary>
internal static class DeploymentLeases
{
    /// <summary>
    /// The claim with <c>@key</c> holds the deployment, or the caller has no lease. A step compares it in the statement that changes rows,
    /// which starts after the deployment is locked. Needs the row <c>d</c> and <c>@key</c>.
    /// </summary>
    internal const string HoldsDeployment = $"(@key IS NULL OR d.id = {HeldByKey})";

    /// <summary>As <see cref="HoldsDeployment"/>, for the deployment of a stage. Needs the row <c>s</c> and <c>@key</c>.</summary>
    internal const string HoldsDeploymentOfStage = $"(@key IS NULL OR s.deployment_id = {HeldByKey})";

    /// <summary>A lease that has not expired. Needs the row <c>l</c> and <c>@now</c>.</summary>
    internal const string Live = $"l.released_at IS NULL AND l.expires_at > {ServerTime.Present}";

    /// <summary>A lease that has expired. Needs the row <c>l</c> and <c>@now</c>.</summary>
    internal const string Expired = $"l.released_at IS NULL AND l.expires_at <= {ServerTime.Present}";

    /// <summary>The CTE that gives the deployment in <c>moved</c> (id) to a claim. Needs the parameters of <see cref="OfClaim"/>.</summary>
    internal const string Claimed = $"""
        leased AS (
            INSERT INTO deployment_leases AS l (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at, expires_at)
            SELECT m.id, @worker, @key, 1, {ServerTime.Present}, {ServerTime.Present}, {ServerTime.Present} + @lease
            FROM moved m
            ON CONFLICT (deployment_id) DO UPDATE
            SET worker = excluded.worker, claim_key = excluded.claim_key, attempt = l.attempt + 1, claimed_at = excluded.claimed_at,
                renewed_at = excluded.renewed_at, expires_at = excluded.expires_at, released_at = NULL
            RETURNING l.attempt
        )
        """;

    /// <summary>
    /// The CTEs that follow the end of the deployments in <c>moved</c>: their stages end, and their leases go. Needs what
    /// <see cref="DeploymentStageRepository.FollowMoved"/> needs.
    /// </summary>
    internal const string FollowEnded = $"""
        {DeploymentStageRepository.FollowMoved},
        unleased AS (
            DELETE FROM deployment_leases l
            USING moved m
            WHERE l.deployment_id = m.id
        )
        """;

    /// <summary>
    /// The CTEs that return the deployments in <c>released</c> (id) to the queue, at their places, with the stages of a queued deployment:
    /// those of the attempt are pending again.
    /// </summary>
    internal const string FollowReleased = $"""
        moved AS (
            UPDATE deployments d
            SET status = 'queued', started_at = NULL
            FROM released r
            WHERE d.id = r.id
            RETURNING d.id
        ),
        {DeploymentStageRepository.ResetMoved}
        """;

    // The deployment that the claim with @key holds; NULL when it holds no deployment.
    private const string HeldByKey =
        "(SELECT l.deployment_id FROM deployment_leases l WHERE l.claim_key = @key AND l.released_at IS NULL)";

    // Renews the lease, and returns a row, while the claim holds the deployment. Needs @id, @key, @now, and @lease: NULL for the duration
    // that the lease has.
    private const string RenewByKey = $"""
        UPDATE deployment_leases l
        SET renewed_at = {ServerTime.Present}, expires_at = {ServerTime.Present} + coalesce(@lease, l.expires_at - l.renewed_at)
        WHERE l.deployment_id = @id AND l.claim_key = @key AND l.released_at IS NULL
        RETURNING l.deployment_id
        """;

    /// <summary>The parameters of <see cref="Claimed"/>, besides <c>@now</c>; anew for each statement.</summary>
    internal static NpgsqlParameter[] OfClaim(ClaimOptions options, Guid key) =>
    [
        P.Text(options.Worker ?? ThisProcess.Name, ClaimOptions.MaxWorkerLength, "options.Worker"),
        P.Of(options.Lease),
        P.Of(key),
    ];

    /// <summary>
    /// The statements of a step: lock the deployment, renew the lease of a claim with a key, and the step itself. Read the second result
    /// with <see cref="IsHeldAsync"/>.
    /// </summary>
    internal static Statement[] Step(DeploymentClaim claim, TimeProvider clock, params Statement[] step)
    {
        var (id, key) = claim;
        return key is null
            ? [DeploymentState.Lock(id), .. step]
            :
            [
                DeploymentState.Lock(id),
                new Statement(RenewByKey, P.Of(id), P.Of(key), P.Of((TimeSpan?)null, "lease"), ServerTime.Now(clock)),
                .. step,
            ];
    }

    /// <summary>As <see cref="Step"/>, for a step that ends the deployment: its lease goes, and is not renewed before.</summary>
    internal static Statement[] End(DeploymentClaim claim, Statement end)
    {
        var (id, key) = claim;
        return key is null
            ? [DeploymentState.Lock(id), end]
            :
            [
                DeploymentState.Lock(id),
                new Statement("""
                    SELECT l.deployment_id
                    FROM deployment_leases l
                    WHERE l.deployment_id = @id AND l.claim_key = @key AND l.released_at IS NULL
                    """, P.Of(id), P.Of(key)),
                end,
            ];
    }

    /// <summary>Reads whether the claim holds its deployment; true for a claim without a key.</summary>
    internal static async Task<bool> IsHeldAsync(DeploymentClaim claim, ResultSets sets) =>
        claim.Key is null || await sets.AnyAsync().ConfigureAwait(false);

    /// <summary>The heartbeat: renews a lease, and reads the state of its deployment, which another program may have ended.</summary>
    internal static async Task<TransitionOutcome> RenewAsync(
        Db db, TimeProvider clock, Guid id, Guid key, TimeSpan lease, CancellationToken cancellationToken)
    {
        var renewal = await db.WriteAsync(row => new Renewal(DeploymentState.Read(row), row.Flag()), $"""
            WITH renewed AS (
                {RenewByKey}
            )
            SELECT d.status, d.is_deleted, d.started_at IS NOT NULL, EXISTS (SELECT FROM renewed)
            FROM deployments d
            WHERE d.id = @id
            """,
            [P.Of(id), P.Of(key), P.Of((TimeSpan?)lease, nameof(lease)), ServerTime.Now(clock)],
            cancellationToken).ConfigureAwait(false);
        return DeploymentState.ReasonToStop(renewal?.State)
            ?? (renewal!.IsHeld ? TransitionOutcome.Applied : TransitionOutcome.LostLease);
    }

    /// <summary>Returns a deployment to the queue; the attempt does not count.</summary>
    internal static Task<TransitionOutcome> ReleaseAsync(
        Db db, DeploymentContext context, Guid id, Guid key, CancellationToken cancellationToken)
    {
        var release = new Statement($"""
            WITH released AS (
                UPDATE deployment_leases l
                SET released_at = {ServerTime.Present}, attempt = l.attempt - 1
                FROM deployments d
                WHERE l.deployment_id = @id AND l.claim_key = @key AND l.released_at IS NULL AND d.id = l.deployment_id
                  AND {DeploymentState.UnderWay}
                RETURNING l.deployment_id AS id
            ),
            {FollowReleased}
            SELECT TRUE
            FROM moved m
            UNION ALL
            SELECT FALSE
            FROM deployment_leases l
            WHERE l.deployment_id = @id AND l.claim_key = @key AND l.released_at IS NOT NULL
            """, P.Of(id), P.Of(key), ServerTime.Now(context.Clock));
        var releasing = db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(DeploymentState.Read).ConfigureAwait(false);
                var released = await sets.FindAsync(row => new Change(row.Flag())).ConfigureAwait(false);
                return released is { IsNew: true } ? TransitionOutcome.Applied
                    : DeploymentState.ReasonToStop(met) is { } reason ? reason
                    : released is not null ? TransitionOutcome.AlreadyThere
                    : TransitionOutcome.LostLease;
            },
            [DeploymentState.Lock(id), release],
            cancellationToken,
            nameof(IDeploymentLifecycle.ReleaseAsync));
        return context.WakeAfterAsync(db, releasing, outcome => outcome.MayContinue());
    }

    private sealed record Change(bool IsNew);

    private sealed record Renewal(DeploymentState State, bool IsHeld);
}
