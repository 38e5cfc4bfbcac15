using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Status;

namespace AutoStack.Data.Monitoring;

/// <summary>Counts the queue by its partial indexes, up to a limit, and estimates the log from its statistics.</summary>
internal static class QueueQuery
{
    // Word for word the condition of the partial indexes over waiting deployments.
    private const string Waiting = "coalesce(d.status::text, '') = 'queued' AND NOT d.is_deleted AND d.started_at IS NULL";

    // A worker could claim it: its start has come, also if no worker has moved it to its turn yet, its project is not paused, and its
    // account is open.
    private const string IsClaimable = $"""
        d.queue_place <= {ScheduledDeployments.PresentPlace} AND NOT coalesce(
            (SELECT TRUE FROM public.users o WHERE o.id = d.user_id AND o.closed_at IS NOT NULL),
            (SELECT TRUE FROM public.queue_pauses z WHERE z.project_id = d.project_id), FALSE)
        """;

    // A scheduled deployment waits from its start on: its place is the start, and then, with its turn, the server's time of that moment in
    // the lower 31 bits. Who took another's turn waits from its creation on. Needs the row h.
    private const string Waited = $"""
        least(
            extract(epoch FROM {ServerTime.Present} - h.created_at)::float8,
            CASE WHEN h.queue_place >= {ScheduledDeployments.FirstPlace}
                THEN {ScheduledDeployments.PresentPlace} - h.queue_place
                ELSE (pg_catalog.floor(extract(epoch FROM pg_catalog.clock_timestamp()) / 0.001)::bigint
                        - (h.queue_place & 2147483647::bigint))
                    & 2147483647::bigint
                END::float8 / 1000::float8)
        """;

    public static async Task<QueueStats?> FindAsync(Look look, TimeProvider clock, CancellationToken cancellationToken)
    {
        var found = await look.FindAsync(
            StatsParts.Queue, "queue", async results => (await results.FindAsync(Read).ConfigureAwait(false))!, [new Statement($"""
                SELECT
                    (SELECT pg_catalog.count(c.id) FROM (
                        SELECT d.id FROM public.deployments d WHERE {Waiting} AND {IsClaimable} LIMIT @limit) c),
                    (SELECT {Waited} FROM (
                        SELECT d.id, d.created_at, d.queue_place
                        FROM public.deployments d
                        WHERE {Waiting} AND {IsClaimable}
                        ORDER BY d.queue_place, d.id
                        LIMIT 1) h),
                    (SELECT pg_catalog.count(c.id) FROM (
                        SELECT d.id FROM public.deployments d WHERE {DeploymentState.UnderWay} LIMIT @limit) c),
                    c.held, c.expired,
                    (SELECT pg_catalog.float8mul(
                        greatest(t.reltuples, 0::real)::float8,
                        (SELECT pg_catalog.avg(
                            CASE WHEN b >= pg_catalog.timezone('UTC', pg_catalog.now()) - interval '1 day' THEN 1 ELSE 0 END)
                            FROM pg_catalog.unnest(s.histogram_bounds::text::timestamp[]) b)::float8)
                        FROM pg_catalog.pg_class t
                        JOIN pg_catalog.pg_stats s ON s.schemaname = 'public' AND s.tablename = t.relname
                        WHERE t.oid = pg_catalog.to_regclass('public.deployment_logs')::oid AND s.attname = 'timestamp'
                          AND t.reltuples >= 0::real
                        LIMIT 1)
                FROM (
                    SELECT pg_catalog.count(l.deployment_id) AS held,
                        pg_catalog.count(l.deployment_id) FILTER (WHERE l.expires_at <= {ServerTime.Present}) AS expired
                    FROM (
                        SELECT e.deployment_id, e.expires_at
                        FROM public.deployment_leases e
                        JOIN public.deployments d ON d.id = e.deployment_id
                        WHERE e.released_at IS NULL AND {DeploymentState.UnderWay}
                        LIMIT @limit) l
                ) c
                """, P.Of(QueueStats.MaxCount, "limit"), ServerTime.Now(clock))],
            cancellationToken).ConfigureAwait(false);
        if (found is { LogLinesPerDay: null })
        {
            look.Miss(
                StatsParts.Queue,
                "log lines per day",
                "deployment_logs was never analyzed, or the role may not read its column timestamp.");
        }

        return found;
    }

    private static QueueStats Read(RowReader row) => new()
    {
        Waiting = row.Long(),
        HeadSeconds = row.DoubleOrNull(),
        Running = row.Long(),
        Leases = row.Long(),
        ExpiredLeases = row.Long(),
        LogLinesPerDay = row.DoubleOrNull() is { } lines ? (long)lines : null,
    };
}
