using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfUsers => new()
    {
        ["IUserRepository.AddAsync"] = tests =>
        {
            var user = new NewUser { Id = Guid.NewGuid(), Name = "Ada", Email = $"{Unique("ada")}@example.com" };
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<IUserRepository>().AddAsync(user, Token),
                async (result, _) => Assert.That(await tests.Users.FindAsync(user.Id.Value, Token), Is.EqualTo(result))));
        },
        ["IUserRepository.UpdateAsync"] = tests => UpdateOfAsync(tests, user => user.UpdatedAt),
        ["IUserRepository.UpdateAsync without a version"] = tests => UpdateOfAsync(tests, _ => null),
        ["IUserRepository.VerifyEmailAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            return new Write(
                async host => await host.GetRequiredService<IUserRepository>().VerifyEmailAsync(user.Id, user.Email, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(EmailVerificationOutcome.Verified));
                    Assert.That((await tests.Users.FindAsync(user.Id, Token))!.EmailVerified, Is.True);
                });
        },
        ["IUserRepository.RemoveAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            return new Write(
                async host => await host.GetRequiredService<IUserRepository>().RemoveAsync(user.Id, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(await tests.Users.FindAsync(user.Id, Token), Is.Null);
                });
        },
        ["IUserRepository.RemoveAsync of an account with a project"] = async tests =>
        {
            var project = await tests.AddProjectAsync();
            return new Write(
                async host => await host.GetRequiredService<IUserRepository>().RemoveAsync(project.UserId, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(await tests.Users.FindAsync(project.UserId, Token), Is.Null);
                    Assert.That(await tests.ScalarAsync("SELECT count(*) FROM users WHERE id = $1", project.UserId), Is.EqualTo(1));
                });
        },
        ["IUserPreferencesRepository.UpdateAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            var patch = new UserPreferencesPatch { Theme = Theme.Dark, EmailNotifications = false };
            return new Write(
                async host => await host.GetRequiredService<IUserPreferencesRepository>().UpdateAsync(user.Id, patch, Token),
                async (result, _) =>
                {
                    var stored = (await tests.Preferences.FindAsync(user.Id, Token))!;
                    Assert.That(result, Is.EqualTo(stored));
                    Assert.That((stored.Theme, stored.EmailNotifications), Is.EqualTo((Theme.Dark, false)));
                    Assert.That(stored.UpdatedAt, Is.EqualTo(stored.CreatedAt), "changed once");
                });
        },
    };

    private static async Task<Write> UpdateOfAsync(LostAnswerTests tests, Func<User, DateTimeOffset?> version)
    {
        var user = await tests.AddUserAsync();
        var patch = new UserPatch { Name = "Ada L.", AvatarUrl = "https://example.com/ada.png" };
        return new Write(
            async host => await host.GetRequiredService<IUserRepository>().UpdateAsync(user.Id, patch, version(user), Token),
            async (result, _) =>
            {
                var stored = await tests.Users.FindAsync(user.Id, Token);
                Assert.That(result, Is.EqualTo(new UserUpdateResult(UpdateOutcome.Updated, stored)));
                Assert.That((stored!.Name, stored.AvatarUrl), Is.EqualTo(("Ada L.", "https://example.com/ada.png")));
                AssertWholeMilliseconds(stored.UpdatedAt - user.CreatedAt);
            });
    }

    // The clock of the host advances by milliseconds, and a second version would be a microsecond later than the first.
    private static void AssertWholeMilliseconds(TimeSpan span) =>
        Assert.That(span.Ticks % TimeSpan.TicksPerMillisecond, Is.Zero, "one version");
}
