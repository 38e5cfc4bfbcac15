using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Deployments;

// Claims with a limit per project or user. The project and the user are locked before their running deployments are counted, so that two
// claims at once cannot both take the last free place. While projects are paused, claims without limits go the same way: it skips a paused
// project as one at its limit, however many of its deployments wait.
internal sealed partial class DeploymentQueue
{
    // A project or a user can reach its limit between the search and its lock; the next attempt sees that.
    private const int MaxAttempts = 10;

    // The condition of a waiting deployment for a row found by its id. CASE keeps the planner from the indexes over waiting deployments,
    // which it would read from their start to their end. Needs the row q.
    private const string StillWaits = $"CASE WHEN {Waiting} THEN TRUE ELSE FALSE END";

    // The parameters of a search stand in subqueries: a plan made for their values costs the planner as much as one for any values, so that
    // the server keeps one plan. Planning each claim anew reads the ends of the indexes over waiting deployments, which are long while an
    // old snapshot is open. The index of a count keeps an entry for each deployment that has ended since; a count that reaches the limit
    // reads no further entry. Needs the row q and @maxPerProject.
    private const string ProjectHasRoom = $"""
        ((SELECT @maxPerProject::int) IS NULL OR (
            SELECT pg_catalog.count(*)
            FROM (
                SELECT
                FROM deployments d
                WHERE d.project_id = q.project_id AND {DeploymentState.UnderWay}
                LIMIT (SELECT @maxPerProject::int)
            ) r) < (SELECT @maxPerProject::int))
        """;

    // Needs the row q and @maxPerUser.
    private const string UserHasRoom = $"""
        ((SELECT @maxPerUser::int) IS NULL OR (
            SELECT pg_catalog.count(*)
            FROM (
                SELECT
                FROM deployments d
                WHERE d.user_id = q.user_id AND {DeploymentState.UnderWay}
                LIMIT (SELECT @maxPerUser::int)
            ) r) < (SELECT @maxPerUser::int))
        """;

    // The first deployment whose project and user are below their limits, among the first 64 of the queue: a long queue of a project at
    // its limit is not walked to its end. The 64 come in their order, so that the limits of those after the first with room are not
    // counted. Continues with Alone, OfProject or OfUserAndProject. Needs @afterPlace, @maxPerProject and @maxPerUser.
    private const string Near = $"""
        SELECT {Chosen.Keep}
        FROM (
            SELECT q.id
            FROM (
                SELECT q.id, q.queue_place
                FROM deployments q
                WHERE {Waiting} AND {IsDue} AND q.queue_place >= (SELECT @afterPlace::bigint)
                ORDER BY q.queue_place, q.id
                LIMIT 64
            ) h
            JOIN deployments q ON q.id = h.id
            JOIN projects p ON p.id = q.project_id
            JOIN users u ON u.id = q.user_id
            WHERE {StillWaits} AND u.closed_at IS NULL AND {IsQueueOpen} AND {IsOfOpenProject} AND {ProjectHasRoom} AND {UserHasRoom}
            ORDER BY h.queue_place, h.id
            LIMIT 1
            FOR NO KEY UPDATE OF
        """;

    // The first deployment of each project, from project to project by the index, skipping the other projects of a user at the limit: the
    // number of steps is that of the projects and users at their limits and a hundred more, however many deployments wait. Two walks at
    // once: one starts after the user of the last far claim, the other goes from the first user to that one. With more than a hundred
    // candidates each claim sees others, so no user is left out for good. Scheduled deployments are passed within a step. A step within
    // the projects of a user starts at one where the user has room, so that the running deployments of each user are counted once. The
    // lower bound of user_id, which the row comparison contains, lets the planner expect few rows of the right index: by another one it
    // would read and sort all that a user has waiting.
    // Continues with Alone, OfProject or OfUserAndProject. Needs @afterUser, @maxPerProject and @maxPerUser.
    private const string Far = $"""
        WITH RECURSIVE visited AS (
            SELECT
                NULL::uuid AS id, w.user_id, {Ids.Least} AS project_id,
                w.with_user AS user_has_room, FALSE AS project_has_room, w.last_user_id
            FROM (VALUES
                (@afterUser, FALSE, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid),
                ({Ids.Least}, TRUE, @afterUser)) w (user_id, with_user, last_user_id)
            UNION ALL
            SELECT
                q.id, q.user_id, q.project_id,
                CASE WHEN v.id IS NOT NULL AND q.user_id = v.user_id THEN TRUE ELSE {UserHasRoom} AND {IsOfOpenAccount} END,
                {ProjectHasRoom} AND {IsOfOpenProject}, v.last_user_id
            FROM visited v
            CROSS JOIN LATERAL (
                SELECT q.id, q.user_id, q.project_id, q.queue_place
                FROM deployments q
                WHERE {Waiting} AND {IsDue} AND q.user_id >= v.user_id AND q.user_id <= v.last_user_id
                  AND (q.user_id, q.project_id) > (
                      v.user_id, CASE WHEN v.user_has_room THEN v.project_id ELSE 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid END)
                ORDER BY q.user_id, q.project_id, q.queue_place, q.id
                LIMIT 1
            ) q
        ),
        head AS MATERIALIZED (
            SELECT v.id
            FROM visited v
            WHERE v.user_has_room AND v.project_has_room AND {IsQueueOpen}
            LIMIT 100
        )
        SELECT {Chosen.Keep}
        FROM (
            SELECT q.id
            FROM head h
            JOIN deployments q ON q.id = h.id
            JOIN projects p ON p.id = q.project_id
            JOIN users u ON u.id = q.user_id
            WHERE {StillWaits} AND u.closed_at IS NULL AND {IsDue}
            ORDER BY q.queue_place, q.id
            LIMIT 1
            FOR NO KEY UPDATE OF
        """;

