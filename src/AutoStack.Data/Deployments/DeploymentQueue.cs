using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

/// <summary>How a worker takes the next deployment from the queue, which <c>deployments.queue_place</c> orders.</summary>
internal sealed class DeploymentQueue(Db db, DeploymentContext context)
{
    // What another program has started, as the Python services do while a deployment is still 'queued', is theirs. Word by word the
    // condition of the indexes that hold only what waits, and coalesce so that no index on the status serves it: a plan made before ANALYZE
    // would sort all that waits.
    private const string Waiting = "coalesce(q.status::text, '') = 'queued' AND NOT q.is_deleted AND q.started_at IS NULL";

    // A project or a user can fill up between the look at it and its lock; the next attempt sees that.
    private const int MaxAttempts = 10;

    // Needs the row q.
    private const string ProjectHasRoom = $"""
        (@maxPerProject IS NULL OR (
            SELECT pg_catalog.count(*) FROM deployments d WHERE d.project_id = q.project_id AND {DeploymentState.UnderWay}) < @maxPerProject)
        """;

    private const string UserHasRoom = $"""
        (@maxPerUser IS NULL OR (
            SELECT pg_catalog.count(*) FROM deployments d WHERE d.user_id = q.user_id AND {DeploymentState.UnderWay}) < @maxPerUser)
        """;

    // The first of the queue whose project and user have room, each asked in its turn. Of a long queue of one that has none, only the
    // beginning is looked at.
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
              AND {ProjectHasRoom} AND {UserHasRoom}
            ORDER BY q.queue_place, q.id
            LIMIT 1
            FOR NO KEY UPDATE OF
        """;

    // The first of each project, from project to project by the index, past the other projects of a user without room: as many steps as
    // there are projects and users without room and a hundred more, however many deployments wait. Two walks at once: one from the user
    // after the one that was claimed so last, the other from the first user to that one. Of more than a hundred, others are seen each time,
    // and no user is left out for good.
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
            WHERE {Waiting}
            ORDER BY q.queue_place, q.id
            LIMIT 1
            FOR NO KEY UPDATE OF
        """;

    // The project is held, and the user, too, before they are counted: of many queued rows that another claim holds so, none is touched.
    private const string OfProject = " p, q SKIP LOCKED) c";
    private const string OfUserAndProject = " u, p, q SKIP LOCKED) c";

    // One statement is enough here: a queued deployment's row is locked from the start, and nothing else touches its stages. What is found
    // late, such as a claim that was rolled back, lies before the last claim: it is looked for when there is nothing after that one.
    public async Task<DeploymentWithProject?> ClaimAsync(CancellationToken cancellationToken)
    {
        var claimed = await db.WriteAsync(ReadClaimed, $"""
            WITH near AS MATERIALIZED (
                SELECT q.id
                FROM deployments q
                WHERE {Waiting} AND q.queue_place >= @afterPlace
                ORDER BY q.queue_place, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            late AS MATERIALIZED (
                SELECT q.id
                FROM deployments q
                WHERE {Waiting} AND NOT EXISTS (SELECT FROM near n)
                ORDER BY q.queue_place, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            moved AS (
                UPDATE deployments d
                SET status = 'cloning', started_at = {ServerTime.Present}
                FROM (SELECT n.id FROM near n UNION ALL SELECT l.id FROM late l) n
                WHERE d.id = n.id
                RETURNING {DeploymentRepository.Columns}, d.queue_place
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}, d.queue_place
            FROM moved d
            JOIN projects p ON p.id = d.project_id
            """,
            [P.Of(context.QueueStart.After, "afterPlace"), ServerTime.Now(context.Clock), P.Of(Ids.New(), "stageId")],
            cancellationToken, nameof(IDeploymentLifecycle.ClaimNextAsync)).ConfigureAwait(false);
        return Note(claimed);
    }

    public async Task<DeploymentWithProject?> ClaimAsync(ClaimOptions options, CancellationToken cancellationToken)
    {
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            var (met, claimed) = await TryClaimAsync(near: true, options, cancellationToken).ConfigureAwait(false);
            if (!met)
            {
                (met, claimed) = await TryClaimAsync(near: false, options, cancellationToken).ConfigureAwait(false);
                if (claimed is not null)
                {
                    context.QueueStart.ClaimedFar(claimed.Job.Deployment.UserId);
                }
            }

            if (claimed is not null || !met)
            {
                return Note(claimed);
            }
        }

        return null;
    }

    private static Claimed ReadClaimed(RowReader row) => new(DeploymentRepository.ReadWithProject(row), row.LongOrNull() ?? 0);

    // Whether there was one to be claimed, and the deployment when it was.
    private Task<(bool Met, Claimed? Job)> TryClaimAsync(bool near, ClaimOptions options, CancellationToken cancellationToken)
    {
        var maxPerProject = P.Of(options.MaxPerProject);
        var maxPerUser = P.Of(options.MaxPerUser);
        var choose = (near, options.MaxPerUser is not null) switch
        {
            (true, false) => new Statement(Near + OfProject, P.Of(context.QueueStart.After, "afterPlace"), maxPerProject, maxPerUser),
            (true, true) => new Statement(Near + OfUserAndProject, P.Of(context.QueueStart.After, "afterPlace"), maxPerProject, maxPerUser),
            (false, false) => new Statement(Far + OfProject, P.Of(context.QueueStart.User, "afterUser"), maxPerProject, maxPerUser),
            (false, true) => new Statement(Far + OfUserAndProject, P.Of(context.QueueStart.User, "afterUser"), maxPerProject, maxPerUser),
        };

        // Of the turns that it skips over, none counts as served, so its place becomes the user's first: who comes next would queue behind
        // all of them. Starts when the project and the user are held, and so counts what every claim before has committed.
        var claim = new Statement($"""
            WITH chosen AS MATERIALIZED (
                SELECT q.id, q.queue_place AS place
                FROM deployments q
                WHERE q.id = ANY ({Chosen.Ids}) AND {Waiting} AND {ProjectHasRoom} AND {UserHasRoom}
            ),
            moved AS (
                UPDATE deployments d
                SET status = 'cloning', started_at = {ServerTime.Present},
                    queue_place = least(d.queue_place, (
                        SELECT pg_catalog.min(q.queue_place)
                        FROM deployments q
                        WHERE {Waiting} AND q.user_id = d.user_id
                    ))
                FROM chosen c
                WHERE d.id = c.id
                RETURNING {DeploymentRepository.Columns}, c.place
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}, d.place
            FROM moved d
            JOIN projects p ON p.id = d.project_id
            """, P.Of(options.MaxPerProject), P.Of(options.MaxPerUser), ServerTime.Now(context.Clock), P.Of(Ids.New(), "stageId"));
        return db.WriteBatchAsync(
            async sets => (
                (await sets.FindAsync(row => row.Text()).ConfigureAwait(false))!.Length > 0,
                await sets.FindAsync(ReadClaimed).ConfigureAwait(false)),
            [choose, claim], Repeat.Never, cancellationToken, nameof(IDeploymentLifecycle.ClaimNextAsync));
    }

    private DeploymentWithProject? Note(Claimed? claimed)
    {
        if (claimed is not null)
        {
            context.QueueStart.Claimed(claimed.Place);
        }

        return claimed?.Job;
    }

    private sealed record Claimed(DeploymentWithProject Job, long Place);
}
