using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Status;
using Npgsql;

namespace AutoStack.Data.Deployments;

/// <summary>The claims of workers on the queue, which <c>deployments.queue_place</c> orders.</summary>
internal sealed class DeploymentQueue(Db db, DeploymentContext context)
{
    /// <summary>
    /// CTEs and the final SELECT of a claim: start the deployment in <c>chosen</c>, and return it with its project, the attempt, and the
    /// place at which it was found; or the deployment that an earlier call with the same key has claimed. Needs the CTE <c>chosen</c> (id,
    /// place, turn), where <c>turn</c> is the place that the row is to keep, which has no row when such a deployment exists, and the
    /// parameters of <see cref="DeploymentStageRepository.FollowMovedParameters"/> and <see cref="DeploymentLeases.OfClaim"/>.
    /// </summary>
    internal const string StartChosen = $"""
        moved AS (
            UPDATE deployments d
            SET status = 'cloning', started_at = {ServerTime.Present}, queue_place = c.turn
            FROM chosen c
            WHERE d.id = c.id
            RETURNING {DeploymentRepository.Columns}, c.place
        ),
        {DeploymentStageRepository.FollowMoved},
        {DeploymentLeases.Claimed}
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}, e.attempt, d.place
        FROM moved d
        JOIN projects p ON p.id = d.project_id
        CROSS JOIN leased e
        UNION ALL
        SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}, e.attempt, NULL
        FROM deployment_leases e
        JOIN deployments d ON d.id = e.deployment_id
        JOIN projects p ON p.id = d.project_id
        WHERE e.claim_key = @key AND e.released_at IS NULL
        """;

    // No earlier call with the same key has claimed a deployment.
    private const string IsNewClaim = $"{DeploymentLeases.HeldByKey} IS NULL";

    // A deployment that another program has started, as the Python services do while it is still 'queued', belongs to that program. Word
    // for word the condition of the indexes over waiting deployments; coalesce keeps the planner from an index on the status: a plan made
    // before ANALYZE would sort all waiting deployments. Needs the row q.
    private const string Waiting = "coalesce(q.status::text, '') = 'queued' AND NOT q.is_deleted AND q.started_at IS NULL";

    private const string LeaseKey = "deployment_leases_claim_key_key";

    // A project or a user can reach its limit between the search and its lock; the next attempt sees that.
    private const int MaxAttempts = 10;

    // Needs the row q and @maxPerProject.
    private const string ProjectHasRoom = $"""
        (@maxPerProject IS NULL OR (
            SELECT pg_catalog.count(*)
            FROM deployments d
            WHERE d.project_id = q.project_id AND {DeploymentState.UnderWay}) < @maxPerProject)
        """;

    // Needs the row q and @maxPerUser.
    private const string UserHasRoom = $"""
        (@maxPerUser IS NULL OR (
            SELECT pg_catalog.count(*)
            FROM deployments d
            WHERE d.user_id = q.user_id AND {DeploymentState.UnderWay}) < @maxPerUser)
        """;

    // The first deployment whose project and user are below their limits, among the first 64 of the queue: a long queue of a project at
    // its limit is not walked to its end. Continues with OfProject or OfUserAndProject. Needs @afterPlace, @key,
    // @maxPerProject and @maxPerUser.
    private const string Near = $"""
        SELECT {Chosen.Keep}
        FROM (
            SELECT q.id
            FROM deployments q
            JOIN projects p ON p.id = q.project_id
            JOIN users u ON u.id = q.user_id
            WHERE {Waiting} AND q.queue_place >= @afterPlace
              AND q.queue_place <= (
                  SELECT pg_catalog.max(k.queue_place)
                  FROM (
                      SELECT q.queue_place
                      FROM deployments q
                      WHERE {Waiting} AND q.queue_place >= @afterPlace
                      ORDER BY q.queue_place, q.id
                      LIMIT 64
                  ) k
              )
              AND {ProjectHasRoom} AND {UserHasRoom} AND {IsNewClaim}
            ORDER BY q.queue_place, q.id
            LIMIT 1
            FOR NO KEY UPDATE OF
        """;

