using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

/// <summary>The statements that count and hash the tokens that other programs have stored in clear.</summary>
internal sealed partial class SessionRepository
{
    /// <summary>The column of the tokens' hashes.</summary>
    internal const string Tokens = "sessions.token";

    // Whether a session s holds a token in clear, as the Python services stored it: a UUID, as SessionToken accepts it.
    private const string IsClear = "s.token::text ~ '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$'::text";

    /// <summary>Selects the last of the ids that follow an id.</summary>
    internal static Statement Window(Guid? after, int limit) => new($"""
        SELECT w.id
        FROM (
            SELECT s.id
            FROM sessions s
            WHERE s.id >= coalesce(@after, {Ids.Least}) AND s.id IS DISTINCT FROM @after
            ORDER BY s.id
            LIMIT @limit
        ) w
        ORDER BY w.id DESC
        LIMIT 1
        """, P.Of(after), P.Of(limit));

    /// <summary>Counts the sessions of a window by whether their token is stored in clear.</summary>
    internal static Statement TokenForms(Guid? after, Guid upTo) => new($"""
        SELECT {IsClear}, pg_catalog.count(s.id)
        FROM sessions s
        WHERE s.id >= coalesce(@after, {Ids.Least}) AND s.id IS DISTINCT FROM @after AND s.id <= @upTo
        GROUP BY 1
        """, P.Of(after), P.Of(upTo));

    /// <summary>Selects ids of sessions whose token is stored in clear, after an id.</summary>
    internal static Statement ClearTokens(Guid? after, Guid upTo, int limit) => new($"""
        SELECT s.id
        FROM sessions s
        WHERE s.id >= coalesce(@after, {Ids.Least}) AND s.id IS DISTINCT FROM @after AND s.id <= @upTo AND {IsClear}
        ORDER BY s.id
        LIMIT @limit
        """, P.Of(after), P.Of(upTo), P.Of(limit));

    /// <summary>Replaces each token that is still stored in clear by its SHA-256.</summary>
    internal static Statement HashTokens(Guid[] ids) => new($"""
        UPDATE sessions s
        SET token = pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(s.token::text, 'UTF8')), 'hex')
        WHERE s.id = ANY (@ids) AND {IsClear}
        RETURNING s.id
        """, P.Of(ids));

    /// <summary>Selects those of the sessions whose token is not in clear.</summary>
    internal static Statement HashedTokens(Guid[] ids) => new($"""
        SELECT s.id
        FROM sessions s
        WHERE s.id = ANY (@ids) AND NOT ({IsClear})
        """, P.Of(ids));
}
