using System.Text.RegularExpressions;

namespace AutoStack.Data.Cli.Bench;

/// <summary>The statements of the load, word by word as AutoStack.Data sends them; a test compares them.</summary>
internal static partial class LoadSql
{
    private const string Deployment = """
        d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full, d.commit_message, d.author, d.commit_timestamp,
        d.creator_type, d.is_production, d.build_duration_seconds, d.failed_reason, d.deployed_url, d.started_at, d.completed_at, d.created_at, d.is_deleted
        """;

    private const string Deployments = """
        d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full, pg_catalog.left(d.commit_message, 500), d.author,
        d.commit_timestamp, d.creator_type, d.is_production, d.build_duration_seconds, pg_catalog.left(d.failed_reason, 500),
        pg_catalog.left(d.deployed_url, 2048), d.started_at, d.completed_at, d.created_at, d.is_deleted
        """;

    private const string Projects = """
        p.id, p.user_id, p.name, p.repository, p.branch, pg_catalog.left(p.build_command, 500), p.output_dir, p.github_repo_id, p.runtime,
        p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.created_at, p.updated_at, p.provider, p.provider_host,
        p.provider_repository_id, p.access_proven_at
        """;

    public const string ById = $"""
        SELECT {Deployment}
        FROM deployments d
        WHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted
        """;

    public const string Recent = $"""
        SELECT {Deployments}, {Projects}
        FROM deployments d
        JOIN projects p ON p.id = d.project_id
        WHERE d.user_id = @ownerId AND NOT d.is_deleted AND (d.created_at, d.id) < (@createdAt, @id)
        ORDER BY d.created_at DESC, d.id DESC
        LIMIT @limit
        """;

    public const string LogPage = """
        SELECT l.id, l.deployment_id, l.timestamp, l.log_level, l.message, l.created_at, l.seq
        FROM deployment_logs l
        WHERE l.deployment_id = @deploymentId AND l.seq > @seq AND EXISTS (SELECT FROM deployments d WHERE d.id = @deploymentId AND d.user_id = @ownerId AND NOT d.is_deleted)
        ORDER BY l.seq
        LIMIT @limit
        """;

    public const string AppendIsolation = "SET transaction_isolation = 'read committed'";

    public const string AppendLock = """
        SELECT 1
        FROM pg_catalog.pg_advisory_xact_lock(pg_catalog.uuid_hash_extended(@deploymentId, 'deployment_logs'::regclass::oid::bigint))
        """;

    public const string Append = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq, log_bytes)
        SELECT s.id, @deploymentId, s.timestamp,
            CASE WHEN s.size <= @maxBytes THEN s.log_level ELSE @endingLevel END,
            CASE WHEN s.size <= @maxBytes THEN s.message ELSE @ending END,
            @now, s.seq, CASE WHEN s.is_last OR s.size > @maxBytes THEN s.size END
        FROM (
            SELECT n.id, n.timestamp, n.log_level, n.message, pg_catalog.octet_length(n.message) + 128 AS bytes,
                l.seq + pg_catalog.row_number() OVER w AS seq,
                l.size + pg_catalog.sum(pg_catalog.octet_length(n.message) + 128) OVER w AS size,
                pg_catalog.lead(n.ordinal) OVER w IS NULL AS is_last
            FROM (
                SELECT
                    coalesce(e.seq, (SELECT pg_catalog.count(*) FROM deployment_logs m WHERE m.deployment_id = @deploymentId)) AS seq,
                    coalesce(
                        e.log_bytes, e.seq << 7,
                        (SELECT pg_catalog.count(*) << 7 FROM deployment_logs m WHERE m.deployment_id = @deploymentId)) AS size
                FROM (SELECT @deploymentId::uuid AS id) g
                LEFT JOIN LATERAL (
                    SELECT m.seq, m.log_bytes
                    FROM deployment_logs m
                    WHERE m.deployment_id = g.id AND m.seq IS NOT NULL
                    ORDER BY m.seq DESC
                    LIMIT 1
                ) e ON TRUE
            ) l
            CROSS JOIN ROWS FROM (
                pg_catalog.unnest(@ids), pg_catalog.unnest(@times), pg_catalog.unnest(@levels), pg_catalog.unnest(@messages)
            ) WITH ORDINALITY AS n (id, timestamp, log_level, message, ordinal)
            WHERE (SELECT t.deployment_id FROM deployment_logs t WHERE t.id = n.id) IS DISTINCT FROM @deploymentId
            WINDOW w AS (ORDER BY n.ordinal)
        ) s
        WHERE s.size - s.bytes <= @maxBytes
        """;

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [ById, Recent, LogPage, AppendIsolation, AppendLock, Append];

    /// <summary>
    /// The statement on the tables of a schema, each with the schema before its name. A search path would do as well until a pooler leaves it out: then
    /// the statement would be run on the operator's rows.
    /// </summary>
    public static string In(string schema, string sql) => Table().Replace(sql, $"${{before}}{schema}.${{table}}");

    [GeneratedRegex(@"(?<before>\b(FROM|JOIN|INTO) |')(?<table>(users|projects|deployments|deployment_logs)\b)", RegexOptions.CultureInvariant)]
    private static partial Regex Table();
}
