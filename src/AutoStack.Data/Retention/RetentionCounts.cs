using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Retention;

/// <summary>Counts the rows that the purges of the repositories would remove.</summary>
internal static class RetentionCounts
{
    /// <summary>
    /// The bytes of a table with its indexes per row, by the statistics of its last ANALYZE or VACUUM; NULL before the first one. Needs
    /// <c>@table</c>.
    /// </summary>
    internal const string BytesPerRow = """
        SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid)::float8) / nullif(pg_catalog.sum(c.reltuples::float8), 0::float8)
        FROM pg_catalog.pg_class c
        LEFT JOIN pg_catalog.pg_partition_tree(pg_catalog.to_regclass(@table)) t ON t.relid::oid = c.oid
        WHERE (c.oid = pg_catalog.to_regclass(@table)::oid OR t.isleaf) AND c.relkind = 'r' AND c.reltuples::float8 >= 0::float8
        """;

    public static Statement Deployments(DateTimeOffset before) => new($"""
        SELECT pg_catalog.count(d.id)
        FROM deployments d
        WHERE {DeploymentMaintenance.Purgeable}
        """, P.Of(before));

    public static Statement DeploymentLogs(DateTimeOffset before) => new(DueLogs.CountOfBuilds, P.Of(before));

    public static Statement RuntimeLogs(DateTimeOffset before) =>
        new(DueLogs.CountOfContainers, P.Of(before), P.Of((Guid?)null, "afterId"));

    public static Statement HealthChecks(DateTimeOffset before) =>
        new(DueHealthChecks.Count, P.Of(before), P.Of((Guid?)null, "afterId"));

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

    public static Statement PasswordResetTokens(DateTimeOffset before) => new($"""
        SELECT pg_catalog.count(e.id)
        FROM password_reset_tokens e
        WHERE {PasswordResetTokenRepository.Purgeable}
        """, P.Of(before));

    public static Statement EmailVerificationTokens(DateTimeOffset before) => new($"""
        SELECT pg_catalog.count(e.id)
        FROM email_verification_tokens e
        WHERE {EmailVerificationTokenRepository.Purgeable}
        """, P.Of(before));

    public static Statement WebhookPayloads(DateTimeOffset before) => new($"""
        SELECT pg_catalog.count(e.id)
        FROM webhook_payloads e
        WHERE {WebhookPayloadRepository.Purgeable}
        """, P.Of(before));
}
