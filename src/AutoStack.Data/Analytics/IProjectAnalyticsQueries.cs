namespace AutoStack.Data.Analytics;

/// <summary>What came of a project's deployments.</summary>
public interface IProjectAnalyticsQueries
{
    /// <summary>Sums a project up, in one statement.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="uptime">The range of time whose health checks count; the other numbers are of all time.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers; null when there is no such project, or it belongs to somebody else.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="uptime"/> is empty, ends before it begins, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<ProjectAnalytics?> FindAsync(Guid projectId, Guid ownerId, TimeRange uptime, CancellationToken cancellationToken = default);
}