    // The end of Near and Far: the project, and the user when users have a limit, are locked before they are counted. A project or user
    // that another claim holds is skipped with all its deployments. Without limits nothing is counted.
    private const string Alone = " q SKIP LOCKED) c";
    private const string OfProject = " p, q SKIP LOCKED) c";
    private const string OfUserAndProject = " u, p, q SKIP LOCKED) c";

    private async Task<Claimed?> ClaimWithLimitsAsync(
        ClaimOptions options, Guid key, long afterPlace, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (met, claimed) = await TryClaimAsync(afterPlace, options, key, cancellationToken).ConfigureAwait(false);
            if (!met && claimed is null)
            {
                (met, claimed) = await TryClaimAsync(null, options, key, cancellationToken).ConfigureAwait(false);
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

    // Met: the search found a deployment, or the claim has to be sent anew. Job: that deployment, unless its project or user reached a
    // limit before the lock.
    private Task<(bool Met, Claimed? Job)> TryClaimAsync(
        long? nearPlace, ClaimOptions options, Guid key, CancellationToken cancellationToken)
    {
        var afterPlace = P.Of(nearPlace ?? 0, "afterPlace");
        var afterUser = P.Of(context.QueueStart.User, "afterUser");
        var choose = (nearPlace is not null, options.MaxPerProject is not null, options.MaxPerUser is not null) switch
        {
            (true, false, false) => new Statement(Near + Alone, [afterPlace, .. Limits(options)]),
            (true, _, true) => new Statement(Near + OfUserAndProject, [afterPlace, .. Limits(options)]),
            (true, _, _) => new Statement(Near + OfProject, [afterPlace, .. Limits(options)]),
            (false, false, false) => new Statement(Far + Alone, [afterUser, .. Limits(options)]),
            (false, _, true) => new Statement(Far + OfUserAndProject, [afterUser, .. Limits(options)]),
            (false, _, _) => new Statement(Far + OfProject, [afterUser, .. Limits(options)]),
        };

        // Starts when the project and the user are locked, and so counts every claim committed before. The turns that a limited claim skips
        // do not count as served, so the deployment keeps the first place of its user: newcomers would queue after all skipped turns.
        // Without a limit per project and without a pause the search skips no deployment of a user below the limit.
        var claim = new Statement($"""
            WITH chosen AS MATERIALIZED (
                SELECT
                    c.id, c.user_id, c.place,
                    CASE WHEN (SELECT @maxPerProject::int) IS NULL AND NOT EXISTS (SELECT 1 FROM queue_pauses z) THEN c.place
                        ELSE least(c.place, (
                            SELECT pg_catalog.min(q.queue_place)
                            FROM deployments q
                            WHERE {Waiting} AND q.user_id = c.user_id
                        ))
                    END AS turn
                FROM (
                    SELECT q.id, q.user_id, q.queue_place AS place
                    FROM deployments q
                    WHERE q.id = ANY ({Chosen.Ids}) AND {StillWaits} AND {IsDue} AND {IsQueueOpen} AND {IsClaimable} AND {ProjectHasRoom}
                      AND {UserHasRoom}
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
                sets.IsRepeated || (await sets.FindAsync(row => row.Text()).ConfigureAwait(false))!.Length > 0,
                await sets.FindAsync(ReadClaimed).ConfigureAwait(false)),
            [choose, claim], new Statement(ClaimedBefore, P.Of(key)), cancellationToken, nameof(IDeploymentLifecycle.ClaimNextAsync));
    }
}
