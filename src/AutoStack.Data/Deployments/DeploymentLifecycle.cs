using System.Runtime.CompilerServices;
using AutoStack.Data.Internal;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentLifecycle(Db db, TimeProvider clock) : IDeploymentLifecycle
{
    /// <summary>Whole seconds since the start, for <c>build_duration_seconds</c>; NULL when it never started.</summary>
    internal const string Duration =
        "CASE WHEN d.started_at IS NOT NULL THEN least(greatest(floor(extract(epoch FROM @now - d.started_at)), 0), 2147483647)::int END";

    /// <summary>When a deployment ends: never before its start, which another machine's clock may have told.</summary>
    internal const string Completed = "greatest(@now, d.started_at)";

    /// <summary>The statuses of a deployment that a worker has, by name, so that an index on the status finds the few that there are.</summary>
    internal const string UnderWay = "('cloning', 'checkout', 'installing', 'building', 'copying')";

    // A project can fill up between the look at it and its lock; the next attempt sees that.
    private const int MaxClaimAttempts = 10;

    /// <summary>
    /// The statuses that a deployment ends with: its worker is done, and nothing but a monitor changes it. What guards an end compares it in
    /// lower case, since other programs may write it otherwise.
    /// </summary>
    internal const string Finished = "('success', 'failed', 'cancelled')";

    /// <summary>What a deletion sets: one that has not ended is cancelled, one that has keeps how and when it ended. Needs <c>@now</c>.</summary>
    internal const string Deleted = $"""
        is_deleted = TRUE,
        status = CASE WHEN lower(d.status) IN {Finished} THEN d.status ELSE 'cancelled' END,
        completed_at = CASE WHEN lower(d.status) IN {Finished} THEN d.completed_at ELSE {Completed} END,
        build_duration_seconds = CASE WHEN lower(d.status) IN {Finished} THEN d.build_duration_seconds ELSE {Duration} END
        """;

    // Claimed, in the order in which a worker goes through them.
    private static readonly DeploymentStatus[] Steps =
        [DeploymentStatus.Cloning, DeploymentStatus.Checkout, DeploymentStatus.Installing, DeploymentStatus.Building, DeploymentStatus.Copying];

    /// <summary>What a transition needs to know of the row it met.</summary>
    internal sealed record State(DeploymentStatus Status, Guid UserId, bool IsDeleted);

    internal static State ReadState(RowReader row) => new(row.Value<DeploymentStatus>(), row.Guid(), row.Flag());

    /// <summary>
    /// The first statement of every transition: holds the row and tells how it stands. The next one, which changes it and lets its stages follow,
    /// starts when whoever held it before has committed, and so sees the stages that a step just before has made.
    /// </summary>
    internal static Statement Hold(Guid id) => new("""
        SELECT d.status, d.user_id, d.is_deleted
        FROM deployments d
        WHERE d.id = @id
        FOR NO KEY UPDATE
        """, P.Of(id));

    public Task<DeploymentStatus?> FindStatusAsync(Guid id, CancellationToken cancellationToken) =>
        db.FindValueAsync(row => row.Value<DeploymentStatus>(), $"""
            SELECT CASE WHEN d.is_deleted AND lower(d.status) NOT IN {Finished} THEN 'cancelled' ELSE d.status END
            FROM deployments d
            WHERE d.id = @id
            """, [P.Of(id)], cancellationToken);

    // One statement is enough here: a queued deployment's row is locked from the start, and nothing else touches its stages.
    public Task<DeploymentWithProject?> ClaimNextAsync(CancellationToken cancellationToken) =>
        db.WriteAsync(DeploymentRepository.ReadWithProject, $"""
            WITH next AS (
                SELECT q.id
                FROM deployments q
                WHERE q.status = 'queued' AND NOT q.is_deleted
                ORDER BY q.created_at, q.id
                LIMIT 1
                FOR NO KEY UPDATE SKIP LOCKED
            ),
            moved AS (
                UPDATE deployments d
                SET status = 'cloning', started_at = @now
                FROM next n
                WHERE d.id = n.id
                RETURNING {DeploymentRepository.Columns}
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
            FROM moved d
            JOIN projects p ON p.id = d.project_id
            """, [P.Of(clock.Now(), "now"), P.Of(Ids.New(), "stageId")], cancellationToken);

    public async Task<DeploymentWithProject?> ClaimNextAsync(int maxPerProject, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPerProject, 1);
        for (var attempt = 0; attempt < MaxClaimAttempts; attempt++)
        {
            var (id, job) = await TryClaimAsync(maxPerProject, cancellationToken).ConfigureAwait(false);
            if (job is not null || id.Length == 0)
            {
                return job;
            }
        }

        return null;
    }

    public Task<TransitionResult> AdvanceAsync(Guid id, DeploymentStatus step, CancellationToken cancellationToken)
    {
        var place = Array.IndexOf(Steps, step);
        if (place < 1)
        {
            throw new ArgumentException($"'{step}' is no step to advance to. Allowed: {string.Join(", ", Steps[1..])}.", nameof(step));
        }

        var from = Array.ConvertAll(Steps[..place], status => status.Value);
        var now = clock.Now();
        return MoveAsync(id, new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = @step
                WHERE d.id = @id AND NOT d.is_deleted AND d.status = ANY (@from)
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, P.Of(id), P.Of(step), P.Of(from), P.Of(now), P.Of(Ids.New(), "stageId")), step, cancellationToken);
    }

    public async Task<bool> SetCommitAsync(Guid id, CommitInfo commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        return await db.WriteAsync($"""
            UPDATE deployments d
            SET commit_hash = @hash,
                commit_message = CASE WHEN d.commit_hash = @hash THEN coalesce(@message, d.commit_message) ELSE @message END,
                author = CASE WHEN d.commit_hash = @hash THEN coalesce(@author, d.author) ELSE @author END,
                commit_timestamp = CASE WHEN d.commit_hash = @hash THEN coalesce(@timestamp, d.commit_timestamp) ELSE @timestamp END
            WHERE d.id = @id AND NOT d.is_deleted AND lower(d.status) NOT IN {Finished}
            """,
            [P.Of(id), P.Text(commit.Hash, 40), P.TextOrNull(commit.Message), P.TextOrNull(commit.Author, 255), P.Of(commit.Timestamp)],
            cancellationToken).ConfigureAwait(false) == 1;
    }

    public Task<TransitionResult> SucceedAsync(Guid id, string? deployedUrl, CancellationToken cancellationToken) =>
        MoveAsync(id, new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'success', deployed_url = @deployedUrl, completed_at = {Completed}, build_duration_seconds = {Duration}
                WHERE d.id = @id AND NOT d.is_deleted AND d.status IN ('building', 'copying')
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, P.Of(id), P.TextOrNull(deployedUrl), P.Of(clock.Now(), "now"), P.Of(Ids.New(), "stageId")), target: null, cancellationToken);

    public Task<TransitionResult> FailAsync(Guid id, string reason, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return MoveAsync(id, new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'failed', failed_reason = @reason, completed_at = {Completed}, build_duration_seconds = {Duration}
                WHERE d.id = @id AND NOT d.is_deleted AND lower(d.status) NOT IN {Finished}
                RETURNING d.id, d.status, d.failed_reason
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT m.id
            FROM moved m
            """, P.Of(id), P.Text(reason), P.Of(clock.Now(), "now"), P.Of(Ids.New(), "stageId")), target: null, cancellationToken);
    }

    // The id of the deployment that was looked at, empty when there was none, and the deployment when it was claimed.
    private Task<(string Id, DeploymentWithProject? Job)> TryClaimAsync(int maxPerProject, CancellationToken cancellationToken)
    {
        // Holds the project first: of many queued rows of a project that another claim holds, none is touched.
        var choose = new Statement($"""
            WITH next AS MATERIALIZED (
                SELECT q.id
                FROM deployments q
                JOIN projects p ON p.id = q.project_id
                WHERE q.status = 'queued' AND NOT q.is_deleted
                  AND q.project_id <> ALL (ARRAY(
                      SELECT r.project_id
                      FROM deployments r
                      WHERE r.status IN {UnderWay} AND NOT r.is_deleted
                      GROUP BY r.project_id
                      HAVING count(*) >= @maxPerProject
                  ))
                ORDER BY q.created_at, q.id
                LIMIT 1
                FOR NO KEY UPDATE OF p, q SKIP LOCKED
            )
            SELECT {Chosen.Keep}
            FROM next c
            """, P.Of(maxPerProject));

        // Starts when the project is held, and so counts what every claim before has committed.
        var claim = new Statement($"""
            WITH moved AS (
                UPDATE deployments d
                SET status = 'cloning', started_at = @now
                WHERE d.id = ANY ({Chosen.Ids}) AND d.status = 'queued' AND NOT d.is_deleted
                  AND (
                      SELECT count(*)
                      FROM deployments r
                      WHERE r.project_id = d.project_id AND r.status IN {UnderWay} AND NOT r.is_deleted
                  ) < @maxPerProject
                RETURNING {DeploymentRepository.Columns}
            ),
            {DeploymentStageRepository.FollowMoved}
            SELECT {DeploymentRepository.Columns}, {ProjectRepository.Columns}
            FROM moved d
            JOIN projects p ON p.id = d.project_id
            """, P.Of(maxPerProject), P.Of(clock.Now(), "now"), P.Of(Ids.New(), "stageId"));
        return db.WriteBatchAsync(
            async sets => (
                (await sets.FindAsync(row => row.Text()).ConfigureAwait(false))!,
                await sets.FindAsync(DeploymentRepository.ReadWithProject).ConfigureAwait(false)),
            [choose, claim], Repeat.Never, cancellationToken, nameof(ClaimNextAsync));
    }

    private Task<TransitionResult> MoveAsync(
        Guid id, Statement move, DeploymentStatus? target, CancellationToken cancellationToken, [CallerMemberName] string operation = "") =>
        db.WriteBatchAsync(
            async sets =>
            {
                var met = await sets.FindAsync(ReadState).ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false) ? TransitionResult.Applied
                    : met is null ? TransitionResult.NotFound
                    : met.Status.IsFinished && met.Status != DeploymentStatus.Cancelled ? TransitionResult.AlreadyFinished
                    : met.IsDeleted || met.Status == DeploymentStatus.Cancelled ? TransitionResult.Cancelled
                    : met.Status == target ? TransitionResult.AlreadyThere
                    : TransitionResult.OutOfOrder;
            },
            [Hold(id), move], Repeat.Never, cancellationToken, operation);
}
