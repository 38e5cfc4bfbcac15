namespace AutoStack.Data.Analytics;

/// <summary>The numbers of the whole platform, for operators.</summary>
public interface IMetricsQueries
{
    /// <summary>Counts deployments and users, in one statement.</summary>
    /// <remarks>The statement counts the entries of an index of all deployments. Cache the result if many people see it.</remarks>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers.</returns>
    Task<PlatformMetrics> MeasureAsync(CancellationToken cancellationToken = default);
}
