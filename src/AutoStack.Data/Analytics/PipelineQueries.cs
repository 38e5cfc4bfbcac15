using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Analytics;

internal sealed class PipelineQueries(Db db, TimeProvider clock) : IPipelineQueries
{
    private const string Chosen = "d.id, d.project_id, d.status, d.created_at, d.started_at, d.completed_at";

    // The columns that Read reads. Needs Stages. Times of several writers may contradict each other: a negative duration is 0. From or to
    // infinity there is no duration.
    private const string Timings = """
        d.id, d.project_id, d.status, d.created_at,
        CASE
            WHEN NOT pg_catalog.isfinite(d.started_at) OR NOT pg_catalog.isfinite(e.completed_at) THEN NULL
            WHEN e.completed_at >= d.started_at THEN extract(epoch FROM e.completed_at - d.started_at)::float8
            WHEN e.completed_at < d.started_at THEN 0
        END,
        s.stage_name, s.status, s.started_at, s.completed_at,
        CASE
            WHEN NOT pg_catalog.isfinite(s.started_at) OR NOT pg_catalog.isfinite(s.ended_at) THEN NULL
            WHEN s.ended_at >= s.started_at THEN extract(epoch FROM s.ended_at - s.started_at)::float8
            WHEN s.ended_at < s.started_at THEN 0
        END
        """;

    // Joins the end e of each deployment d and its stages s. Needs @now. A stage left open by a crash ends with its deployment; a stage
    // whose end was not recorded has no end: neither lasts until now.
    private const string Stages = $"""
        CROSS JOIN LATERAL (
            SELECT CASE WHEN {Definitions.Finished} THEN d.completed_at ELSE (SELECT {ServerTime.Present}) END AS completed_at
        ) e
        LEFT JOIN LATERAL (
            SELECT
                s.id, s.stage_name, s.status, s.started_at, s.completed_at, s.created_at,
                CASE
                    WHEN s.completed_at IS NOT NULL THEN s.completed_at
                    WHEN pg_catalog.lower(s.status::text) NOT IN ('completed', 'failed', 'cancelled') THEN e.completed_at
                END AS ended_at
            FROM deployment_stages s
            WHERE s.deployment_id = d.id
            ORDER BY {DeploymentStageRepository.InOrder}
            LIMIT 100
        ) s ON TRUE
        ORDER BY d.created_at DESC, d.id DESC, {DeploymentStageRepository.InOrder}
        """;

    public async Task<PipelineDurations?> FindAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken) =>
        Compose(await db.ListAsync(Read, $"""
            SELECT {Timings}
            FROM (
                SELECT {Chosen}
                FROM deployments d
                WHERE d.id = @deploymentId AND {Definitions.Owned}
            ) d
            {Stages}
            """, [P.Of(deploymentId), P.Of(ownerId), ServerTime.Now(clock)], cancellationToken).ConfigureAwait(false)).SingleOrDefault();

    // The inner limit is that of the longest list, as in DeploymentRepository.RecentPage.
    public async Task<IReadOnlyList<PipelineDurations>> ListLatestAsync(Guid ownerId, int limit, CancellationToken cancellationToken) =>
        Compose(await db.ListAsync(Read, $"""
            SELECT {Timings}
            FROM (
                SELECT {Chosen}
                FROM (
                    SELECT {Chosen}
                    FROM deployments d
                    WHERE {Definitions.Owned}
                    ORDER BY d.created_at DESC, d.id DESC
                    LIMIT 100
                ) d
                ORDER BY d.created_at DESC, d.id DESC
                LIMIT @limit
            ) d
            {Stages}
            """,
            [P.Of(ownerId), P.Of(Limit.Check(limit, IPipelineQueries.MaxListSize), nameof(limit)), ServerTime.Now(clock)],
            cancellationToken).ConfigureAwait(false));

    // One row per stage, or one row for a deployment without stages.
    private static (PipelineDurations Deployment, StageDuration? Stage) Read(RowReader row)
    {
        var deployment = new PipelineDurations
        {
            DeploymentId = row.Guid(),
            ProjectId = row.Guid(),
            Status = row.Value<DeploymentStatus>(),
            CreatedAt = row.Time(),
            DurationSeconds = row.DoubleOrNull(),
            Stages = [],
        };
        return row.ValueOrNull<StageName>() is not { } name ? (deployment, null) : (deployment, new StageDuration
        {
            Name = name,
            Status = row.Value<StageStatus>(),
            StartedAt = row.TimeOrNull(),
            CompletedAt = row.TimeOrNull(),
            DurationSeconds = row.DoubleOrNull(),
        });
    }

    private static List<PipelineDurations> Compose(IReadOnlyList<(PipelineDurations Deployment, StageDuration? Stage)> rows) =>
    [
        .. from row in rows
           group row by row.Deployment.DeploymentId into deployment
           select deployment.First().Deployment with { Stages = [.. deployment.Select(row => row.Stage).OfType<StageDuration>()] },
    ];
}
