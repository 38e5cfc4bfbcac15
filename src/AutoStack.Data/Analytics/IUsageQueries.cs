namespace AutoStack.Data.Analytics;

/// <summary>The usage of a user, for bills and limits. The caller has the prices.</summary>
public interface IUsageQueries
{
    /// <summary>The maximum number of projects per page.</summary>
    const int MaxListSize = 100;

    /// <summary>
    /// Lists the usage of a user's projects that had a deployment in a range, ordered by id. A deployment belongs to the range in which it
    /// was queued, with its whole build time. Deleted deployments count.
    /// </summary>
    /// <remarks>
    /// Removing a project, and purging deleted deployments, removes rows that this method counts: do both after billing. The build time of
    /// a running deployment is not yet known.
    /// </remarks>
    /// <param name="ownerId">The user.</param>
    /// <param name="range">The time range in which the deployments were queued.</param>
    /// <param name="cursor">The place: <see cref="Cursor.Start"/>, or <see cref="Page{T}.Next"/> to continue.</param>
    /// <param name="limit">The maximum number of projects, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The projects; empty for an unknown user.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="limit"/> is out of range, or <paramref name="range"/> is empty, ends before it starts, or is longer than
    /// <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    /// <exception cref="ArgumentException"><paramref name="cursor"/> belongs to another kind of list.</exception>
    Task<Page<ProjectUsage>> ListProjectUsageAsync(
        Guid ownerId, TimeRange range, Cursor cursor, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the deployments that a user queued since a moment, including deleted deployments: deleting does not make room under a limit.
    /// </summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="since">The first moment that counts.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 for an unknown user.</returns>
    Task<long> CountCreatedSinceAsync(Guid ownerId, DateTimeOffset since, CancellationToken cancellationToken = default);

    /// <summary>Counts a user's waiting and running deployments that are not deleted.</summary>
    /// <remarks>The number is a snapshot: two concurrent requests may both see room for one more deployment.</remarks>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 for an unknown user.</returns>
    Task<long> CountActiveAsync(Guid ownerId, CancellationToken cancellationToken = default);
}
