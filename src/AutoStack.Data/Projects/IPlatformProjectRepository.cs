namespace AutoStack.Data.Projects;

/// <summary>The table <c>projects</c>, for the platform's own work: reaches the projects of every user.</summary>
public interface IPlatformProjectRepository
{
    /// <summary>The maximum number of projects per page.</summary>
    const int MaxListSize = 1000;

    /// <summary>Lists the projects of all users that use a repository, ordered by id.</summary>
    /// <remarks>
    /// <c>owner/name</c>, <c>https://host/owner/name</c>, <c>git@host:owner/name</c> and <c>ssh://git@host/owner/name</c>, with or without
    /// <c>.git</c> and a slash at the end, in any case, are the same repository. Hosts are compared when both sides name one: a project
    /// without a host matches every host. User, port, query and web page are ignored.
    /// </remarks>
    /// <param name="repository">The repository, up to 1,000 characters; with its host, to exclude namesakes on other hosts.</param>
    /// <param name="cursor">The place: <see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> to continue.</param>
    /// <param name="limit">The maximum number of projects, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The projects, with the first 500 characters of their build commands.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="repository"/> is null, blank or too long, or <paramref name="cursor"/> belongs to another kind of list.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    Task<Page<Project>> ListByRepositoryAsync(string repository, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Stores settings that a build has detected, where the owner has kept the documented default: a setting chosen by the owner stays.
    /// </summary>
    /// <param name="id">The project.</param>
    /// <param name="detected">The settings.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// True when a setting was changed; false when no setting changes, or the project does not exist. After a lost answer the library
    /// repeats the call, which is true when the project has one of the detected settings.
    /// </returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="detected"/> is null, its folder is too long, or its runtime is unknown.
    /// </exception>
    Task<bool> ApplyDetectedAsync(Guid id, DetectedSettings detected, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that the project's owner has access to its repository, which the caller has verified at the provider with the owner's own
    /// credentials. Pushes deploy only projects with such a proof. The proof ends when anybody changes the project's repository. A repeated
    /// call records the proof again.
    /// </summary>
    /// <param name="id">The project.</param>
    /// <param name="repository">The verified repository, as <see cref="Project.Repository"/> named it.</param>
    /// <param name="access">The access, as the provider confirmed it.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>Whether the proof was recorded. Unless it was, pushes do not deploy the project.</returns>
    /// <exception cref="ArgumentException">A value is missing or too long, or the provider is unknown.</exception>
    Task<AccessOutcome> RecordAccessAsync(
        Guid id, string repository, RepositoryAccess access, CancellationToken cancellationToken = default);

    /// <summary>Ends the proof of access, for example when the provider denies the owner access.</summary>
    /// <param name="id">The project.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>
    /// False when the project does not exist, or has no proof. After a lost answer the library repeats the call, which is true when the
    /// proof is gone.
    /// </returns>
    Task<bool> RevokeAccessAsync(Guid id, CancellationToken cancellationToken = default);
}
