namespace AutoStack.Data.Deployments;

/// <summary>A user's deployments, filtered. The plain lists are in <see cref="IDeploymentRepository"/>.</summary>
public interface IDeploymentQueries
{
    /// <summary>The most rows that a list returns at once.</summary>
    const int MaxListSize = 100;

    /// <summary>The maximum number of projects that <see cref="ListProjectsAsync"/> returns at once.</summary>
    const int MaxProjectListSize = 1000;

    /// <summary>Lists those of a user's deployments that are meant, with their projects, the newest first.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="filter">Which are meant.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="after">Where to go on: the cursor of the last row seen, or <see cref="DeploymentCursor.Start"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The rows; fewer than <paramref name="limit"/> at the end of the list, none for an unknown user.</returns>
    /// <exception cref="ArgumentException">A status that is not known, or a name that is too long.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<DeploymentWithProject>> ListAsync(
        Guid ownerId, DeploymentFilter filter, int limit, DeploymentCursor after, CancellationToken cancellationToken = default);

    /// <summary>Counts those of a user's deployments that are meant. Reads all of them: for a first page, not for each.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="filter">Which are meant.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 for an unknown user.</returns>
    /// <exception cref="ArgumentException">A status that is not known, or a name that is too long.</exception>
    Task<long> CountAsync(Guid ownerId, DeploymentFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Lists a user's projects, each with its newest deployment, in the order of their ids.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxProjectListSize"/>.</param>
    /// <param name="afterId">Where to go on: the id of the last row seen, or the empty id.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The projects; fewer than <paramref name="limit"/> at the end of the list.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<IReadOnlyList<ProjectWithLatestDeployment>> ListProjectsAsync(Guid ownerId, int limit, Guid afterId, CancellationToken cancellationToken = default);
}
