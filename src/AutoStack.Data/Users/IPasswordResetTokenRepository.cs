using AutoStack.Data.Security;

namespace AutoStack.Data.Users;

/// <summary>The table <c>password_reset_tokens</c>. Only the SHA-256 of a token is stored.</summary>
public interface IPasswordResetTokenRepository
{
    /// <summary>The most rows that a purge removes at once.</summary>
    const int MaxPurgeSize = 1000;

    /// <summary>Finds the reset of a token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The reset; null when there is none, or it was used or has expired.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
    Task<PasswordResetToken?> FindUsableAsync(ResetToken token, CancellationToken cancellationToken);

    /// <summary>Issues a token. Those issued to the user before are no longer accepted: one is valid at a time, also when two are issued at once.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="token">The token; send it only when this call has returned.</param>
    /// <param name="lifetime">How long it is accepted; above zero, up to a day.</param>
    /// <param name="cancellationToken">Stops the insert.</param>
    /// <returns>The reset; null when there is no such user.</returns>
    /// <exception cref="ArgumentException">The token is null, or the lifetime out of its range.</exception>
    Task<PasswordResetToken?> IssueAsync(Guid userId, ResetToken token, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>
    /// Uses a token: once, together with the new password. All sessions and other tokens of the user end, and the address is verified, since the token came by
    /// mail. Unless it was before, links with accounts at providers and the GitHub connection end too: whoever made them need not be whom the address belongs to.
    /// </summary>
    /// <param name="token">The token.</param>
    /// <param name="password">The hash of the new password.</param>
    /// <param name="cancellationToken">Stops the update.</param>
    /// <returns>The user; null when there is no such token, or it was used or has expired.</returns>
    /// <exception cref="ArgumentNullException">An argument is null.</exception>
    Task<Guid?> ConsumeAsync(ResetToken token, PasswordHash password, CancellationToken cancellationToken);

    /// <summary>Removes resets that expired, or were used, before a time; the oldest first.</summary>
    /// <param name="before">The time.</param>
    /// <param name="limit">The number of rows at the most, 1 to <see cref="MaxPurgeSize"/>.</param>
    /// <param name="cancellationToken">Stops the delete.</param>
    /// <returns>The number of rows removed; call again while it is <paramref name="limit"/>. Rows that another purge is removing are passed over.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="limit"/> is out of its range.</exception>
    Task<int> PurgeAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken);
}
