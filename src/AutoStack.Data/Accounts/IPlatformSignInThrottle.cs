namespace AutoStack.Data.Accounts;

/// <summary>The table <c>sign_in_attempts</c>, for the platform's own work.</summary>
public interface IPlatformSignInThrottle
{
    /// <summary>The maximum number of rows that a purge removes at once.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>Removes counts that are over, the oldest first.</summary>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of rows removed; call again while it is <paramref name="limit"/>. Rows that another purge is removing are
    /// skipped.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeExpiredAsync(int limit, CancellationToken cancellationToken = default);
}
