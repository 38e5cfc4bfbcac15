using AutoStack.Data.Deployments;
using AutoStack.Data.Internal;
using AutoStack.Data.Security;

namespace AutoStack.Data.Projects;

internal sealed class EnvironmentRepository(Db db, TimeProvider clock, SecretProtector secrets)
    : IEnvironmentRepository, IPlatformEnvironmentRepository
{
    // The columns as the encrypted values know their place.
    private const string OfProject = "projects.env_vars";
    private const string OfDeployment = "deployments.env_vars";

    // A deployment that may still be given an environment.
    private const string Open =
        $"d.env_vars IS NULL AND NOT d.is_deleted AND pg_catalog.lower(d.status::text) NOT IN {DeploymentLifecycle.Finished}";

    internal static SecretColumn Projects { get; } = new(
        OfProject,
        (prefix, after, limit) => new Statement("""
            SELECT p.id, p.env_vars, p.env_vars_version, p.user_id
            FROM projects p
            WHERE p.id > @after AND p.env_vars IS NOT NULL
              AND (NOT pg_catalog.starts_with(p.env_vars, @prefix) OR p.env_vars_version IS NULL)
            ORDER BY p.id
            LIMIT @limit
            """, P.Of(after), P.Text(prefix), P.Of(limit)),
        row =>
        {
            var id = row.Guid();
            return new StaleSecret(id, ReadSecret(row), PlaceOfProject(id, row.Guid()));
        },
        (id, old, renewed) => new Statement("""
            UPDATE projects p
            SET env_vars = @renewed, env_vars_version = @version
            WHERE p.id = @id AND p.env_vars = @old AND p.env_vars_version IS NOT DISTINCT FROM @oldVersion
            """,
            P.Of(id),
            P.Text(old.Value!, name: "old"),
            P.Of(old.Version, "oldVersion"),
            P.Text(renewed.Value!, name: "renewed"),
            P.Of(renewed.Version)));

    internal static SecretColumn Deployments { get; } = new(
        OfDeployment,
        (prefix, after, limit) => new Statement("""
            SELECT d.id, d.env_vars, d.env_vars_version, d.project_id, d.user_id
            FROM deployments d
            WHERE d.id > @after AND d.env_vars IS NOT NULL
              AND (NOT pg_catalog.starts_with(d.env_vars, @prefix) OR d.env_vars_version IS NULL)
            ORDER BY d.id
            LIMIT @limit
            """, P.Of(after), P.Text(prefix), P.Of(limit)),
        row =>
        {
            var id = row.Guid();
            return new StaleSecret(id, ReadSecret(row), PlaceOfDeployment(id, row.Guid(), row.Guid()));
        },
        (id, old, renewed) => new Statement("""
            UPDATE deployments d
            SET env_vars = @renewed, env_vars_version = @version
            WHERE d.id = @id AND d.env_vars = @old AND d.env_vars_version IS NOT DISTINCT FROM @oldVersion
            """,
            P.Of(id),
            P.Text(old.Value!, name: "old"),
            P.Of(old.Version, "oldVersion"),
            P.Text(renewed.Value!, name: "renewed"),
            P.Of(renewed.Version)));

    public async Task<Secret?> FindOfProjectAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken)
    {
        var stored = await db.FindValueAsync(ReadSecret, """
            SELECT p.env_vars, p.env_vars_version
            FROM projects p
            WHERE p.id = @projectId AND p.user_id = @ownerId
            """, [P.Of(projectId), P.Of(ownerId)], cancellationToken).ConfigureAwait(false);
        return secrets.Open(stored ?? default, PlaceOfProject(projectId, ownerId));
    }

    public async Task<Secret?> FindOfDeploymentAsync(Guid deploymentId, CancellationToken cancellationToken)
    {
        var found = await db.FindAsync(
            row => new { Stored = ReadSecret(row), Place = PlaceOfDeployment(deploymentId, row.Guid(), row.Guid()) }, """
            SELECT d.env_vars, d.env_vars_version, d.project_id, d.user_id
            FROM deployments d
            WHERE d.id = @deploymentId AND NOT d.is_deleted
            """, [P.Of(deploymentId)], cancellationToken).ConfigureAwait(false);
        return found is null ? null : secrets.Open(found.Stored, found.Place);
    }

    public async Task<bool> SetOfProjectAsync(Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken)
    {
        var stored = secrets.Protect(environment, PlaceOfProject(projectId, ownerId));
        return await db.WriteAsync($"""
            UPDATE projects p
            SET env_vars = @environment, env_vars_version = @version,
                updated_at = greatest({ServerTime.Present}, p.updated_at + interval '1 microsecond')
            WHERE p.id = @projectId AND p.user_id = @ownerId
            """,
            [
                P.TextOrNull(stored.Value, name: "environment"),
                P.Of(stored.Version),
                ServerTime.Now(clock),
                P.Of(projectId),
                P.Of(ownerId),
            ], cancellationToken).ConfigureAwait(false) == 1;
    }

    public async Task<bool> SnapshotAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken)
    {
        var source = await db.FindAsync(row => new { ProjectId = row.Guid(), Stored = ReadSecret(row) }, $"""
            SELECT p.id, p.env_vars, p.env_vars_version
            FROM deployments d
            JOIN projects p ON p.id = d.project_id AND p.user_id = d.user_id
            WHERE d.id = @deploymentId AND d.user_id = @ownerId AND {Open} AND p.env_vars IS NOT NULL
            """, [P.Of(deploymentId), P.Of(ownerId)], cancellationToken).ConfigureAwait(false);
        if (source is null)
        {
            return false;
        }

        // Sealed anew: a value opens in its own row only.
        var environment = secrets.Open(source.Stored, PlaceOfProject(source.ProjectId, ownerId));
        var own = secrets.Protect(environment, PlaceOfDeployment(deploymentId, source.ProjectId, ownerId));
        return await db.WriteAsync($"""
            UPDATE deployments d
            SET env_vars = @own, env_vars_version = @version
            WHERE d.id = @deploymentId AND d.project_id = @projectId AND d.user_id = @ownerId AND {Open}
            """,
            [
                P.TextOrNull(own.Value, name: "own"),
                P.Of(own.Version),
                P.Of(deploymentId),
                P.Of(source.ProjectId),
                P.Of(ownerId),
            ], cancellationToken).ConfigureAwait(false) == 1;
    }

    private static StoredSecret ReadSecret(RowReader row) => new(row.TextOrNull(), row.GuidOrNull());

    private static SecretPlace PlaceOfProject(Guid id, Guid ownerId) => new(OfProject, id, ownerId);

    // The project too: a deployment that was moved to another project would be built from that one's repository.
    private static SecretPlace PlaceOfDeployment(Guid id, Guid projectId, Guid ownerId) => new(OfDeployment, id, projectId, ownerId);
}
