namespace AutoStack.Data.Projects;

/// <summary>The table <c>projects</c>, for a user's request.</summary>
public interface IProjectRepository
{
    /// <summary>The maximum length of a name, in characters.</summary>
    const int MaxNameLength = 255;

    /// <summary>The maximum length of a build command, in characters.</summary>
    const int MaxBuildCommandLength = 8192;

    /// <summary>The maximum length of the path of a build's result folder, in characters.</summary>
    const int MaxOutputDirLength = 255;

    /// <summary>The maximum length of a repository's id at GitHub, in characters.</summary>
    const int MaxGitHubRepoIdLength = 255;

    /// <summary>The maximum length of the name of a Jenkins job, in characters.</summary>
    const int MaxJenkinsJobNameLength = 255;

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
    /// stay. Concurrent calls create one project. The call is not retried when its response is lost: the project may have changed by then.
    /// </summary>
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

    /// <summary>Updates a project of a user.</summary>
    /// <param name="id">The project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="patch">The values to update.</param>
    /// <param name="expectedVersion">
    /// The <see cref="Project.UpdatedAt"/> that the caller has read; null to update whatever is stored.
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
    /// <returns>False when the project does not exist or belongs to another user.</returns>
    Task<bool> RemoveAsync(Guid id, Guid ownerId, CancellationToken cancellationToken = default);
}
