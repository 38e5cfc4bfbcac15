namespace AutoStack.Data.Deployments;

/// <summary>A user's deployments, filtered. The unfiltered lists are in <see cref="IDeploymentRepository"/>.</summary>
public interface IDeploymentQueries
{
    /// <summary>The maximum number of rows that a page of <see cref="ListAsync"/> has.</summary>
    const int MaxListSize = 100;

    /// <summary>The maximum number of rows that a page of <see cref="ListProjectsAsync"/> has.</summary>
    const int MaxProjectListSize = 1000;

    /// <summary>Lists the user's deployments that match the filter, with their projects, newest first.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="filter">The filter; <see cref="DeploymentFilter.All"/> for every deployment.</param>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page; empty for an unknown user.</returns>
    /// <exception cref="ArgumentException">
    /// The status of the filter is not known, its project name is too long, or <paramref name="cursor"/> is from another kind of list.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<DeploymentWithProject>> ListAsync(
        Guid ownerId, DeploymentFilter filter, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the user's deployments that match the filter. The count reads all of them: ask for it with the first page, not with each.
    /// </summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 for an unknown user.</returns>
    /// <exception cref="ArgumentException">
    /// The status of the filter is not known, or its project name is too long.
    /// </exception>
    Task<long> CountAsync(Guid ownerId, DeploymentFilter filter, CancellationToken cancellationToken = default);

    /// <summary>Lists a user's projects, each with its newest deployment, in the order of their ids.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="cursor"><see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> of the previous page.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxProjectListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The page; empty for an unknown user.</returns>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> is from another kind of list.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<Page<ProjectWithLatestDeployment>> ListProjectsAsync(
        Guid ownerId, Cursor cursor, int limit, CancellationToken cancellationToken = default);
}
