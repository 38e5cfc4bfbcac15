namespace AutoStack.Data.Analytics;

/// <summary>
/// How a user's deployments develop. A deployment belongs to the day, week and hour in which it was queued, in UTC; deleted ones are out.
/// Days and weeks that the range cuts count only what is inside it. An unknown user or a project of somebody else has zeros.
/// </summary>
public interface IDeploymentTrendQueries
{
    /// <summary>Counts deployments per day.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all of the user's.</param>
    /// <param name="range">The range of time in which they were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The days, the oldest first, those without deployments included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<DailyDeployments>> ListPerDayAsync(Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts what succeeded and what finished per week.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all of the user's.</param>
    /// <param name="range">The range of time in which they were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The weeks, the oldest first, those without deployments included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<WeeklySuccess>> ListSuccessPerWeekAsync(Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Measures build times per week.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all of the user's.</param>
    /// <param name="range">The range of time in which they were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The weeks, the oldest first, those without builds included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<WeeklyDurations>> ListDurationsPerWeekAsync(Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts deployments per status.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all of the user's.</param>
    /// <param name="range">The range of time in which they were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The known statuses in the order of a deployment's life, zeros included, then others by name; 100 at the most.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<StatusCount>> ListStatusesAsync(Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts deployments per hour of the day.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all of the user's.</param>
    /// <param name="range">The range of time in which they were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The 24 hours, from 0 to 23, those without deployments included.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<HourlyDeployments>> ListPerHourAsync(Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);
}
