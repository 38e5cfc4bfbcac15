namespace AutoStack.Data.Analytics;

/// <summary>The numbers of a user's dashboard.</summary>
public interface IDashboardQueries
{
    /// <summary>Counts a user's deployments: all, of today, and of this week and month against the last, in one statement.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers; zeros and nulls for an unknown user.</returns>
    Task<DashboardStats> SummarizeAsync(Guid ownerId, CancellationToken cancellationToken = default);
}
