namespace AutoStack.Data.Monitoring;

/// <summary>
/// Looks at the database and its server. Every query has a time limit of five seconds and waits for a lock for one; none reads the rows of
/// a table, except those of the queue's indexes, and none takes a lock that stops a writer.
/// </summary>
/// <remarks>
/// Without superuser and <c>pg_monitor</c>, a look still succeeds: <see cref="DatabaseStats.NotVisible"/> lists what is missing.
/// </remarks>
public interface IDatabaseMonitor
{
    /// <summary>The maximum number of tables, of indexes and of sessions in a report: 1,000 each, the largest first.</summary>
    const int MaxRows = 1_000;

    /// <summary>The maximum number of statements in a report: 200, those that took the most time first.</summary>
    const int MaxStatements = 200;

    /// <summary>The shortest interval of <see cref="WatchAsync"/>: 1 second.</summary>
    static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(1);

    /// <summary>The longest interval of <see cref="WatchAsync"/>: 1 day.</summary>
    static readonly TimeSpan MaxInterval = TimeSpan.FromDays(1);

    /// <summary>Takes one look.</summary>
    /// <param name="parts">The parts; each is one round trip.</param>
    /// <param name="cancellationToken">Stops the queries.</param>
    /// <returns>The look. A part that the role may not read, or that took too long, is null and listed.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="parts"/> has a value that is not defined.</exception>
    /// <exception cref="DatabaseUnavailableException">The database did not answer.</exception>
    Task<DatabaseStats> MeasureAsync(StatsParts parts = StatsParts.All, CancellationToken cancellationToken = default);

    /// <summary>Takes a look at once, and another after each interval, until it is cancelled.</summary>
    /// <remarks>A look that fails ends the enumeration with its exception.</remarks>
    /// <param name="interval">
    /// The time from the end of a look to the next, from <see cref="MinInterval"/> to <see cref="MaxInterval"/>.
    /// </param>
    /// <param name="parts">The parts; each is one round trip.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    /// <returns>The looks; compare two of them with <see cref="DatabaseStats.Since"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of its range.</exception>
    /// <exception cref="DatabaseUnavailableException">The database did not answer.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    IAsyncEnumerable<DatabaseStats> WatchAsync(
        TimeSpan interval, StatsParts parts = StatsParts.All, CancellationToken cancellationToken = default);
}
