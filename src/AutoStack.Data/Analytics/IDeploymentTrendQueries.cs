namespace AutoStack.Data.Analytics;

/// <summary>
/// Trends of a user's deployments. A deployment belongs to the day, week and hour in which it was queued, in UTC; deleted deployments are
/// excluded. A day or week that is only partly in the range counts only the deployments in the range. The numbers of an unknown user, or of
/// another user's project, are zero.
/// </summary>
public interface IDeploymentTrendQueries
{
    /// <summary>Counts deployments per day.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all projects of the user.</param>
    /// <param name="range">The time range in which the deployments were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>All days of the range, oldest first, including days without deployments.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<DailyDeployments>> ListPerDayAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts successful and finished deployments per week.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all projects of the user.</param>
    /// <param name="range">The time range in which the deployments were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>All weeks of the range, oldest first, including weeks without deployments.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<WeeklySuccess>> ListSuccessPerWeekAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Measures build times per week.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all projects of the user.</param>
    /// <param name="range">The time range in which the deployments were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>All weeks of the range, oldest first, including weeks without builds.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<WeeklyDurations>> ListDurationsPerWeekAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts deployments per status.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all projects of the user.</param>
    /// <param name="range">The time range in which the deployments were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>
    /// The known statuses in the order of a deployment's life, including those with zero deployments, then other statuses by name; at most
    /// 100.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<StatusCount>> ListStatusesAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);

    /// <summary>Counts deployments per hour of the day.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="projectId">The project; null for all projects of the user.</param>
    /// <param name="range">The time range in which the deployments were queued.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The 24 hours, 0 to 23, including hours without deployments.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="range"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<IReadOnlyList<HourlyDeployments>> ListPerHourAsync(
        Guid ownerId, Guid? projectId, TimeRange range, CancellationToken cancellationToken = default);
}
