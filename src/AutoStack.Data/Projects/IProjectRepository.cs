namespace AutoStack.Data.Projects;

/// <summary>The table <c>projects</c>, for a user's request.</summary>
public interface IProjectRepository
{
    /// <summary>Finds a project of a user.</summary>
    /// <param name="id">The project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The project; null when it does not exist or belongs to another user.</returns>
    Task<Project?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds a user's project by its repository, in any spelling: first a project with the same host, then one without a host; the oldest
    /// of several.
    /// </summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="repository">
    /// The repository, up to 1,000 characters, as in <see cref="IPlatformProjectRepository.ListByRepositoryAsync"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The project; null when the user has no project of this repository.</returns>
    /// <exception cref="ArgumentException"><paramref name="repository"/> is null, blank or too long.</exception>
    Task<Project?> FindByRepositoryAsync(Guid ownerId, string repository, CancellationToken cancellationToken = default);

    /// <summary>Creates a project. A repeated call with the same id and owner returns the existing project.</summary>
    /// <param name="project">The project.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The project as stored.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank or too long, the runtime is unknown, or the branch or repository is invalid; the message names the value.
    /// </exception>
    /// <exception cref="MissingReferenceException">The user does not exist.</exception>
    /// <exception cref="DuplicateException">The id belongs to another user's project.</exception>
    Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds a user's project by its repository and updates it, or creates it when it does not exist; values that the patch leaves out
    /// stay. Concurrent calls create one project. A repeated call with the same id returns the project that the first call created, and
    /// does not apply the patch to it.
    /// </summary>
    /// <remarks>
    /// A call without an id applies the patch to a project that an earlier call created. To repeat a call after a lost answer, set
    /// <see cref="NewProject.Id"/>.
    /// </remarks>
    /// <param name="project">The project to create; its owner and repository identify the project to update.</param>
    /// <param name="patch">The values to update if the project exists.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The project as stored.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank or too long, the runtime is unknown, or the branch or repository is invalid; the message names the value.
    /// </exception>
    /// <exception cref="MissingReferenceException">The user does not exist.</exception>
    /// <exception cref="DuplicateException">The id belongs to another project.</exception>
    /// <exception cref="ConflictException">Projects of the repository were added and removed concurrently, several times.</exception>
    Task<Project> EnsureAsync(NewProject project, ProjectPatch patch, CancellationToken cancellationToken = default);

    /// <summary>
    /// Updates a project of a user. A repeated call with the same <paramref name="expectedVersion"/> returns
    /// <see cref="UpdateOutcome.Updated"/> while the project has every value of the patch.
    /// </summary>
    /// <param name="id">The project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="patch">The values to update.</param>
    /// <param name="expectedVersion">
    /// The <see cref="Project.UpdatedAt"/> that the caller has read; null to update whatever is stored. Another version is a conflict only
    /// when a value of the patch differs from the stored one.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether the project was updated, and the project as it is now.</returns>
    /// <exception cref="ArgumentException">
    /// A value is null, blank or too long, the runtime is unknown, or the branch or repository is invalid; the message names the value.
    /// </exception>
    Task<ProjectUpdateResult> UpdateAsync(
        Guid id, Guid ownerId, ProjectPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken = default);

    /// <summary>Removes a project of a user with its deployments and everything that belongs to them. Webhook payloads stay.</summary>
    /// <param name="id">The project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>
    /// False when the project does not exist or belongs to another user. After a lost answer the library repeats the call, which is true
    /// when the project is gone.
    /// </returns>
    Task<bool> RemoveAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);
}
