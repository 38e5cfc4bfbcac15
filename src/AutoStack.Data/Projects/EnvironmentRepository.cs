using AutoStack.Data.Deployments;
using AutoStack.Data.Internal;
using AutoStack.Data.Security;

namespace AutoStack.Data.Projects;

internal sealed class EnvironmentRepository(Db db, TimeProvider clock, SecretProtector secrets) : IEnvironmentRepository
{
    // The columns as the encrypted values know their place.
    internal const string OfProject = "projects.env_vars";
    internal const string OfDeployment = "deployments.env_vars";

    // A deployment that may still be given an environment.
    private const string Open = $"d.env_vars IS NULL AND NOT d.is_deleted AND d.status NOT IN {DeploymentLifecycle.Finished}";

    internal static SecretColumn Projects { get; } = new(
        OfProject,
        (prefix, after, limit) => new Statement("""
            SELECT p.id, p.id, p.env_vars
            FROM projects p
            WHERE p.id > @after AND NOT starts_with(p.env_vars, @prefix)
            ORDER BY p.id
            LIMIT @limit
            """, P.Of(after), P.Text(prefix), P.Of(limit)),
        (id, old, renewed) => new Statement("""
            UPDATE projects p
            SET env_vars = @renewed
            WHERE p.id = @id AND p.env_vars = @old
            """, P.Of(id), P.Text(old), P.Text(renewed)));

    internal static SecretColumn Deployments { get; } = new(
        OfDeployment,
        (prefix, after, limit) => new Statement("""
            SELECT d.id, d.id, d.env_vars
            FROM deployments d
            WHERE d.id > @after AND NOT starts_with(d.env_vars, @prefix)
            ORDER BY d.id
            LIMIT @limit
            """, P.Of(after), P.Text(prefix), P.Of(limit)),
        (id, old, renewed) => new Statement("""
            UPDATE deployments d
            SET env_vars = @renewed
            WHERE d.id = @id AND d.env_vars = @old
            """, P.Of(id), P.Text(old), P.Text(renewed)));

    public async Task<Secret?> FindOfProjectAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken)
    {
        var stored = await db.ListAsync(row => row.TextOrNull(), """
            SELECT p.env_vars
            FROM projects p
            WHERE p.id = @projectId AND p.user_id = @ownerId
            """, [P.Of(projectId), P.Of(ownerId)], cancellationToken).ConfigureAwait(false);
        return stored is [var value] ? secrets.Open(value, OfProject, projectId) : null;
    }

    public async Task<Secret?> FindOfDeploymentAsync(Guid deploymentId, CancellationToken cancellationToken)
    {
        var stored = await db.ListAsync(row => row.TextOrNull(), """
            SELECT d.env_vars
            FROM deployments d
            WHERE d.id = @deploymentId AND NOT d.is_deleted
            """, [P.Of(deploymentId)], cancellationToken).ConfigureAwait(false);
        return stored is [var value] ? secrets.Open(value, OfDeployment, deploymentId) : null;
    }

    public async Task<bool> SetOfProjectAsync(Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken) =>
        await db.WriteAsync("""
            UPDATE projects p
            SET env_vars = @environment, updated_at = greatest(@now, p.updated_at + interval '1 microsecond')
            WHERE p.id = @projectId AND p.user_id = @ownerId
            """,
            [
                P.TextOrNull(secrets.Protect(environment, OfProject, projectId), name: "environment"),
                P.Of(clock.Now(), "now"),
                P.Of(projectId),
                P.Of(ownerId),
            ], cancellationToken).ConfigureAwait(false) == 1;

    public async Task<bool> SnapshotAsync(Guid deploymentId, CancellationToken cancellationToken)
    {
        var source = await db.FindAsync(row => new { ProjectId = row.Guid(), Environment = row.Text() }, $"""
            SELECT p.id, p.env_vars
            FROM deployments d
            JOIN projects p ON p.id = d.project_id
            WHERE d.id = @deploymentId AND {Open} AND p.env_vars IS NOT NULL
            """, [P.Of(deploymentId)], cancellationToken).ConfigureAwait(false);
        if (source is null)
        {
            return false;
        }

        // Sealed anew: a value opens in its own row only.
        var own = secrets.Protect(secrets.Open(source.Environment, OfProject, source.ProjectId), OfDeployment, deploymentId);
        return await db.WriteAsync($"""
            UPDATE deployments d
            SET env_vars = @own
            WHERE d.id = @deploymentId AND {Open}
            """, [P.TextOrNull(own), P.Of(deploymentId)], cancellationToken).ConfigureAwait(false) == 1;
    }
}
