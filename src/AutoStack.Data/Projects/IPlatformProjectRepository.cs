namespace AutoStack.Data.Projects;

/// <summary>The table <c>projects</c>, for the platform's own work: its methods reach the projects of every user.</summary>
public interface IPlatformProjectRepository
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 1000;

    /// <summary>The longest id of a repository, and the longest name of a host, in characters.</summary>
    const int MaxProviderIdLength = 255;

    /// <summary>Lists the projects of all users whose repository it is, in the order of their ids.</summary>
    /// <remarks>
    /// <c>owner/name</c>, <c>https://host/owner/name</c>, <c>git@host:owner/name</c> and <c>ssh://git@host/owner/name</c>, with or without
    /// <c>.git</c> and a slash at the end, in any case, are one repository. Hosts count when both sides name one: a project that names none
    /// matches every host. User, port, query and web page do not count.
    /// </remarks>
    /// <param name="repository">The repository, up to 1,000 characters; with its host, so that namesakes elsewhere are left out.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="afterId">Where to go on: the id of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The projects, with the beginning of their build commands; fewer than <paramref name="limit"/> at the end of the
    /// list.</returns>
    /// <exception cref="ArgumentException"><paramref name="repository"/> is null, blank or too long.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<Project>> ListByRepositoryAsync(string repository, int limit, Guid afterId, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records what a build has found out, where the owner has left the documented default: a choice of the owner's stays.
    /// </summary>
    /// <param name="id">The project.</param>
    /// <param name="outputDir">The folder of the result, up to 255 characters; null when nothing was found.</param>
    /// <param name="runtime">What runs the result; null when nothing was found.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when nothing was to be changed, or the project does not exist.</returns>
    /// <exception cref="ArgumentException">A value is too long, or a runtime that is not known.</exception>
    Task<bool> SetDetectedAsync(Guid id, string? outputDir, ProjectRuntime? runtime, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that the project's owner has access to its repository, which the caller has verified at the provider with the owner's own
    /// credentials.
    /// Pushes deploy projects with such a proof only. The proof ends when the project's repository changes, whoever changes it.
    /// </summary>
    /// <param name="id">The project.</param>
    /// <param name="repository">The repository that was verified, as <see cref="Project.Repository"/> named it.</param>
    /// <param name="access">What the provider said.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the project does not exist, names another repository by now, or is on another host than the provider.</returns>
    /// <exception cref="ArgumentException">A value is missing or too long, or the provider is not known.</exception>
    Task<bool> RecordAccessAsync(Guid id, string repository, RepositoryAccess access, CancellationToken cancellationToken = default);

    /// <summary>Ends the proof of access, for example when the provider refuses the owner.</summary>
    /// <param name="id">The project.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>False when the project does not exist, or has no proof.</returns>
    Task<bool> RevokeAccessAsync(Guid id, CancellationToken cancellationToken = default);
}
