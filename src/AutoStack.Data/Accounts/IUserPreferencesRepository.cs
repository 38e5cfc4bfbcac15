namespace AutoStack.Data.Accounts;

/// <summary>The table <c>user_preferences</c>. Reading never writes: who has stored nothing has the defaults.</summary>
public interface IUserPreferencesRepository
{
    /// <summary>Finds a user's preferences.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The preferences, or the defaults; null when there is no such user.</returns>
    Task<UserPreferences?> FindAsync(Guid userId, CancellationToken cancellationToken = default);

    /// <summary>Finds whom to tell about the end of a deployment.</summary>
    /// <param name="userId">The user who owns it.</param>
    /// <param name="success">True when it succeeded.</param>
    /// <param name="cancellationToken">Stops the query.</param>
    /// <returns>The user; null when the user does not want to be told, or does not exist.</returns>
    Task<NotificationTarget?> FindNotificationTargetAsync(Guid userId, bool success, CancellationToken cancellationToken = default);

    /// <summary>Stores a user's preferences, whether or not there are any.</summary>
    /// <param name="userId">The user.</param>
    /// <param name="preferences">The preferences.</param>
    /// <param name="cancellationToken">Stops the write.</param>
    /// <returns>The preferences as stored.</returns>
    /// <exception cref="ArgumentException">The library does not know the theme.</exception>
    /// <exception cref="MissingReferenceException">There is no such user.</exception>
    Task<UserPreferences> SetAsync(Guid userId, NewUserPreferences preferences, CancellationToken cancellationToken = default);
}
