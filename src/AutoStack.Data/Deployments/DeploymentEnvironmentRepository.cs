using AutoStack.Data.Postgres;
using AutoStack.Data.Projects;
using AutoStack.Data.Secrets;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Deployments;

internal sealed class DeploymentEnvironmentRepository(Db db, SecretProtector secrets)
    : IDeploymentEnvironmentRepository, IPlatformDeploymentEnvironmentRepository
{
    // The condition for a deployment that can still get an environment. Needs the row d.
    private const string AwaitsEnvironment = $"d.env_vars IS NULL AND {DeploymentState.Open}";

    /// <summary>The column, for the rotation of secret keys.</summary>
    internal static SecretColumn Secrets { get; } = new(
        "deployments.env_vars",
        window: $"""
            SELECT w.id
            FROM (
                SELECT d.id
                FROM deployments d
                WHERE d.id >= coalesce(@after, {Ids.Least}) AND d.id IS DISTINCT FROM @after
                ORDER BY d.id
                LIMIT @limit
            ) w
            ORDER BY w.id DESC
            LIMIT 1
            """,
        forms: $"""
            SELECT pg_catalog.substring(d.env_vars::text, {StoredForm.Header}), d.env_vars_version IS NOT NULL,
                pg_catalog.count(d.id)
            FROM deployments d
            WHERE d.id >= coalesce(@after, {Ids.Least}) AND d.id IS DISTINCT FROM @after AND d.id <= @upTo AND d.env_vars IS NOT NULL
            GROUP BY 1, 2
            """,
        stale: $"""
            SELECT s.id, s.env_vars, s.env_vars_version, s.project_id, s.user_id, s.found
            FROM (
                SELECT k.id, k.env_vars, k.env_vars_version, k.project_id, k.user_id, pg_catalog.count(k.id) OVER () AS found,
                    pg_catalog.sum(pg_catalog.octet_length(k.env_vars)) OVER (ORDER BY k.id) - pg_catalog.octet_length(k.env_vars) AS bytes
                FROM (
                    SELECT d.id, d.env_vars, d.env_vars_version, d.project_id, d.user_id
                    FROM deployments d
                    WHERE d.id >= coalesce(@after, {Ids.Least}) AND d.id IS DISTINCT FROM @after AND d.id <= @upTo
                      AND d.env_vars IS NOT NULL
                      AND (NOT pg_catalog.starts_with(d.env_vars, @prefix) OR d.env_vars_version IS NULL)
                    ORDER BY d.id
                    LIMIT @limit
                ) k
            ) s
            WHERE s.bytes < {Limit.AnswerBytes}
            ORDER BY s.id
            """,
        place: (row, id) => PlaceOf(id, row.Guid(), row.Guid()),
        replace: """
            UPDATE deployments d
            SET env_vars = @renewed, env_vars_version = @version
            WHERE d.id = @id AND (d.env_vars = @old AND d.env_vars_version IS NOT DISTINCT FROM @oldVersion
              OR d.env_vars = @renewed AND d.env_vars_version IS NOT DISTINCT FROM @version)
            """);

    public async Task<Secret?> FindAsync(Guid deploymentId, CancellationToken cancellationToken)
    {
        var found = await db.FindAsync(
            row => new { Stored = StoredSecret.Read(row), Place = PlaceOf(deploymentId, row.Guid(), row.Guid()) }, """
            SELECT d.env_vars, d.env_vars_version, d.project_id, d.user_id
            FROM deployments d
            WHERE d.id = @deploymentId AND NOT d.is_deleted
            """, [P.Of(deploymentId)], cancellationToken).ConfigureAwait(false);
        return found is null ? null : secrets.Open(found.Stored, found.Place);
    }

    public async Task<bool> SnapshotAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken)
    {
        db.Writes();
        var source = await db.FindAsync(row => new { ProjectId = row.Guid(), Stored = StoredSecret.Read(row) }, $"""
            SELECT p.id, p.env_vars, p.env_vars_version
            FROM deployments d
            JOIN projects p ON p.id = d.project_id AND p.user_id = d.user_id
            WHERE d.id = @deploymentId AND d.user_id = @ownerId AND {AwaitsEnvironment} AND p.env_vars IS NOT NULL
              AND {AccountState.OwnerIsOpen}
            """, [P.Of(deploymentId), P.Of(ownerId)], cancellationToken).ConfigureAwait(false);
        if (source is null)
        {
            return false;
        }

        // Encrypted again, because a value can be decrypted in its own row only.
        var environment = secrets.Open(source.Stored, ProjectEnvironmentRepository.PlaceOf(source.ProjectId, ownerId));
        var own = secrets.Protect(environment, PlaceOf(deploymentId, source.ProjectId, ownerId));
        var set = new Statement($"""
            UPDATE deployments d
            SET env_vars = @own, env_vars_version = @version
            WHERE d.id = @deploymentId AND d.project_id = @projectId AND d.user_id = @ownerId AND {AwaitsEnvironment}
              AND {AccountState.OwnerIsOpen}
            RETURNING d.id
            """,
            P.TextOrNull(own.Value, name: "own"),
            P.Of(own.Version),
            P.Of(deploymentId),
            P.Of(source.ProjectId),
            P.Of(ownerId));

        // An encrypted value is new with each call: a repetition recognises the value of its first attempt.
        var stored = new Statement("""
            SELECT 1
            FROM deployments d
            WHERE d.id = @deploymentId AND d.env_vars = @own
            """, P.Of(deploymentId), P.TextOrNull(own.Value, name: "own"));
        return await db.WriteBatchAsync(
            async sets =>
            {
                var isSet = await sets.AnyAsync().ConfigureAwait(false);
                return await sets.AnyAsync().ConfigureAwait(false) && (isSet || sets.IsRepeated);
            },
            [set, stored], cancellationToken).ConfigureAwait(false);
    }

    // The place includes the project: a deployment that was moved to another project would be built from that project's repository.
    internal static SecretPlace PlaceOf(Guid id, Guid projectId, Guid ownerId) => new(Secrets.Name, id, projectId, ownerId);
}
