using AutoStack.Data.Postgres;
using AutoStack.Data.Status;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

internal sealed class UserPreferencesRepository(Db db, AccountContext context) : IUserPreferencesRepository
{
    internal const string Columns = """
        f.id, f.user_id, f.theme, f.email_notifications, f.deployment_success_notifications, f.deployment_failure_notifications,
        f.created_at, f.updated_at
        """;

    internal static UserPreferences Read(RowReader row) => new()
    {
        Id = row.Guid(),
        UserId = row.Guid(),
        Theme = row.Value<Theme>(),
        EmailNotifications = row.Flag(),
        DeploymentSuccessNotifications = row.Flag(),
        DeploymentFailureNotifications = row.Flag(),
        CreatedAt = row.Time(),
        UpdatedAt = row.Time(),
    };

    public Task<UserPreferences?> FindAsync(Guid userId, CancellationToken cancellationToken) =>
        db.FindAsync(Read, $"""
            SELECT
                coalesce(f.id, @none), u.id, coalesce(f.theme, @default), coalesce(f.email_notifications, TRUE),
                coalesce(f.deployment_success_notifications, TRUE), coalesce(f.deployment_failure_notifications, TRUE),
                coalesce(f.created_at, @now), coalesce(f.updated_at, @now)
            FROM users u
            LEFT JOIN user_preferences f ON f.user_id = u.id
            WHERE u.id = @userId AND {UserRepository.IsOpen}
            """,
            [P.Of(userId), P.Owner(userId), P.Of(Guid.Empty, "none"), P.Of(Theme.System, "default"), P.Of(context.Clock.Now(), "now")],
            cancellationToken);

    public Task<NotificationTarget?> FindNotificationTargetAsync(Guid userId, bool success, CancellationToken cancellationToken) =>
        db.FindAsync(row => new NotificationTarget(row.Guid(), row.Text(), row.Text()), $"""
            SELECT u.id, u.name, u.email
            FROM users u
            LEFT JOIN user_preferences f ON f.user_id = u.id
            WHERE u.id = @userId AND {UserRepository.IsOpen} AND coalesce(f.email_notifications, TRUE)
              AND coalesce(CASE WHEN @success THEN f.deployment_success_notifications ELSE f.deployment_failure_notifications END, TRUE)
            """, [P.Of(userId), P.Owner(userId), P.Of(success)], cancellationToken);

    public async Task<UserPreferences> UpdateAsync(Guid userId, UserPreferencesPatch patch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(patch);
        return await db.WriteAsync(Read, $"""
            INSERT INTO user_preferences AS f (
                id, user_id, theme, email_notifications, deployment_success_notifications, deployment_failure_notifications,
                created_at, updated_at)
            SELECT
                @id, @ownerId, coalesce(@theme, @default), coalesce(@mail, TRUE), coalesce(@success, TRUE), coalesce(@failure, TRUE),
                @now, @now
            WHERE {AccountState.OwnerIsOpen}
            ON CONFLICT (user_id) DO UPDATE
            SET theme = coalesce(@theme, f.theme), email_notifications = coalesce(@mail, f.email_notifications),
                deployment_success_notifications = coalesce(@success, f.deployment_success_notifications),
                deployment_failure_notifications = coalesce(@failure, f.deployment_failure_notifications),
                updated_at = CASE
                    WHEN f.theme::text = coalesce(@theme, f.theme::text) AND f.email_notifications = coalesce(@mail, f.email_notifications)
                      AND f.deployment_success_notifications = coalesce(@success, f.deployment_success_notifications)
                      AND f.deployment_failure_notifications = coalesce(@failure, f.deployment_failure_notifications)
                    THEN f.updated_at ELSE excluded.updated_at END
            RETURNING {Columns}
            """,
            [
                P.Of(Ids.New(), "id"),
                P.Owner(userId),
                P.Of(Theme.System, "default"),
                P.Of(patch.Theme.IsGiven ? patch.Theme.Value : (Theme?)null, "patch.Theme"),
                P.Of(Given(patch.EmailNotifications), "mail"),
                P.Of(Given(patch.DeploymentSuccessNotifications), "success"),
                P.Of(Given(patch.DeploymentFailureNotifications), "failure"),
                P.Of(context.Clock.Now(), "now"),
            ], cancellationToken).ConfigureAwait(false)
            ?? throw MissingReferenceException.Of("user_preferences_user_id_fkey");

        static bool? Given(Optional<bool> value) => value.IsGiven ? value.Value : null;
    }
}
