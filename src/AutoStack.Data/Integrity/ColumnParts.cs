using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Integrity;

/// <summary>The form of the texts in single columns. No result contains a text.</summary>
internal static class ColumnParts
{
    private const string Sha256 = "[0-9a-f]{64}";
    private const string Uuid = "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";

    // A column whose text does not match @pattern. NULL passes.
    private const string Mismatches = $"""
        SELECT c.relname::text || '.' || a.attname::text, {CatalogSql.TableColumns},
            pg_catalog.format('t.%I::pg_catalog.text OPERATOR(pg_catalog.!~) %L', a.attname, @pattern::text)
        {CatalogSql.FromTables}
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attname::text = @column AND NOT a.attisdropped
        WHERE {CatalogSql.OfAutoStack} AND c.oid IN (
            SELECT pg_catalog.to_regclass(@table)::oid
            UNION ALL
            SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(@table)) p)
        """;

    /// <summary>
    /// Hashes of tokens, of clients and of passwords. The Python services store the tokens of sessions in clear, as UUIDs.
    /// </summary>
    public static IntegrityPart[] Hashes { get; } =
    [
        Form("sessions", "token", $"^({Sha256}|{Uuid})$", "a token is neither a SHA-256 nor a UUID", "Remove the session."),
        Form("sessions", "client_key_hash", $"^{Sha256}$", "the hash of a client is not a SHA-256", "Remove the session."),
        Form("sessions", "sealed_token", "^[A-Za-z0-9_-]+$", "a sealed token is not base64url", "Remove the session."),
        Form("password_reset_tokens", "token_hash", $"^{Sha256}$", "a hash is not a SHA-256", "Remove the row."),
        Form("email_verification_tokens", "token_hash", $"^{Sha256}$", "a hash is not a SHA-256", "Remove the row."),
        Form("sign_in_attempts", "subject_hash", $"^{Sha256}$", "a subject is not a SHA-256", "Remove the row."),
        Form(
            "users", "password_hash", @"^\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}$", "a password is not a bcrypt hash",
            "Set password_hash to NULL: the user asks for a reset."),
    ];

    /// <summary>Texts of the sets that the library knows, in any case. Other writers may store others, so that this is a warning.</summary>
    public static IntegrityPart[] Values { get; } =
    [
        Known<DeploymentStatus>("deployments", "status"),
        Known<CreatorType>("deployments", "creator_type"),
        Known<StageName>("deployment_stages", "stage_name", "success", "failed", "cancelled"),
        Known<StageStatus>("deployment_stages", "status"),
        Known<ContainerStatus>("deployment_containers", "status"),
        Known<DeploymentLogLevel>("deployment_logs", "log_level"),
        Known<RuntimeLogSource>("deployment_runtime_logs", "source"),
        Known<DeploymentLogLevel>("deployment_runtime_logs", "log_level"),
        Known<ProjectRuntime>("projects", "runtime"),
        Known<Theme>("user_preferences", "theme"),
        Known<EmailPurpose>("email_verification_tokens", "purpose"),
        Known<WebhookProvider>("webhook_payloads", "provider"),
    ];

    /// <summary>Every text is valid in the encoding. The server raises an error for the first one that is not.</summary>
    public static CatalogPart Encoding { get; } = new(
        Severity.Error, "a text is not valid", $"""
        SELECT c.relname::text, {CatalogSql.TableColumns}, f.condition
        {CatalogSql.FromTables}
        CROSS JOIN LATERAL (
            SELECT pg_catalog.string_agg(
                pg_catalog.format(
                    'pg_catalog.length(pg_catalog.convert_to(t.%I::pg_catalog.text, ''UTF8'')) OPERATOR(pg_catalog.<) 0', a.attname),
                ' OR ') AS condition
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
              AND a.atttypid IN ('text'::regtype::oid, 'varchar'::regtype::oid, 'bpchar'::regtype::oid)
        ) f
        WHERE {CatalogSql.OfAutoStack} AND f.condition IS NOT NULL
        """, () => [],
        "Restore the rows of the page from a backup; the disk or the memory may be damaged.");

    private static CatalogPart Form(string table, string column, string pattern, string problem, string mend) => new(
        Severity.Error, problem, Mismatches, () => [P.Text(table), P.Text(column), P.Text(pattern)], mend);

    private static CatalogPart Known<T>(string table, string column, params string[] more)
        where T : struct, ITextValue<T>
    {
        var pattern = $"(?i)^({string.Join('|', T.Known.Select(value => value.Value).Concat(more))})$";
        return new CatalogPart(
            Severity.Warning, "a value is not one that the library knows", Mismatches,
            () => [P.Text(table), P.Text(column), P.Text(pattern)],
            $"Set it to one of {string.Join(", ", T.Known)}, or leave it to the program that wrote it.");
    }
}
