using System.Text;
using AutoStack.Data.Postgres;
using AutoStack.Data.Secrets;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Projects;

internal sealed class ProjectEnvironmentRepository(Db db, TimeProvider clock, SecretProtector secrets) : IProjectEnvironmentRepository
{
    /// <summary>The column, for the rotation of keys.</summary>
    internal static SecretColumn Secrets { get; } = new(
        "projects.env_vars",
        window: $"""
            SELECT w.id
            FROM (
                SELECT p.id
                FROM projects p
                WHERE p.id >= coalesce(@after, {Ids.Least}) AND p.id IS DISTINCT FROM @after
                ORDER BY p.id
                LIMIT @limit
            ) w
            ORDER BY w.id DESC
            LIMIT 1
            """,
        forms: $"""
            SELECT pg_catalog.substring(p.env_vars::text, {StoredForm.Header}), p.env_vars_version IS NOT NULL,
                pg_catalog.count(p.id)
            FROM projects p
            WHERE p.id >= coalesce(@after, {Ids.Least}) AND p.id IS DISTINCT FROM @after AND p.id <= @upTo AND p.env_vars IS NOT NULL
            GROUP BY 1, 2
            """,
        stale: $"""
            SELECT s.id, s.env_vars, s.env_vars_version, s.user_id, s.found
            FROM (
                SELECT k.id, k.env_vars, k.env_vars_version, k.user_id, pg_catalog.count(k.id) OVER () AS found,
                    pg_catalog.sum(pg_catalog.octet_length(k.env_vars)) OVER (ORDER BY k.id) - pg_catalog.octet_length(k.env_vars) AS bytes
                FROM (
                    SELECT p.id, p.env_vars, p.env_vars_version, p.user_id
                    FROM projects p
                    WHERE p.id >= coalesce(@after, {Ids.Least}) AND p.id IS DISTINCT FROM @after AND p.id <= @upTo
                      AND p.env_vars IS NOT NULL
                      AND (NOT pg_catalog.starts_with(p.env_vars, @prefix) OR p.env_vars_version IS NULL)
                    ORDER BY p.id
                    LIMIT @limit
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            ORDER BY s.id
            """,
        place: (row, id) => PlaceOf(id, row.Guid()),
        replace: """
            UPDATE projects p
            SET env_vars = @renewed, env_vars_version = @version
            WHERE p.id = @id AND (p.env_vars = @old AND p.env_vars_version IS NOT DISTINCT FROM @oldVersion
              OR p.env_vars = @renewed AND p.env_vars_version IS NOT DISTINCT FROM @version)
            """,
        sample: """
            SELECT p.id, p.env_vars, p.env_vars_version, p.user_id
            FROM projects p
            WHERE p.id = ANY (pg_catalog.array_cat(
                ARRAY(
                    SELECT f.id
                    FROM (
                        SELECT w.id, w.env_vars IS NOT NULL AS is_set
                        FROM projects w
                        ORDER BY w.id
                        LIMIT @window) f
                    WHERE f.is_set
                    ORDER BY f.id
                    LIMIT @limit),
                ARRAY(
                    SELECT l.id
                    FROM (
                        SELECT w.id, w.env_vars IS NOT NULL AS is_set
                        FROM projects w
                        ORDER BY w.id DESC
                        LIMIT @window) l
                    WHERE l.is_set
                    ORDER BY l.id DESC
                    LIMIT @limit)))
            ORDER BY p.id
            """);

    /// <summary>The place that a project's environment is bound to.</summary>
    internal static SecretPlace PlaceOf(Guid id, Guid ownerId) => new(Secrets.Name, id, ownerId);

    public async Task<Secret?> FindAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken)
    {
        var stored = await db.FindValueAsync(StoredSecret.Read, $"""
            SELECT p.env_vars, p.env_vars_version
            FROM projects p
            WHERE p.id = @projectId AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """, [P.Of(projectId), P.Of(ownerId)], cancellationToken).ConfigureAwait(false);
        return secrets.Open(stored ?? default, PlaceOf(projectId, ownerId));
    }

    public async Task<EnvironmentOutcome> ReplaceAsync(
        Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetByteCount(environment?.Reveal() ?? "") is > IProjectEnvironmentRepository.MaxBytes and var bytes)
        {
            throw new ArgumentException(
                $"{nameof(environment)} is {bytes} bytes long; at most {IProjectEnvironmentRepository.MaxBytes} can be stored.",
                nameof(environment));
        }

        var stored = secrets.Protect(environment, PlaceOf(projectId, ownerId));
        var rows = await db.WriteAsync($"""
            UPDATE projects p
            SET env_vars = @environment, env_vars_version = @version,
                updated_at = {ProjectRepository.Changed}
            WHERE p.id = @projectId AND p.user_id = @ownerId AND {AccountState.OwnerIsOpen}
            """,
            [
                P.TextOrNull(stored.Value, name: "environment"),
                P.Of(stored.Version),
                ServerTime.Now(clock),
                P.Of(projectId),
                P.Of(ownerId),
            ], cancellationToken).ConfigureAwait(false);
        return rows == 1 ? EnvironmentOutcome.Replaced : EnvironmentOutcome.NotFound;
    }
}
