using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>The claims of workers on the queue, which <c>deployments.queue_place</c> orders.</summary>
internal sealed partial class DeploymentQueue(Db db, DeploymentContext context)
{
    /// <summary>
    /// CTEs and the final SELECT of a claim: start the deployment in <c>chosen</c>, and return it with its project, the attempt, and the
    /// place at which it was found. Needs the CTE <c>chosen</c> (id, user_id, place, turn), where <c>turn</c> is the place that the row is
    /// to keep, and the parameters of <see cref="DeploymentStageRepository.FollowMovedParameters"/> and
    /// <see cref="DeploymentLeases.OfClaim"/>.
    /// Fails when an earlier call has claimed a deployment with the same key. The lock on the account makes its closing wait, which then
    /// finds the running deployment; an account that is being closed gives none.
    /// </summary>
    internal const string StartChosen = $"""
        account AS MATERIALIZED (
            SELECT u.id
            FROM users u
            WHERE u.id = (SELECT c.user_id FROM chosen c) AND u.closed_at IS NULL
            FOR KEY SHARE SKIP LOCKED
        ),
        moved AS (
            UPDATE deployments d
            SET status = 'cloning', started_at = {ServerTime.Present}, queue_place = c.turn
            FROM chosen c
            WHERE d.id = c.id AND EXISTS (SELECT FROM account)
            RETURNING {DeploymentRepository.Columns}, c.place
        ),
        {DeploymentStageRepository.FollowMoved},
        {DeploymentLeases.Claimed}
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}, e.attempt, d.place
        FROM moved d
        JOIN projects p ON p.id = d.project_id
        CROSS JOIN leased e
        """;

    // The deployment that an earlier call has claimed with @key, in the columns of a claim.
    private const string ClaimedBefore = $"""
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}, e.attempt, NULL::bigint
        FROM deployment_leases e
        JOIN deployments d ON d.id = e.deployment_id
        JOIN projects p ON p.id = d.project_id
        WHERE e.claim_key = @key AND e.released_at IS NULL
        """;

    /// <summary>
    /// The condition of a waiting deployment. One that another program has started, as the Python services do while it is still 'queued',
    /// belongs to that program. Word for word the condition of the indexes over waiting deployments; coalesce keeps the planner from an
    /// index on the status: a plan made before ANALYZE would sort all waiting deployments. Needs the row <c>q</c>.
    /// </summary>
    internal const string Waiting = "coalesce(q.status::text, '') = 'queued' AND NOT q.is_deleted AND q.started_at IS NULL";

    /// <summary>
    /// The condition of a waiting deployment whose start has come: places of scheduled deployments are at the end of the queue, and move to
    /// their turns at the start (<see cref="ScheduledDeployments"/>). Needs the row <c>q</c>.
    /// </summary>
    internal const string IsDue = $"q.queue_place < {ScheduledDeployments.FirstPlace}";

    /// <summary>The condition of a waiting deployment whose start has not come, or came a moment ago. Needs the row <c>q</c>.</summary>
    internal const string IsScheduled = $"q.queue_place >= {ScheduledDeployments.FirstPlace}";

    // The queue as a whole is not paused. The condition refers to no row of the statement: the server looks once, before it reads any row.
    private const string IsQueueOpen = $"NOT EXISTS (SELECT 1 FROM queue_pauses w WHERE w.id = {QueuePauseRepository.WholeQueue})";

    // The account of the deployment is open. A subquery instead of a join, so that the plan stays; the index over closed accounts, which
    // it reads, is empty most of the time. The planner expects half of the rows to pass coalesce, but one in 200 to pass IS NULL: so few
    // that it sorts all that wait. Needs the row q.
    private const string IsOfOpenAccount = $"NOT coalesce({IsOfClosedAccount}, FALSE)";

    // The project is not paused; in the same form. Needs the row q.
    private const string IsOfOpenProject = $"NOT coalesce({IsOfPausedProject}, FALSE)";

    /// <summary>
    /// The account is open, and the project is not paused. One condition: of two the planner would expect a quarter of the rows. Needs the
    /// row <c>q</c>.
    /// </summary>
    internal const string IsClaimable = $"""
        NOT coalesce(
            {IsOfClosedAccount},
            {IsOfPausedProject}, FALSE)
        """;

