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
        p.id, p.user_id, p.name, p.repository, p.branch, pg_catalog.left(p.build_command, 256), p.output_dir, p.github_repo_id, p.runtime,
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
        FROM pg_advisory_xact_lock('deployment_logs'::regclass::oid::int, uuid_hash(@deploymentId) & 1023)
        """;

    public const string Append = """
        INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
        SELECT n.id, @deploymentId, n.timestamp, n.log_level, n.message, @now,
            coalesce(
                (SELECT max(m.seq) FROM deployment_logs m WHERE m.deployment_id = @deploymentId),
                (SELECT count(*) FROM deployment_logs m WHERE m.deployment_id = @deploymentId)) + row_number() OVER (ORDER BY n.ordinal)
        FROM unnest(@ids, @times, @levels, @messages) WITH ORDINALITY AS n (id, timestamp, log_level, message, ordinal)
        WHERE (SELECT t.deployment_id FROM deployment_logs t WHERE t.id = n.id) IS DISTINCT FROM @deploymentId
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
