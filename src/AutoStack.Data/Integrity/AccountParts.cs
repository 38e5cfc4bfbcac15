using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>Sessions, resets and counts of sign-ins. No result contains a token or a hash.</summary>
internal static class AccountParts
{
    /// <summary>A family of sessions belongs to one user, and at most one of them is not rotated.</summary>
    public static RowPart Families { get; } = new(Severity.Error, "sessions", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.id, t.user_id, t.family_id, t.rotated_at
            FROM sessions t
            WHERE {RangeSql.InRange}
        {RangeSql.Judge}
            SELECT
                s.id::text AS id,
                CASE
                    WHEN f.user_id <> s.user_id THEN 'a session and the first one of its family have different users'
                    ELSE 'a family has two sessions that are not rotated'
                END AS problem
            FROM seen s
            LEFT JOIN sessions f ON f.id = s.family_id
            WHERE f.user_id <> s.user_id
               OR s.rotated_at IS NULL AND EXISTS (
                   SELECT
                   FROM sessions o
                   WHERE o.user_id = s.user_id AND o.rotated_at IS NULL AND o.id <> s.id
                     AND coalesce(o.family_id, o.id) = coalesce(s.family_id, s.id))
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "Revoke the sessions of the user, who signs in again: ISessionRepository.RevokeAllAsync.");

    /// <summary>
    /// A user has at most one reset that can be used. The Python services leave two after parallel requests, so that this is a warning.
    /// </summary>
    public static RowPart Resets { get; } = new(Severity.Warning, "password_reset_tokens", (run, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.id, t.user_id, t.used_at, t.expires_at
            FROM password_reset_tokens t
            WHERE {RangeSql.InRange}
        {RangeSql.Judge}
            SELECT s.id::text AS id, 'a user has two resets that can be used' AS problem
            FROM seen s
            WHERE s.used_at IS NULL AND s.expires_at > {ServerTime.Present} AND EXISTS (
                SELECT
                FROM password_reset_tokens o
                WHERE o.user_id = s.user_id AND o.used_at IS NULL AND o.expires_at > {ServerTime.Present} AND o.id <> s.id)
        {RangeSql.Close}
        """, range.Start, range.Stop, ServerTime.Now(run.Clock)),
        "Issue another one, which ends them: IPasswordResetTokenRepository.IssueAsync; or wait an hour.");

    /// <summary>A count of sign-ins is not negative.</summary>
    public static RowPart Attempts { get; } = new(Severity.Warning, "sign_in_attempts", (_, range) => new Statement($"""
        {RangeSql.Open}
            SELECT t.ctid, t.attempts
            FROM sign_in_attempts t
            WHERE {RangeSql.InRange}
        {RangeSql.Judge}
            SELECT s.ctid::text AS id, 'a count of sign-ins is negative' AS problem
            FROM seen s
            WHERE s.attempts < 0
        {RangeSql.Close}
        """, range.Start, range.Stop),
        "Remove the rows with negative attempts from sign_in_attempts; they also expire.");
}