    // TRUE or NULL. Need the row q.
    private const string IsOfClosedAccount = "(SELECT TRUE FROM users o WHERE o.id = q.user_id AND o.closed_at IS NOT NULL)";
    private const string IsOfPausedProject = "(SELECT TRUE FROM queue_pauses z WHERE z.project_id = q.project_id)";

    private const string LeaseKey = "deployment_leases_claim_key_key";

    public async Task<ClaimedDeployment?> ClaimAsync(ClaimOptions options, CancellationToken cancellationToken)
    {
        var key = options.Key is { } given ? Ids.Check(given, "options.Key") : Guid.NewGuid();
        Claimed? claimed = null;
        var search = default(QueueStart.Search);
        if (options.Key is not null && !options.IsNewKey)
        {
            db.Writes(nameof(IDeploymentLifecycle.ClaimNextAsync));
            claimed = await FindAsync().ConfigureAwait(false);
        }

        if (claimed is null)
        {
            await context.Schedule.LookAsync(db, cancellationToken).ConfigureAwait(false);
            search = context.QueueStart.Begin();
            claimed = await ClaimNewAsync().ConfigureAwait(false);
        }

        if (claimed is null)
        {
            return null;
        }

        if (claimed.Place is { } place)
        {
            context.QueueStart.Claimed(search, place);
        }

        var (deployment, project) = claimed.Job;
        return new ClaimedDeployment(deployment, project, new DeploymentClaim(deployment.Id, key), claimed.Attempt);

        async Task<Claimed?> ClaimNewAsync()
        {
            try
            {
                return options.MaxPerProject is null && options.MaxPerUser is null && !context.Schedule.ArePausesKnown
                    ? await ClaimWithoutLimitsAsync(options, key, search.After, cancellationToken).ConfigureAwait(false)
                    : await ClaimWithLimitsAsync(options, key, search.After, cancellationToken).ConfigureAwait(false);
            }
            catch (DuplicateException exception) when (exception.Constraint == LeaseKey)
            {
                // A call with the same key was being carried out, and has committed since.
                return await FindAsync().ConfigureAwait(false);
            }
        }

        Task<Claimed?> FindAsync() =>
            db.FindAsync(ReadClaimed, ClaimedBefore, [P.Of(key)], cancellationToken, nameof(IDeploymentLifecycle.ClaimNextAsync));
    }

    // One statement is enough here: a queued deployment's row is locked from the start, and nothing else writes its stages. A deployment
    // before the last claim, such as one whose claim was rolled back, is searched for when nothing waits after that claim.
    private async Task<Claimed?> ClaimWithoutLimitsAsync(
        ClaimOptions options, Guid key, long afterPlace, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var (claimed, isRepeated) = await db.WriteAsync(
                async sets => (await sets.FindAsync(ReadClaimed).ConfigureAwait(false), sets.IsRepeated),
                Claim(),
                new Statement(ClaimedBefore, P.Of(key)),
                cancellationToken,
                nameof(IDeploymentLifecycle.ClaimNextAsync)).ConfigureAwait(false);
            if (claimed is not null || !isRepeated || attempt > 0)
            {
                return claimed;
            }

            // The claim whose connection was lost was not carried out.
        }

        Statement Claim() => new Statement($"""
            WITH near AS MATERIALIZED (
                SELECT q.id, q.user_id, q.queue_place AS place
                FROM deployments q
                WHERE {Waiting} AND {IsClaimable} AND {IsQueueOpen} AND {IsDue} AND q.queue_place >= @afterPlace
                ORDER BY q.queue_place, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            late AS MATERIALIZED (
                SELECT q.id, q.user_id, q.queue_place AS place
                FROM deployments q
                WHERE {Waiting} AND NOT EXISTS (SELECT FROM near n) AND {IsClaimable} AND {IsQueueOpen} AND {IsDue}
                ORDER BY q.queue_place, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            chosen AS (
                SELECT n.id, n.user_id, n.place, n.place AS turn FROM near n
                UNION ALL
                SELECT l.id, l.user_id, l.place, l.place FROM late l
            ),
            {StartChosen}
            """,
            [
                P.Of(afterPlace),
                .. DeploymentLeases.OfClaim(options, key),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
    }

    private static Claimed ReadClaimed(RowReader row) =>
        new(DeploymentRepository.ReadWithProject(row), row.Int(), row.LongOrNull());

    // Place is null for a deployment that an earlier call has claimed.
    private sealed record Claimed(DeploymentWithProject Job, int Attempt, long? Place);
}
