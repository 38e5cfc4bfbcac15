namespace AutoStack.Data.Analytics;

/// <summary>What users use: for bills and for limits. Prices are the caller's.</summary>
public interface IUsageQueries
{
    /// <summary>The most projects that a list returns at once.</summary>
    const int MaxListSize = 100;

    /// <summary>
    /// Lists what each project of a user used. A deployment belongs to the range in which it was queued, with all of its build time, and
    /// counts also when it is deleted.
    /// </summary>
    /// <remarks>
    /// Removing a project or purging deleted deployments removes the rows that this counts: do it after the bill. While a deployment runs,
    /// its build time is still to come.
    /// </remarks>
    /// <param name="ownerId">The user.</param>
    /// <param name="range">The range of time in which the deployments were queued.</param>
    /// <param name="limit">The number of projects at the most, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="after">Where to go on: the <see cref="ProjectUsage.ProjectId"/> of the last row seen; null to begin.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The projects that had a deployment in the range, in the order of their ids; fewer than <paramref name="limit"/> at the end of the
    /// list, none for an unknown user.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"> <paramref name="limit"/> is out of its range; <paramref name="range"/> is empty, ends
    /// before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<ProjectUsage>> ListProjectUsageAsync(Guid ownerId, TimeRange range, int limit, Guid? after, CancellationToken cancellationToken = default);

    /// <summary>
    /// Counts the deployments that a user queued since a moment, deleted ones included: deleting does not make room under a limit.
    /// </summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="since">The first moment that counts.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 for an unknown user.</returns>
    Task<long> CountCreatedSinceAsync(Guid ownerId, DateTimeOffset since, CancellationToken cancellationToken = default);

    /// <summary>Counts a user's deployments that are not over and not deleted: those that wait and those that run.</summary>
    /// <remarks>The number is of the moment. Two requests that ask at once may both see room for one more.</remarks>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The number; 0 for an unknown user.</returns>
    Task<long> CountActiveAsync(Guid ownerId, CancellationToken cancellationToken = default);
}
