namespace AutoStack.Data.Analytics;

/// <summary>The numbers of a user's dashboard.</summary>
public interface IDashboardQueries
{
    /// <summary>
    /// Counts a user's deployments: all, of today, and of this week and month compared with the last. The time of the server is read first;
    /// one statement counts.
    /// </summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers; zero or null for an unknown user.</returns>
    Task<DashboardStats> SummarizeAsync(Guid ownerId, CancellationToken cancellationToken = default);
}
