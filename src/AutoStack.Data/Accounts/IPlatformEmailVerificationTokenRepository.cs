namespace AutoStack.Data.Accounts;

/// <summary>The table <c>email_verification_tokens</c>, for the platform's own work.</summary>
public interface IPlatformEmailVerificationTokenRepository
{
    /// <summary>The largest <c>limit</c> of a purge.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>Removes tokens that expired, or were used or ended, before a time; oldest first.</summary>
    /// <param name="before">The time, exclusive.</param>
    /// <param name="limit">The maximum number of rows, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Cancels the delete.</param>
    /// <returns>
    /// The number of rows removed; call again while it is <paramref name="limit"/>. Rows that a concurrent purge is removing are skipped,
    /// and rows whose removal got no answer are not counted.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken = default);
}
