namespace AutoStack.Data.Projects;

/// <summary>
/// The environment variables of a user's projects, <c>env_vars</c>: a text that is written and read as a whole. It is
/// stored encrypted (<see cref="AutoStackDataOptions.SecretKeys"/>), bound to its row, to the owner and to a version: it opens neither in
/// another row, nor after a change of the owner, nor in place of a later value. Values that the Python services stored in clear are read,
/// and encrypted at the next write.
/// </summary>
public interface IProjectEnvironmentRepository
{
    /// <summary>Reads the environment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The environment; null when there is none, or the project belongs to somebody else.</returns>
    /// <exception cref="SecretUnreadableException">
    /// The value's key is not configured; or the value was changed, moved or restored, or its row was given to another owner; or it is in a
    /// form that
    /// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> refuses.
    /// </exception>
    Task<Secret?> FindAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Stores the environment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="environment">The environment; null for none.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when there is no such project of this user.</returns>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<bool> SetAsync(Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken = default);
}
