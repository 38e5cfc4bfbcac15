namespace AutoStack.Data.Logs;

/// <summary>
/// The table <c>deployment_runtime_logs</c>. Lines are ordered by <see cref="DeploymentRuntimeLog.Seq"/>, which a reader's cursor relies
/// on.
/// </summary>
public interface IDeploymentRuntimeLogRepository
{
    /// <summary>The most lines that one read returns.</summary>
    const int MaxPageSize = 1000;

    /// <summary>Reads on from a place.</summary>
    /// <remarks>
    /// Whoever goes on from <see cref="RuntimeLogPage.After"/> each time misses no line and gets none twice, however many write.
    /// </remarks>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="after">The place; <see cref="LogCursor.Start"/> for the beginning.</param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines; none at the end, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<RuntimeLogPage> ListAsync(Guid deploymentId, Guid ownerId, LogCursor after, int limit, CancellationToken cancellationToken = default);

    /// <summary>Reads the lines just before a place.</summary>
    /// <param name="deploymentId">The deployment.</param>
    /// <param name="ownerId">The user who owns it.</param>
    /// <param name="before">
    /// The place: <see cref="LogCursor.End"/> for the latest lines, or <see cref="RuntimeLogPage.Before"/> to go further back.
    /// </param>
    /// <param name="limit">The number of lines at the most, 1 to <see cref="MaxPageSize"/>.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The lines, the oldest first; none at the beginning, or when the deployment is deleted or somebody else's.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<RuntimeLogPage> ListTailAsync(Guid deploymentId, Guid ownerId, LogCursor before, int limit, CancellationToken cancellationToken = default);
}
