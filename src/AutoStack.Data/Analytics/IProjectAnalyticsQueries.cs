namespace AutoStack.Data.Analytics;

/// <summary>The outcomes of a project's deployments.</summary>
public interface IProjectAnalyticsQueries
{
    /// <summary>Finds the analytics of a project, in one statement.</summary>
    /// <param name="projectId">The project.</param>
    /// <param name="ownerId">The user who owns the project.</param>
    /// <param name="uptime">The time range whose health checks count; the other numbers cover all time.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers; null when the project does not exist or belongs to another user.</returns>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="uptime"/> is empty, ends before it starts, or is longer than <see cref="TimeRange.MaxLength"/>.
    /// </exception>
    Task<ProjectAnalytics?> FindAsync(Guid projectId, Guid ownerId, TimeRange uptime, CancellationToken cancellationToken = default);
}
