namespace AutoStack.Data.Accounts;

/// <summary>The table <c>password_reset_tokens</c>, for the platform's own work.</summary>
public interface IPlatformPasswordResetTokenRepository
{
    /// <summary>The maximum number of rows that a purge removes at once.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>Removes resets that expired, or were used, before a time; the oldest first.</summary>
    /// <param name="before">The time.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of rows removed; call again while it is <paramref name="limit"/>. Rows that another purge is removing are
    /// skipped.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
