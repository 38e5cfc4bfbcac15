using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Accounts;

internal sealed class UserPreferencesRepository(Db db, TimeProvider clock) : IUserPreferencesRepository
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

    public Task<UserPreferences?> FindAsync(Guid userId, CancellationToken cancellationToken)
    {
        var defaults = new NewUserPreferences();
        var now = clock.Now();
        return db.FindAsync(Read, """
            SELECT
                coalesce(f.id, @none), u.id, coalesce(f.theme, @theme), coalesce(f.email_notifications, @mail),
                coalesce(f.deployment_success_notifications, @success), coalesce(f.deployment_failure_notifications, @failure),
                coalesce(f.created_at, @now), coalesce(f.updated_at, @now)
            FROM users u
            LEFT JOIN user_preferences f ON f.user_id = u.id
            WHERE u.id = @userId
            """,
            [
                P.Of(userId),
                P.Of(Guid.Empty, "none"),
                P.Of(defaults.Theme),
                P.Of(defaults.EmailNotifications, "mail"),
                P.Of(defaults.DeploymentSuccessNotifications, "success"),
                P.Of(defaults.DeploymentFailureNotifications, "failure"),
                P.Of(now),
            ], cancellationToken);
    }

    public Task<NotificationTarget?> FindNotificationTargetAsync(Guid userId, bool success, CancellationToken cancellationToken) =>
        db.FindAsync(row => new NotificationTarget(row.Guid(), row.Text(), row.Text()), """
            SELECT u.id, u.name, u.email
            FROM users u
            LEFT JOIN user_preferences f ON f.user_id = u.id
            WHERE u.id = @userId AND coalesce(f.email_notifications, TRUE)
              AND coalesce(CASE WHEN @success THEN f.deployment_success_notifications ELSE f.deployment_failure_notifications END, TRUE)
            """, [P.Of(userId), P.Of(success)], cancellationToken);

    public async Task<UserPreferences> SetAsync(Guid userId, NewUserPreferences preferences, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(preferences);
        return (await db.WriteAsync(Read, $"""
            INSERT INTO user_preferences AS f (
                id, user_id, theme, email_notifications, deployment_success_notifications, deployment_failure_notifications,
                created_at, updated_at)
            VALUES (@id, @userId, @theme, @mail, @success, @failure, @now, @now)
            ON CONFLICT (user_id) DO UPDATE
            SET theme = excluded.theme, email_notifications = excluded.email_notifications,
                deployment_success_notifications = excluded.deployment_success_notifications,
                deployment_failure_notifications = excluded.deployment_failure_notifications, updated_at = excluded.updated_at
            RETURNING {Columns}
            """,
            [
                P.Of(Ids.New(), "id"),
                P.Of(userId),
                P.Of(preferences.Theme),
                P.Of(preferences.EmailNotifications, "mail"),
                P.Of(preferences.DeploymentSuccessNotifications, "success"),
                P.Of(preferences.DeploymentFailureNotifications, "failure"),
                P.Of(clock.Now(), "now"),
            ], cancellationToken).ConfigureAwait(false))!;
    }
}
