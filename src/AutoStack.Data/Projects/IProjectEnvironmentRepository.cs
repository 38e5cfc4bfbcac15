namespace AutoStack.Data.Projects;

/// <summary>
/// The environment variables of a user's projects, <c>env_vars</c>: one text, read and written as a whole. It is stored encrypted
/// (<see cref="AutoStackDataOptions.SecretKeys"/>) and bound to its row, its owner and a version: a copy in another row, a value after a
/// change of the owner, and an earlier value put back cannot be decrypted. Values that the Python services stored in clear are read, and
/// encrypted by the next write.
/// </summary>
public interface IProjectEnvironmentRepository
{
    /// <summary>The maximum length of an environment, in bytes of UTF-8. Longer ones of other writers are read.</summary>
    const int MaxBytes = 256 * 1024;

    /// <summary>Reads the environment of a project.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns the project.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The environment; null when the project has none, does not exist, or belongs to another user.</returns>
    /// <exception cref="SecretUnreadableException">
    /// The value's key is not configured; or the value was changed, moved or restored, or its row was given to another owner; or
    /// <see cref="AutoStackDataOptions.AcceptClearSecrets"/> refuses the value's form.
    /// </exception>
    Task<Secret?> FindAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Replaces the environment of a project. A repeated call stores the same environment again.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns the project.</param>
    /// <param name="environment">The environment, up to <see cref="MaxBytes"/>; null to remove it.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether the environment was stored.</returns>
    /// <exception cref="ArgumentException"><paramref name="environment"/> is longer than <see cref="MaxBytes"/>.</exception>
    /// <exception cref="InvalidOperationException">No key is configured.</exception>
    Task<EnvironmentOutcome> ReplaceAsync(Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken = default);
}

/// <summary>How replacing an environment ended.</summary>
public enum EnvironmentOutcome
{
    /// <summary>The environment was stored, or removed.</summary>
    Replaced,

    /// <summary>The project does not exist, or belongs to another user; nothing was stored.</summary>
    NotFound,
}
