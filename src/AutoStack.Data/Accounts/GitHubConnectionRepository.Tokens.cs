using AutoStack.Data.Secrets;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <content>The columns of the tokens, for the rotation of keys.</content>
internal sealed partial class GitHubConnectionRepository
{
    // Both tokens are columns of the same rows.
    private const string Window = $"""
        SELECT w.id
        FROM (
            SELECT g.id
            FROM github_connections g
            WHERE g.id >= coalesce(@after, {Ids.Least}) AND g.id IS DISTINCT FROM @after
            ORDER BY g.id
            LIMIT @limit
        ) w
        ORDER BY w.id DESC
        LIMIT 1
        """;

    // The tokens are bound to the user, who has at most one connection: the upsert does not know the id of an existing row.
    internal static SecretColumn AccessTokens { get; } = new(
        "github_connections.github_access_token",
        Window,
        forms: $"""
            SELECT pg_catalog.substring(g.github_access_token::text, {StoredForm.Header}), g.github_access_token_version IS NOT NULL,
                pg_catalog.count(g.id)
            FROM github_connections g
            WHERE g.id >= coalesce(@after, {Ids.Least}) AND g.id IS DISTINCT FROM @after
              AND g.id <= @upTo AND g.github_access_token IS NOT NULL
            GROUP BY 1, 2
            """,
        stale: $"""
            SELECT s.id, s.github_access_token, s.github_access_token_version, s.user_id, s.found
            FROM (
                SELECT k.id, k.github_access_token, k.github_access_token_version, k.user_id, pg_catalog.count(k.id) OVER () AS found,
                    pg_catalog.sum(pg_catalog.octet_length(k.github_access_token)) OVER (ORDER BY k.id)
                        - pg_catalog.octet_length(k.github_access_token) AS bytes
                FROM (
                    SELECT g.id, g.github_access_token, g.github_access_token_version, g.user_id
                    FROM github_connections g
                    WHERE g.id >= coalesce(@after, {Ids.Least}) AND g.id IS DISTINCT FROM @after
                      AND g.id <= @upTo AND g.github_access_token IS NOT NULL
                      AND (NOT pg_catalog.starts_with(g.github_access_token, @prefix) OR g.github_access_token_version IS NULL)
                    ORDER BY g.id
                    LIMIT @limit
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            ORDER BY s.id
            """,
        place: (row, _) => AccessTokenOf(row.Guid()),
        replace: """
            UPDATE github_connections g
            SET github_access_token = @renewed, github_access_token_version = @version
            WHERE g.id = @id AND (g.github_access_token = @old AND g.github_access_token_version IS NOT DISTINCT FROM @oldVersion
              OR g.github_access_token = @renewed AND g.github_access_token_version IS NOT DISTINCT FROM @version)
            """,
        sample: """
            SELECT g.id, g.github_access_token, g.github_access_token_version, g.user_id
            FROM github_connections g
            WHERE g.id = ANY (pg_catalog.array_cat(
                ARRAY(
                    SELECT f.id
                    FROM (
                        SELECT w.id, w.github_access_token IS NOT NULL AS is_set
                        FROM github_connections w
                        ORDER BY w.id
                        LIMIT @window) f
                    WHERE f.is_set
                    ORDER BY f.id
                    LIMIT @limit),
                ARRAY(
                    SELECT l.id
                    FROM (
                        SELECT w.id, w.github_access_token IS NOT NULL AS is_set
                        FROM github_connections w
                        ORDER BY w.id DESC
                        LIMIT @window) l
                    WHERE l.is_set
                    ORDER BY l.id DESC
                    LIMIT @limit)))
            ORDER BY g.id
            """);

    internal static SecretColumn RefreshTokens { get; } = new(
        "github_connections.github_refresh_token",
        Window,
        forms: $"""
            SELECT pg_catalog.substring(g.github_refresh_token::text, {StoredForm.Header}), g.github_refresh_token_version IS NOT NULL,
                pg_catalog.count(g.id)
            FROM github_connections g
            WHERE g.id >= coalesce(@after, {Ids.Least}) AND g.id IS DISTINCT FROM @after
              AND g.id <= @upTo AND g.github_refresh_token IS NOT NULL
            GROUP BY 1, 2
            """,
        stale: $"""
            SELECT s.id, s.github_refresh_token, s.github_refresh_token_version, s.user_id, s.found
            FROM (
                SELECT k.id, k.github_refresh_token, k.github_refresh_token_version, k.user_id, pg_catalog.count(k.id) OVER () AS found,
                    pg_catalog.sum(pg_catalog.octet_length(k.github_refresh_token)) OVER (ORDER BY k.id)
                        - pg_catalog.octet_length(k.github_refresh_token) AS bytes
                FROM (
                    SELECT g.id, g.github_refresh_token, g.github_refresh_token_version, g.user_id
                    FROM github_connections g
                    WHERE g.id >= coalesce(@after, {Ids.Least}) AND g.id IS DISTINCT FROM @after
                      AND g.id <= @upTo AND g.github_refresh_token IS NOT NULL
                      AND (NOT pg_catalog.starts_with(g.github_refresh_token, @prefix) OR g.github_refresh_token_version IS NULL)
                    ORDER BY g.id
                    LIMIT @limit
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            ORDER BY s.id
            """,
        place: (row, _) => RefreshTokenOf(row.Guid()),
        replace: """
            UPDATE github_connections g
            SET github_refresh_token = @renewed, github_refresh_token_version = @version
            WHERE g.id = @id AND (g.github_refresh_token = @old AND g.github_refresh_token_version IS NOT DISTINCT FROM @oldVersion
              OR g.github_refresh_token = @renewed AND g.github_refresh_token_version IS NOT DISTINCT FROM @version)
            """);
}