    // The first deployment of each project, from project to project by the index, skipping the other projects of a user at the limit: the
    // number of steps is that of the projects and users at their limits and a hundred more, however many deployments wait. Two walks at
    // once: one starts after the user of the last far claim, the other goes from the first user to that one. With more than a hundred
    // candidates each claim sees others, so no user is left out for good. Continues with OfProject or OfUserAndProject. Needs @afterUser,
    // @key, @maxPerProject and @maxPerUser.
    private const string Far = $"""
        WITH RECURSIVE visited AS (
            SELECT
                NULL::uuid AS id, w.user_id, '00000000-0000-0000-0000-000000000000'::uuid AS project_id,
                w.with_user AS user_has_room, FALSE AS project_has_room, w.last_user_id
            FROM (VALUES
                (@afterUser, FALSE, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid),
                ('00000000-0000-0000-0000-000000000000'::uuid, TRUE, @afterUser)) w (user_id, with_user, last_user_id)
            UNION ALL
            SELECT q.id, q.user_id, q.project_id, {UserHasRoom}, {ProjectHasRoom}, v.last_user_id
            FROM visited v
            CROSS JOIN LATERAL (
                SELECT q.id, q.user_id, q.project_id
                FROM deployments q
                WHERE {Waiting}
                  AND (q.user_id, q.project_id) > (
                      v.user_id, CASE WHEN v.user_has_room THEN v.project_id ELSE 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid END)
                  AND q.user_id <= v.last_user_id
                ORDER BY q.user_id, q.project_id, q.queue_place, q.id
                LIMIT 1
            ) q
        ),
        head AS MATERIALIZED (
            SELECT v.id
            FROM visited v
            WHERE v.user_has_room AND v.project_has_room
            LIMIT 100
        )
        SELECT {Chosen.Keep}
        FROM (
            SELECT q.id
            FROM head h
            JOIN deployments q ON q.id = h.id
            JOIN projects p ON p.id = q.project_id
            JOIN users u ON u.id = q.user_id
            WHERE {Waiting} AND {IsNewClaim}
            ORDER BY q.queue_place, q.id
            LIMIT 1
            FOR NO KEY UPDATE OF
        """;

    // The end of Near and Far: the project, and the user when users have a limit, are locked before they are counted. A project or user
    // that another claim holds is skipped with all its deployments.
    private const string OfProject = " p, q SKIP LOCKED) c";
    private const string OfUserAndProject = " u, p, q SKIP LOCKED) c";

    public async Task<ClaimedDeployment?> ClaimAsync(ClaimOptions options, CancellationToken cancellationToken)
    {
        var key = options.Key ?? Guid.NewGuid();
        Claimed? claimed;
        try
        {
            claimed = await OnceAsync().ConfigureAwait(false);
        }
        catch (DuplicateException exception) when (exception.Constraint == LeaseKey)
        {
            // A call with the same key was being carried out, and has committed since.
            claimed = await OnceAsync().ConfigureAwait(false);
        }

        if (claimed is null)
        {
            return null;
        }

        if (claimed.Place is { } place)
        {
            context.QueueStart.Claimed(place);
        }

        var (deployment, project) = claimed.Job;
        return new ClaimedDeployment(deployment, project, new DeploymentClaim(deployment.Id, key), claimed.Attempt);

        Task<Claimed?> OnceAsync() => options.MaxPerProject is null && options.MaxPerUser is null
            ? ClaimWithoutLimitsAsync(options, key, cancellationToken)
            : ClaimWithLimitsAsync(options, key, cancellationToken);
    }

