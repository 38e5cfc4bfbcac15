namespace AutoStack.Data.Analytics;

/// <summary>The durations of deployments and their stages, without deleted deployments.</summary>
public interface IPipelineQueries
{
    /// <summary>The maximum number of deployments in a list.</summary>
    const int MaxListSize = 100;

    /// <summary>Finds the durations of one deployment of a user.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The durations; null when the deployment does not exist, is deleted, or belongs to another user.</returns>
    Task<PipelineDurations?> FindAsync(Guid deploymentId, Guid ownerId, CancellationToken cancellationToken = default);

    /// <summary>Lists the durations of a user's latest deployments, in one statement.</summary>
    /// <param name="ownerId">The user.</param>
    /// <param name="limit">The maximum number of deployments, 1 to <see cref="MaxListSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The durations, newest deployment first; empty for an unknown user.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of range.</exception>
    Task<IReadOnlyList<PipelineDurations>> ListLatestAsync(Guid ownerId, int limit, CancellationToken cancellationToken = default);
}
