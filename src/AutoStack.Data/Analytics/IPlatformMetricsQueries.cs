namespace AutoStack.Data.Analytics;

/// <summary>The numbers of the whole platform, for operators: no user owns them.</summary>
public interface IPlatformMetricsQueries
{
    /// <summary>Counts deployments and users, in one statement.</summary>
    /// <remarks>It reads both tables whole. Whoever shows it to many keeps the answer for a while.</remarks>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The numbers.</returns>
    Task<PlatformMetrics> MeasureAsync(CancellationToken cancellationToken = default);
}
