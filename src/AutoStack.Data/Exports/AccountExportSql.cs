using AutoStack.Data.Postgres;

namespace AutoStack.Data.Exports;

/// <summary>
/// The statements of an export. COPY takes no parameters: it reads a setting of its transaction. Every part names the owner, and lists its
/// columns: a new column is a secret until it is listed.
/// </summary>
internal static class AccountExportSql
{
    private const string User = "pg_catalog.current_setting('autostack.export_user_id')::uuid";

    private const string Account = $"""
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'users' AS "table", u.id, u.name, u.email, u.email_verified,
                (SELECT {ExportedAddress.Shown} FROM (SELECT u.avatar_url AS address) a) AS avatar_url, u.github_id, u.google_id,
                u.password_hash IS NOT NULL AS has_password, u.created_at, u.updated_at
            FROM public.users u
            WHERE u.id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'user_preferences' AS "table", p.id, p.user_id, p.theme, p.email_notifications, p.deployment_success_notifications,
                p.deployment_failure_notifications, p.created_at, p.updated_at
            FROM public.user_preferences p
            WHERE p.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'user_identities' AS "table", i.id, i.user_id, i.provider, i.provider_id, i.linked_at
            FROM public.user_identities i
            WHERE i.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'github_connections' AS "table", g.id, g.user_id, g.github_username, g.token_expires_at, g.scope, g.connected_at
            FROM public.github_connections g
            WHERE g.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'sessions' AS "table", s.id, s.user_id, s.signed_in_at, s.created_at, s.expires_at, s.family_id, s.rotated_at
            FROM public.sessions s
            WHERE s.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'password_reset_tokens' AS "table", t.id, t.user_id, t.created_at, t.expires_at, t.used_at
            FROM public.password_reset_tokens t
            WHERE t.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'email_verification_tokens' AS "table", t.id, t.user_id, t.purpose, t.email, t.previous_email, t.created_at,
                t.expires_at, t.used_at, t.ended_at
            FROM public.email_verification_tokens t
            WHERE t.user_id = {User}
        ) r
        """;

    private const string Work = $"""
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'projects' AS "table", p.id, p.user_id, p.name,
                (SELECT {ExportedAddress.Shown} FROM (SELECT p.repository AS address) a) AS repository, p.branch, p.build_command,
                p.output_dir, p.runtime, p.auto_deploy_enabled, p.auto_deploy_branch, p.jenkins_job_name, p.github_repo_id, p.provider,
                p.provider_host, p.provider_repository_id, p.access_proven_at, p.env_vars IS NOT NULL AS has_environment, p.created_at,
                p.updated_at
            FROM public.projects p
            WHERE p.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM (
            SELECT 'deployments' AS "table", d.id, d.project_id, d.user_id, d.status, d.branch, d.commit_hash, d.commit_hash_full,
                d.commit_message, d.author, d.commit_timestamp, d.creator_type, d.is_production, d.build_duration_seconds,
                d.failed_reason, (SELECT {ExportedAddress.Shown} FROM (SELECT d.deployed_url AS address) a) AS deployed_url,
                d.env_vars IS NOT NULL AS has_environment, d.started_at, d.completed_at, d.created_at, d.is_deleted
            FROM public.deployments d
            WHERE d.user_id = {User}
        ) r
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.deployments d
        CROSS JOIN LATERAL (
            SELECT 'deployment_stages' AS "table", s.id, s.deployment_id, s.stage_name, s.status, s.started_at, s.completed_at,
                s.error_message, s.created_at
            FROM public.deployment_stages s
            WHERE s.deployment_id = d.id
        ) r
        WHERE d.user_id = {User}
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.deployments d
        CROSS JOIN LATERAL (
            SELECT 'deployment_containers' AS "table", c.id, c.deployment_id, c.container_id, c.image, c.host, c.port, c.status,
                c.created_at, c.stopped_at
            FROM public.deployment_containers c
            WHERE c.deployment_id = d.id
        ) r
        WHERE d.user_id = {User}
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.projects p
        CROSS JOIN LATERAL (
            SELECT 'live_deployments' AS "table", l.project_id, l.is_production, l.branch, l.deployment_id, l.queued_at, l.live_at
            FROM public.live_deployments l
            WHERE l.project_id = p.id
        ) r
        WHERE p.user_id = {User}
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.deployments d
        CROSS JOIN LATERAL (
            SELECT 'webhook_payloads' AS "table", w.id, w.deployment_id, w.provider, w.received_at
            FROM public.webhook_payloads w
            WHERE w.deployment_id = d.id
        ) r
        WHERE d.user_id = {User}
        """;

    // A log is read in the order of its lines by an index, deployment by deployment: nothing is sorted or kept.
    private const string Lines = $"""
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.deployments d
        CROSS JOIN LATERAL (
            SELECT 'deployment_health_checks' AS "table", h.id, h.deployment_id,
                (SELECT {ExportedAddress.Shown} FROM (SELECT h.url AS address) a) AS url, h.http_status, h.latency_ms, h.is_live,
                h.checked_at
            FROM public.deployment_health_checks h
            WHERE h.deployment_id = d.id
            ORDER BY h.checked_at, h.id
        ) r
        WHERE d.user_id = {User}
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.deployments d
        CROSS JOIN LATERAL (
            SELECT 'deployment_logs' AS "table", l.id, l.deployment_id, l.seq, l.timestamp, l.log_level, l.message, l.created_at
            FROM public.deployment_logs l
            WHERE l.deployment_id = d.id
            ORDER BY l.seq
        ) r
        WHERE d.user_id = {User}
        UNION ALL
        SELECT pg_catalog.row_to_json(r)::text
        FROM public.deployments d
        CROSS JOIN LATERAL (
            SELECT 'deployment_runtime_logs' AS "table", l.id, l.deployment_id, l.seq, l.timestamp, l.source, l.log_level, l.message
            FROM public.deployment_runtime_logs l
            WHERE l.deployment_id = d.id
            ORDER BY l.seq
        ) r
        WHERE d.user_id = {User}
        """;

    /// <summary>Everything that follows sees the rows of one moment, and nothing is changed.</summary>
    public static Statement Snapshot() => new("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY");

    /// <summary>
    /// The first line, and the settings of the transaction; no row for a user who does not exist, or is closed. Without parallel workers
    /// the parts come one after the other.
    /// </summary>
    public static Statement Header(Guid userId) => new("""
        SELECT pg_catalog.row_to_json(h)::text, pg_catalog.set_config('autostack.export_user_id', h.user_id::text, TRUE),
            pg_catalog.set_config('statement_timeout', '0', TRUE), pg_catalog.set_config('max_parallel_workers_per_gather', '0', TRUE)
        FROM (
            SELECT 'export' AS "table", 1 AS format, u.id AS user_id,
                pg_catalog.timezone('UTC', pg_catalog.statement_timestamp()) AS exported_at,
                (SELECT pg_catalog.max(v.version) FROM public.schema_versions v WHERE v.script_set::text = 'core') AS schema_version
            FROM public.users u
            WHERE u.id = @userId AND u.closed_at IS NULL
        ) h
        """, P.Of(userId));

    /// <summary>
    /// The other lines. JSON has neither a control character nor a line end, so that no line is quoted: each is the JSON as it is.
    /// </summary>
    public static Statement Copy() => new($"""
        COPY (
        {Account}
        UNION ALL
        {Work}
        UNION ALL
        {Lines}
        ) TO STDOUT (FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02', ENCODING 'UTF8')
        """);
}
