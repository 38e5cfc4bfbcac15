namespace AutoStack.Data.Projects;

/// <summary>The table <c>projects</c>, for a user's request.</summary>
public interface IProjectRepository
{
    /// <summary>The longest build command, in characters.</summary>
    const int MaxBuildCommandLength = 8192;

    /// <summary>The longest path of the folder that a build leaves its result in, in characters.</summary>
    const int MaxOutputDirLength = 255;

    /// <summary>Finds a project of a user.</summary>
    /// <param name="id">The id of the project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The project; null when there is none, or it belongs to somebody else.</returns>
    Task<Project?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds a user's project of a repository, in whichever spelling: first one that names the same host, then one without a host; of
    /// several the oldest.
    /// </summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="repository">
    /// The repository, up to 1,000 characters, as in <see cref="IPlatformProjectRepository.ListByRepositoryAsync"/>.
    /// </param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The project; null when there is none.</returns>
    /// <exception cref="ArgumentException"><paramref name="repository"/> is null, blank or too long.</exception>
    Task<Project?> FindByRepositoryAsync(Guid ownerId, string repository, CancellationToken cancellationToken = default);

    /// <summary>Makes a project. Repeated with the same id and owner, it returns the project that is there.</summary>
    /// <param name="project">The project.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The project as stored.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank, too long, a runtime that is not known, no branch or no repository that can be stored; the message names
    /// it.
    /// </exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    /// <exception cref="DuplicateException">The id belongs to a project of somebody else.</exception>
    Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken = default);

    /// <summary>
    /// Finds a user's project of a repository and changes it, or makes it when there is none; what the patch leaves out stays. Two calls at
    /// once make one project. Not repeated when its answer is lost: the project may have changed by then.
    /// </summary>
    /// <param name="project">The project as it is made; its owner and repository say which one is meant.</param>
    /// <param name="patch">What to change of the one that is there.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The project as stored.</returns>
    /// <exception cref="ArgumentException">
    /// A value is missing, blank, too long, a runtime that is not known, no branch or no repository that can be stored; the message names
    /// it.
    /// </exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    /// <exception cref="DuplicateException">The id belongs to another project.</exception>
    /// <exception cref="ConflictException">Projects of the repository came and went meanwhile, several times.</exception>
    Task<Project> EnsureAsync(NewProject project, ProjectPatch patch, CancellationToken cancellationToken = default);

    /// <summary>Changes a project of a user.</summary>
    /// <param name="id">The project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="patch">What to change.</param>
    /// <param name="expectedVersion">
    /// The <see cref="Project.UpdatedAt"/> that the change was decided on; null to change whatever is there.
    /// </param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether it was changed, and the project as it stands now.</returns>
    /// <exception cref="ArgumentException">
    /// A value is blank, too long, a runtime that is not known, no branch or no repository that can be stored; the message names it.
    /// </exception>
    Task<ProjectUpdateResult> UpdateAsync(Guid id, Guid ownerId, ProjectPatch patch, DateTimeOffset? expectedVersion, CancellationToken cancellationToken = default);

    /// <summary>Removes a project of a user with its deployments and all that belongs to them. Webhook payloads stay.</summary>
    /// <param name="id">The project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>False when there is none, or it belongs to somebody else.</returns>
    Task<bool> RemoveAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);
}
