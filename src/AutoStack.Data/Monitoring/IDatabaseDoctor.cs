namespace AutoStack.Data.Monitoring;

/// <summary>
/// Examines the database and its server for what breaks, slows or endangers the services: rights, settings, indexes, transactions,
/// replication, ages. As <see cref="IDatabaseMonitor"/>, it reads catalogs and statistics only, and each query is bounded in time.
/// </summary>
public interface IDatabaseDoctor
{
    /// <summary>Examines the database.</summary>
    /// <param name="options">What the services need and which rules to leave out; null for the defaults.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <returns>
    /// The findings, the gravest first; empty when nothing is wrong. What the role may not see is a finding of the rule
    /// <c>not-visible</c>.
    /// </returns>
    /// <exception cref="ArgumentException">An option is out of its range; the message names it.</exception>
    /// <exception cref="DatabaseUnavailableException">The database did not answer.</exception>
    Task<IReadOnlyList<Finding>> ListFindingsAsync(DoctorOptions? options, CancellationToken cancellationToken = default);
}
