using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfIdentities => new()
    {
        ["IIdentityRepository.RegisterAsync"] = tests =>
        {
            var account = new NewAccount
            {
                Id = Guid.NewGuid(),
                Name = "Ada",
                Email = $"{Unique("new")}@example.com",
                Password = PasswordHash.From("$2b$12$one"),
            };
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<IIdentityRepository>().RegisterAsync(account, Token),
                async (result, _) => Assert.That(result, Is.EqualTo(new RegistrationResult(
                    RegistrationOutcome.Created, await tests.Users.FindAsync(account.Id.Value, Token))))));
        },
        ["IIdentityRepository.SignInWithProviderAsync"] = tests =>
        {
            var identity = Identity($"{Unique("hub")}@example.com");
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<IIdentityRepository>().SignInWithProviderAsync(identity, Token),
                async (result, _) => Assert.That(result, Is.EqualTo(new ProviderSignInResult(
                    ProviderSignInOutcome.SignedIn,
                    await tests.Identities.FindByProviderAsync(IdentityProvider.GitHub, identity.ProviderId, Token))))));
        },
        ["IIdentityRepository.SignInWithProviderAsync that takes over"] = async tests =>
        {
            var user = await RegisteredAsync(tests);
            await tests.Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
            var identity = Identity(user.Email);
            return new Write(
                async host => await host.GetRequiredService<IIdentityRepository>().SignInWithProviderAsync(identity, Token),
                async (result, told) =>
                {
                    // The first of the two answers that a caller may miss precedes the change.
                    var stored = await tests.Users.FindAsync(user.Id, Token);
                    var tookOver = new ProviderSignInResult(ProviderSignInOutcome.TookOver, stored);
                    var signedIn = new ProviderSignInResult(ProviderSignInOutcome.SignedIn, stored);
                    Assert.That(result, Is.EqualTo(tookOver).Or.EqualTo(told == Told.AgainByTheCaller ? signedIn : tookOver));
                    Assert.That(stored!.GitHubId, Is.EqualTo(identity.ProviderId));
                    Assert.That((await tests.Identities.FindCredentialsAsync(user.Email, Token))!.Password, Is.Null);
                    Assert.That(await tests.Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
                });
        },
        ["IIdentityRepository.LinkAsync"] = tests => LinkAsync(tests, IdentityProvider.GitHub),
        ["IIdentityRepository.LinkAsync with GitLab"] = tests => LinkAsync(tests, IdentityProvider.GitLab),
        ["IIdentityRepository.UnlinkAsync"] = tests => UnlinkAsync(tests, IdentityProvider.GitHub),
        ["IIdentityRepository.UnlinkAsync of Bitbucket"] = tests => UnlinkAsync(tests, IdentityProvider.Bitbucket),
        ["IIdentityRepository.ChangePasswordAsync"] = tests => ChangeOfPasswordAsync(tests, PasswordHash.From("$2b$12$old")),
        ["IIdentityRepository.ChangePasswordAsync whatever is stored"] = tests => ChangeOfPasswordAsync(tests, verified: null),
        ["IIdentityRepository.RehashAsync"] = async tests =>
        {
            var user = await RegisteredAsync(tests);
            var (verified, renewed) = (PasswordHash.From("$2b$12$old"), PasswordHash.From(Unique("$2b$13$new")));
            return new Write(
                async host => await host.GetRequiredService<IIdentityRepository>().RehashAsync(user.Id, verified, renewed, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.True);
                    Assert.That(
                        (await tests.Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(),
                        Is.EqualTo(renewed.Reveal()));
                });
        },
    };

    private static async Task<Write> LinkAsync(LostAnswerTests tests, IdentityProvider provider)
    {
        var user = await tests.AddUserAsync();
        var link = new ProviderLink
        {
            Provider = provider,
            ProviderId = Unique("gh"),
            SignedInAt = await tests.SignInAsync(user.Id),
        };
        return new Write(
            async host => await host.GetRequiredService<IIdentityRepository>().LinkAsync(user.Id, link, Token),
            async (result, _) =>
            {
                Assert.That(result, Is.EqualTo(LinkOutcome.Linked));
                Assert.That((await tests.Identities.FindByProviderAsync(provider, link.ProviderId, Token))?.Id, Is.EqualTo(user.Id));
            });
    }

    private static async Task<Write> UnlinkAsync(LostAnswerTests tests, IdentityProvider provider)
    {
        var identity = Identity($"{Unique("un")}@example.com") with { Provider = provider };
        var user = (await tests.Identities.SignInWithProviderAsync(identity, Token)).User!;
        var link = new ProviderLink
        {
            Provider = IdentityProvider.Google,
            ProviderId = Unique("go"),
            SignedInAt = await tests.SignInAsync(user.Id),
        };
        await tests.Identities.LinkAsync(user.Id, link, Token);
        return new Write(
            async host => await host.GetRequiredService<IIdentityRepository>().UnlinkAsync(user.Id, provider, Token),
            async (result, told) =>
            {
                Assert.That(result, Is.EqualTo(told == Told.AgainByTheCaller ? UnlinkOutcome.NotLinked : UnlinkOutcome.Unlinked));
                var links = (await tests.Identities.FindLinksAsync(user.Id, Token))!;
                Assert.That((links.Links, links.GoogleId), Is.EqualTo((AccountLinks.Google, link.ProviderId)));
            });
    }

    private static ProviderIdentity Identity(string email) => new()
    {
        Provider = IdentityProvider.GitHub,
        ProviderId = Unique("gh"),
        Name = "Ada",
        Email = email,
        EmailVerified = true,
    };

    private static async Task<User> RegisteredAsync(LostAnswerTests tests) => (await tests.Identities.RegisterAsync(
        new NewAccount { Name = "Ada", Email = $"{Unique("reg")}@example.com", Password = PasswordHash.From("$2b$12$old") }, Token)).User!;

    private static async Task<Write> ChangeOfPasswordAsync(LostAnswerTests tests, PasswordHash? verified)
    {
        var user = await RegisteredAsync(tests);
        await tests.Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var kept = (await tests.Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        var change = new PasswordChange
        {
            Verified = verified,
            Password = PasswordHash.From(Unique("$2b$12$new")),
            ExceptSessionId = kept.Id,
        };
        return new Write(
            async host => await host.GetRequiredService<IIdentityRepository>().ChangePasswordAsync(user.Id, change, Token),
            async (result, _) =>
            {
                Assert.That(result, Is.EqualTo(PasswordChangeOutcome.Changed));
                Assert.That(
                    (await tests.Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(),
                    Is.EqualTo(change.Password.Reveal()));
                Assert.That(await tests.Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([kept]));
            });
    }
}