    // One statement is enough here: a queued deployment's row is locked from the start, and nothing else writes its stages. A deployment
    // before the last claim, such as one whose claim was rolled back, is searched for when nothing waits after that claim.
    private async Task<Claimed?> ClaimWithoutLimitsAsync(ClaimOptions options, Guid key, CancellationToken cancellationToken) =>
        await db.WriteAsync(ReadClaimed, $"""
            WITH near AS MATERIALIZED (
                SELECT q.id, q.queue_place AS place
                FROM deployments q
                WHERE {Waiting} AND q.queue_place >= @afterPlace AND {IsNewClaim}
                ORDER BY q.queue_place, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            late AS MATERIALIZED (
                SELECT q.id, q.queue_place AS place
                FROM deployments q
                WHERE {Waiting} AND NOT EXISTS (SELECT FROM near n) AND {IsNewClaim}
                ORDER BY q.queue_place, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            chosen AS (
                SELECT n.id, n.place, n.place AS turn FROM near n
                UNION ALL
                SELECT l.id, l.place, l.place FROM late l
            ),
            {StartChosen}
            """,
            [
                P.Of(context.QueueStart.After, "afterPlace"),
                .. DeploymentLeases.OfClaim(options, key),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ],
            cancellationToken,
            nameof(IDeploymentLifecycle.ClaimNextAsync)).ConfigureAwait(false);

    private async Task<Claimed?> ClaimWithLimitsAsync(ClaimOptions options, Guid key, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (met, claimed) = await TryClaimAsync(near: true, options, key, cancellationToken).ConfigureAwait(false);
            if (!met && claimed is null)
            {
                (met, claimed) = await TryClaimAsync(near: false, options, key, cancellationToken).ConfigureAwait(false);
                if (claimed is not null)
                {
                    context.QueueStart.ClaimedFar(claimed.Job.Deployment.UserId);
                }
            }

            if (claimed is not null || !met)
            {
                return claimed;
            }
        }

        return null;
    }

    // @maxPerProject and @maxPerUser, anew for each statement: a parameter belongs to one command.
    private static NpgsqlParameter[] Limits(ClaimOptions options) => [P.Of(options.MaxPerProject), P.Of(options.MaxPerUser)];

    private static Claimed ReadClaimed(RowReader row) =>
        new(DeploymentRepository.ReadWithProject(row), row.Int(), row.LongOrNull());

    // Met: the search found a deployment. Job: that deployment, unless its project or user reached a limit before the lock.
    private Task<(bool Met, Claimed? Job)> TryClaimAsync(
        bool near, ClaimOptions options, Guid key, CancellationToken cancellationToken)
    {
        var afterPlace = P.Of(context.QueueStart.After, "afterPlace");
        var afterUser = P.Of(context.QueueStart.User, "afterUser");
        var choose = (near, options.MaxPerUser is not null) switch
        {
            (true, false) => new Statement(Near + OfProject, [afterPlace, P.Of(key), .. Limits(options)]),
            (true, true) => new Statement(Near + OfUserAndProject, [afterPlace, P.Of(key), .. Limits(options)]),
            (false, false) => new Statement(Far + OfProject, [afterUser, P.Of(key), .. Limits(options)]),
            (false, true) => new Statement(Far + OfUserAndProject, [afterUser, P.Of(key), .. Limits(options)]),
        };

        // Starts when the project and the user are locked, and so counts every claim committed before. The turns that a limited claim skips
        // do not count as served, so the deployment keeps the first place of its user: newcomers would queue after all skipped turns.
        var claim = new Statement($"""
            WITH chosen AS MATERIALIZED (
                SELECT c.id, c.place, least(c.place, (
                    SELECT pg_catalog.min(q.queue_place)
                    FROM deployments q
                    WHERE {Waiting} AND q.user_id = c.user_id
                )) AS turn
                FROM (
                    SELECT q.id, q.user_id, q.queue_place AS place
                    FROM deployments q
                    WHERE q.id = ANY ({Chosen.Ids}) AND {Waiting} AND {ProjectHasRoom} AND {UserHasRoom}
                ) c
            ),
            {StartChosen}
            """,
            [
                .. Limits(options),
                .. DeploymentLeases.OfClaim(options, key),
                .. DeploymentStageRepository.FollowMovedParameters(context.Clock),
            ]);
        return db.WriteBatchAsync(
            async sets => (
                (await sets.FindAsync(row => row.Text()).ConfigureAwait(false))!.Length > 0,
                await sets.FindAsync(ReadClaimed).ConfigureAwait(false)),
            [choose, claim], cancellationToken, nameof(IDeploymentLifecycle.ClaimNextAsync));
    }

    // Place is null for a deployment that an earlier call has claimed.
    private sealed record Claimed(DeploymentWithProject Job, int Attempt, long? Place);
}
