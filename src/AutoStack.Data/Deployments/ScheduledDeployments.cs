using AutoStack.Data.Postgres;

namespace AutoStack.Data.Deployments;

/// <summary>
/// The deployments that wait for their start. Their places are after all turns, in the order of the starts, so that no claim walks over
/// them. A claim moves those whose start has come to their turns first, at most once a second in a process.
/// </summary>
internal sealed class ScheduledDeployments(TimeProvider clock)
{
    /// <summary>The first place of a scheduled deployment: its place is this one plus its start, in milliseconds since 1970.</summary>
    internal const string FirstPlace = "4611686018427387904";

    /// <summary>The present as a place of a scheduled deployment. Needs <c>@now</c>.</summary>
    internal const string PresentPlace =
        $"{FirstPlace} + pg_catalog.floor(extract(epoch FROM {ServerTime.Present}) / 0.001)::bigint";

    /// <summary>The time for which a process does not look again.</summary>
    internal static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private const int MaxMoved = 500;

    // The clock's timestamp of the last look; 0 to look at once.
    private long looked;
    private volatile bool arePausesKnown;

    /// <summary>Whether the last look found paused projects.</summary>
    public bool ArePausesKnown => arePausesKnown;

    /// <summary>Lets the next claim look: a start has come, or a project was paused or resumed.</summary>
    public void Expire() => Volatile.Write(ref looked, 0);

    /// <summary>Moves deployments whose start has come to their turns, which a trigger assigns.</summary>
    public async Task LookAsync(Db db, CancellationToken cancellationToken)
    {
        var last = Volatile.Read(ref looked);
        var present = clock.GetTimestamp();
        if ((last != 0 && clock.GetElapsedTime(last, present) < Pause)
            || Interlocked.CompareExchange(ref looked, present, last) != last)
        {
            return;
        }

        try
        {
            var found = (await db.WriteAsync(row => new Found(row.Int(), row.Flag()), $"""
                WITH due AS MATERIALIZED (
                    SELECT q.id
                    FROM deployments q
                    WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsScheduled} AND q.queue_place <= {PresentPlace}
                    ORDER BY q.queue_place, q.id
                    LIMIT @limit
                    FOR NO KEY UPDATE SKIP LOCKED
                ),
                moved AS (
                    UPDATE deployments d
                    SET status = 'queued', queue_place = NULL
                    FROM due u
                    WHERE d.id = u.id
                    RETURNING d.id
                )
                SELECT (SELECT pg_catalog.count(m.id)::int FROM moved m), EXISTS (SELECT FROM queue_pauses z WHERE z.project_id IS NOT NULL)
                """,
                [ServerTime.Now(clock), P.Of(MaxMoved, "limit")], cancellationToken, nameof(IDeploymentLifecycle.ClaimNextAsync))
                .ConfigureAwait(false))!;
            arePausesKnown = found.HasPauses;
            if (found.Moved == MaxMoved)
            {
                Expire();
            }
        }
        catch
        {
            Expire();
            throw;
        }
    }

    /// <summary>The time until the next start, zero when it has come; null when no deployment is scheduled.</summary>
    public async Task<TimeSpan?> UntilNextAsync(Db db, CancellationToken cancellationToken) =>
        await db.FindValueAsync(row => row.Long(), $"""
            SELECT greatest(q.queue_place - ({PresentPlace}), 0)
            FROM deployments q
            WHERE {DeploymentQueue.Waiting} AND {DeploymentQueue.IsScheduled}
            ORDER BY q.queue_place, q.id
            LIMIT 1
            """, [ServerTime.Now(clock)], cancellationToken).ConfigureAwait(false) is { } milliseconds
            ? TimeSpan.FromMilliseconds(milliseconds)
            : null;

    private sealed record Found(int Moved, bool HasPauses);
}
