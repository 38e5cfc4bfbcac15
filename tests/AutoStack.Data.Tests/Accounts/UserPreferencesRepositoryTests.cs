using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Accounts;

public sealed class UserPreferencesRepositoryTests : DatabaseTests
{
    [Test]
    public async Task A_user_without_a_row_has_the_defaults_and_reading_writes_nothing()
    {
        var user = await AddUserAsync();

        var preferences = (await Preferences.FindAsync(user.Id, Token))!;

        Assert.That((preferences.Id, preferences.UserId, preferences.Theme), Is.EqualTo((Guid.Empty, user.Id, Theme.System)));
        Assert.That(
            preferences.EmailNotifications && preferences.DeploymentSuccessNotifications && preferences.DeploymentFailureNotifications,
            Is.True);
        Assert.That(await ScalarAsync("SELECT count(*) FROM user_preferences WHERE user_id = $1", user.Id), Is.Zero);
        Assert.That(await Preferences.FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [Test]
    public async Task An_update_changes_the_given_values_in_one_row()
    {
        var user = await AddUserAsync();

        var first = await Preferences.UpdateAsync(
            user.Id, new UserPreferencesPatch { Theme = Theme.Dark, DeploymentFailureNotifications = false }, Token);
        var second = await Preferences.UpdateAsync(
            user.Id, new UserPreferencesPatch { Theme = Theme.Light, EmailNotifications = false }, Token);

        Assert.That(second, Is.EqualTo(first with
        {
            Theme = Theme.Light,
            EmailNotifications = false,
            UpdatedAt = second.UpdatedAt,
        }));
        Assert.That((first.Theme, first.EmailNotifications, first.DeploymentSuccessNotifications), Is.EqualTo((Theme.Dark, true, true)));
        Assert.That(second.DeploymentFailureNotifications, Is.False, "what a patch leaves out stays");
        Assert.That(second.UpdatedAt, Is.GreaterThan(first.UpdatedAt));
        Assert.That(await Preferences.FindAsync(user.Id, Token), Is.EqualTo(second));
    }

    [Test]
    public async Task Two_concurrent_first_writes_are_one_row()
    {
        var user = await AddUserAsync();
        Task<UserPreferences> second = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IUserPreferencesRepository>().UpdateAsync(user.Id, new UserPreferencesPatch { Theme = Theme.Dark }, ct);
            second = Preferences.UpdateAsync(user.Id, new UserPreferencesPatch { Theme = Theme.Light }, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await second).Theme, Is.EqualTo(Theme.Light));
        Assert.That(await ScalarAsync("SELECT count(*) FROM user_preferences WHERE user_id = $1", user.Id), Is.EqualTo(1));
    }

    [TestCase(true, true, true, true)]
    [TestCase(true, false, true, false)]
    [TestCase(false, true, true, false)]
    [TestCase(true, true, false, false)]
    public async Task A_notification_has_a_recipient_only_when_it_is_wanted(bool success, bool wanted, bool mail, bool told)
    {
        var user = await AddUserAsync();
        Assert.That(
            await Preferences.FindNotificationTargetAsync(user.Id, success, Token),
            Is.EqualTo(new NotificationTarget(user.Id, user.Name, user.Email)));

        await Preferences.UpdateAsync(
            user.Id,
            new UserPreferencesPatch
            {
                EmailNotifications = mail,
                DeploymentSuccessNotifications = success && wanted,
                DeploymentFailureNotifications = !success && !wanted,
            }, Token);

        Assert.That(await Preferences.FindNotificationTargetAsync(user.Id, success, Token) is not null, Is.EqualTo(told));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var user = await AddUserAsync();

        Assert.That(() => Preferences.UpdateAsync(user.Id, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Preferences.UpdateAsync(user.Id, new UserPreferencesPatch { Theme = Theme.From("pink") }, Token),
            Throws.ArgumentException.With.Message.Contains("light, dark, system"));
        Assert.That(
            () => Preferences.UpdateAsync(Guid.NewGuid(), new UserPreferencesPatch(), Token), Throws.TypeOf<MissingReferenceException>());
        Assert.That(await Preferences.FindNotificationTargetAsync(Guid.NewGuid(), true, Token), Is.Null);
    }

    [Test]
    public async Task A_theme_that_another_program_stored_reads_back_verbatim()
    {
        var user = await AddUserAsync();
        await Preferences.UpdateAsync(user.Id, new UserPreferencesPatch(), Token);
        await ExecuteAsync("UPDATE user_preferences SET theme = 'Solarized' WHERE user_id = $1", user.Id);

        Assert.That((await Preferences.FindAsync(user.Id, Token))!.Theme.Value, Is.EqualTo("Solarized"));
    }
}
