using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Retention;

/// <summary>How many rows the purges of the repositories would remove.</summary>
internal static class RetentionCounts
{
    public static Statement Deployments(DateTimeOffset before) => new($"""
        SELECT pg_catalog.count(d.id)
        FROM deployments d
        WHERE {DeploymentMaintenance.Purgeable}
        """, P.Of(before));

    // Up to the first line that is young enough, and never the last.
    public static Statement DeploymentLogs(DateTimeOffset before) => new("""
        SELECT pg_catalog.count(l.id)
        FROM deployment_logs l
        JOIN (
            SELECT m.deployment_id, coalesce(pg_catalog.min(m.seq) FILTER (WHERE m.timestamp >= @before), pg_catalog.max(m.seq)) AS seq
            FROM deployment_logs m
            GROUP BY m.deployment_id
        ) k ON k.deployment_id = l.deployment_id AND l.seq < k.seq
        """, P.Of(before));

    public static Statement RuntimeLogs(DateTimeOffset before) => new("""
        SELECT pg_catalog.count(r.id)
        FROM deployment_runtime_logs r
        JOIN (
            SELECT m.deployment_id, coalesce(pg_catalog.min(m.seq) FILTER (WHERE m.timestamp >= @before), pg_catalog.max(m.seq)) AS seq
            FROM deployment_runtime_logs m
            GROUP BY m.deployment_id
        ) k ON k.deployment_id = r.deployment_id AND r.seq < k.seq
        """, P.Of(before));

    public static Statement HealthChecks(DateTimeOffset before) => new("""
        SELECT pg_catalog.count(h.id)
        FROM deployment_health_checks h
        WHERE h.checked_at < @before
        """, P.Of(before));

    public static Statement Sessions(DateTimeOffset now) => new($"""
        SELECT pg_catalog.count(e.id)
        FROM sessions e
        WHERE {SessionRepository.Purgeable}
        """, P.Of(now));

    public static Statement SignInAttempts(DateTimeOffset now) => new($"""
        SELECT pg_catalog.count(e.expires_at)
        FROM sign_in_attempts e
        WHERE {SignInThrottle.Purgeable}
        """, P.Of(now));

    public static Statement PasswordResetTokens(DateTimeOffset before) => new("""
        SELECT pg_catalog.count(t.id)
        FROM password_reset_tokens t
        WHERE t.expires_at < @before OR t.used_at < @before
        """, P.Of(before));

    public static Statement WebhookPayloads(DateTimeOffset before) => new("""
        SELECT pg_catalog.count(w.id)
        FROM webhook_payloads w
        WHERE w.received_at < @before
        """, P.Of(before));
}
