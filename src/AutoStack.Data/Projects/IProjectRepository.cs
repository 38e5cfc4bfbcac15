namespace AutoStack.Data.Projects;

/// <summary>The table <c>projects</c>.</summary>
public interface IProjectRepository
{
    /// <summary>Finds a project of a user.</summary>
    /// <param name="id">The id of the project.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The project; null when there is none, or it belongs to somebody else.</returns>
    Task<Project?> FindAsync(Guid id, Guid ownerId, CancellationToken cancellationToken);

    /// <summary>Makes a project. Repeated with the same id and owner, it returns the project that is there.</summary>
    /// <param name="project">The project.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The project as stored.</returns>
    /// <exception cref="ArgumentException">A value is missing, blank, too long, or a runtime that is not known; the message names it.</exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    /// <exception cref="DuplicateException">The id belongs to a project of somebody else.</exception>
    Task<Project> AddAsync(NewProject project, CancellationToken cancellationToken);
}
