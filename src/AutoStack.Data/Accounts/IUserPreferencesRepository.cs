namespace AutoStack.Data.Accounts;

/// <summary>The table <c>user_preferences</c>. A user without a row has the defaults; reading never creates the row.</summary>
public interface IUserPreferencesRepository
{
    /// <summary>Finds a user's preferences.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The preferences, or the defaults; null when the user does not exist.</returns>
    Task<UserPreferences?> FindAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>Finds the recipient of the mail about a finished deployment.</summary>
    /// <param name="userId">The owner of the deployment.</param>
    /// <param name="success">True when the deployment succeeded.</param>
    /// <param name="cancellationToken">Cancels the query.</param>
    /// <returns>The recipient; null when the user has switched the mail off or does not exist.</returns>
    Task<NotificationTarget?> FindNotificationTargetAsync(Guid userId, bool success, CancellationToken cancellationToken = default);

    /// <summary>
    /// Changes a user's preferences, and stores them first when the user has the defaults. Each preference stands alone, so that the last
    /// of two writers wins for the values that both give.
    /// </summary>
    /// <param name="userId">The user.</param>
    /// <param name="patch">The values to change.</param>
    /// <param name="cancellationToken">Cancels the write.</param>
    /// <returns>The preferences as stored. A repeated call stores the same values again, without a new <c>UpdatedAt</c>.</returns>
    /// <exception cref="ArgumentException">The patch is null, or its theme is not one of <see cref="Theme.Known"/>.</exception>
    /// <exception cref="MissingReferenceException">The user does not exist.</exception>
    Task<UserPreferences> UpdateAsync(Guid userId, UserPreferencesPatch patch, CancellationToken cancellationToken = default);
}
