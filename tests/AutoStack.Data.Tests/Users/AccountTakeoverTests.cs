using AutoStack.Data.Security;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Users;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Users;

/// <summary>What somebody could try to get an account that is another's.</summary>
public sealed class AccountTakeoverTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");
    private static readonly PasswordHash OtherPassword = PasswordHash.From("$2b$12$other");

    [Test]
    public async Task A_registration_with_the_id_and_address_of_somebody_gets_no_account()
    {
        var account = new NewAccount { Name = "Ada", Email = $"{Unique("ada")}@example.com", Password = Password };
        var ada = (await Identities.RegisterAsync(account, Token)).User!;

        Assert.That(
            await Identities.RegisterAsync(account with { Id = ada.Id, Name = "Eve", Password = OtherPassword }, Token),
            Is.EqualTo(new Registration(RegistrationOutcome.EmailTaken, null)));
        Assert.That(await Identities.RegisterAsync(account with { Id = ada.Id }, Token), Is.EqualTo(new Registration(RegistrationOutcome.Created, ada)));
    }

    [Test]
    public async Task An_account_that_another_request_has_made_is_not_handed_out()
    {
        var request = new NewUser { Id = Guid.CreateVersion7(), Name = "Ada", Email = $"{Unique("ada")}@example.com", GithubId = Unique("gh"), AvatarUrl = "a" };
        var ada = await Users.AddAsync(request, Token);

        foreach (var other in new[]
        {
            request with { Name = "Eve" },
            request with { GithubId = Unique("eve") },
            request with { GithubId = null },
            request with { GoogleId = Unique("eve") },
            request with { AvatarUrl = null },
            request with { EmailVerified = true },
        })
        {
            Assert.That(() => Users.AddAsync(other, Token), Throws.TypeOf<DuplicateException>());
        }

        Assert.That(await Users.AddAsync(request, Token), Is.EqualTo(ada));
        await Identities.SetPasswordAsync(ada.Id, Password, null, Token);
        Assert.That(() => Users.AddAsync(request, Token), Throws.TypeOf<DuplicateException>(), "it has a password by now");
    }

    [Test]
    public async Task A_reset_ends_the_links_of_whoever_registered_with_the_address_first()
    {
        await using var keys = WithKeys(NewKey("k1"));
        var connections = keys.GetRequiredService<IGithubConnectionRepository>();
        var account = (await Identities.RegisterAsync(new NewAccount { Name = "Eve", Email = $"{Unique("victim")}@example.com", Password = Password }, Token)).User!;
        var (github, google) = (Unique("eve"), Unique("eve"));
        await Identities.LinkAsync(account.Id, IdentityProvider.Github, github, null, Token);
        await Identities.LinkAsync(account.Id, IdentityProvider.Google, google, null, Token);
        await connections.SetAsync(account.Id, new GithubTokens { AccessToken = Secret.From("eve's") }, Token);

        await ResetAsync(account.Id);

        var reset = (await Users.FindAsync(account.Id, Token))!;
        Assert.That((reset.GithubId, reset.GoogleId, reset.EmailVerified), Is.EqualTo(((string?)null, (string?)null, true)));
        Assert.That(await connections.FindAsync(account.Id, Token), Is.Null);
        var eve = new ProviderIdentity { Provider = IdentityProvider.Github, ProviderId = github, Name = "Eve", Email = $"{Unique("eve")}@example.com", EmailVerified = true };
        Assert.That((await Identities.SignInWithProviderAsync(eve, Token)).User!.Id, Is.Not.EqualTo(account.Id));
    }

    [Test]
    public async Task A_reset_ends_the_link_of_whoever_signed_in_with_an_address_that_was_not_verified()
    {
        var identity = Somebody() with { EmailVerified = false };
        var account = (await Identities.SignInWithProviderAsync(identity, Token)).User!;

        await ResetAsync(account.Id);

        Assert.That(
            await Identities.SignInWithProviderAsync(identity, Token), Is.EqualTo(new ProviderSignIn(ProviderSignInOutcome.EmailMatchedUnverified, null)));
    }

    [Test]
    public async Task A_reset_of_a_verified_account_leaves_its_links()
    {
        await using var keys = WithKeys(NewKey("k1"));
        var connections = keys.GetRequiredService<IGithubConnectionRepository>();
        var account = (await Identities.SignInWithProviderAsync(Somebody(), Token)).User!;
        var connection = await connections.SetAsync(account.Id, new GithubTokens { AccessToken = Secret.From("own") }, Token);

        await ResetAsync(account.Id);

        Assert.That((await Users.FindAsync(account.Id, Token))!.GithubId, Is.EqualTo(account.GithubId));
        Assert.That(await connections.FindAsync(account.Id, Token), Is.EqualTo(connection));
    }

    [Test]
    public async Task A_rehash_of_a_password_that_was_reset_meanwhile_changes_nothing()
    {
        var user = await AddUserAsync();
        var (weak, renewed) = (PasswordHash.From("$2b$04$weak"), PasswordHash.From("$2b$12$renewed"));
        await Identities.SetPasswordAsync(user.Id, weak, null, Token);
        var session = await Sessions.AddAsync(new NewSession { UserId = user.Id, Token = SessionToken.New() }, Token);

        Assert.That(await Identities.RehashAsync(user.Id, weak, renewed, Token), Is.True);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(renewed.Reveal()));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([session]), "sessions go on");

        await ResetAsync(user.Id);
        Assert.That(await Identities.RehashAsync(user.Id, renewed, weak, Token), Is.False);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(OtherPassword.Reveal()));
        Assert.That(await Identities.RehashAsync(Guid.NewGuid(), weak, renewed, Token), Is.False);
        Assert.That(() => Identities.RehashAsync(user.Id, null!, renewed, Token), Throws.ArgumentNullException);
        Assert.That(() => Identities.RehashAsync(user.Id, weak, null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Identities.RehashAsync(user.Id, weak, PasswordHash.From(new string('h', 256)), Token), Throws.ArgumentException);
    }

    [Test]
    public async Task A_new_password_ends_the_reset_tokens()
    {
        var user = await AddUserAsync();
        var (before, after) = (ResetToken.New(), ResetToken.New());
        await ResetTokens.IssueAsync(user.Id, before, PasswordResetToken.DefaultLifetime, Token);
        await Identities.SetPasswordAsync(user.Id, Password, null, Token);
        Assert.That(await ResetTokens.ConsumeAsync(before, OtherPassword, Token), Is.Null);

        // The Python services left several.
        await ResetTokens.IssueAsync(user.Id, before, PasswordResetToken.DefaultLifetime, Token);
        await ExecuteAsync(
            "INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at) SELECT gen_random_uuid(), user_id, 'old', '2100-01-01' FROM password_reset_tokens WHERE user_id = $1 LIMIT 1",
            user.Id);
        Assert.That(await ResetTokens.ConsumeAsync(before, OtherPassword, Token), Is.EqualTo(user.Id));
        Assert.That(await ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE user_id = $1 AND used_at IS NULL", user.Id), Is.Zero);
        await ResetTokens.IssueAsync(user.Id, after, PasswordResetToken.DefaultLifetime, Token);
        Assert.That(await ResetTokens.ConsumeAsync(after, Password, Token), Is.EqualTo(user.Id));
    }

    [Test]
    public async Task Parallel_sign_ins_through_two_providers_make_one_account()
    {
        var github = Somebody();
        var google = github with { Provider = IdentityProvider.Google, ProviderId = Unique("google") };
        Task<ProviderSignIn> second = null!;
        var first = await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var signIn = await tx.Get<IIdentityRepository>().SignInWithProviderAsync(github, ct);
            second = Identities.SignInWithProviderAsync(google, Token);
            await UntilSomeoneWaitsAsync();
            return signIn;
        }, Token);

        var user = (await second).User!;
        Assert.That((user.Id, user.GithubId, user.GoogleId), Is.EqualTo((first.User!.Id, github.ProviderId, google.ProviderId)));
    }

    [Test]
    public async Task What_a_provider_verifies_later_is_taken_over()
    {
        var identity = Somebody() with { EmailVerified = false };
        var first = (await Identities.SignInWithProviderAsync(identity, Token)).User!;

        var other = (await Identities.SignInWithProviderAsync(identity with { EmailVerified = true, Email = $"{Unique("other")}@example.com" }, Token)).User!;
        Assert.That(other, Is.EqualTo(first), "another address is verified");
        var later = (await Identities.SignInWithProviderAsync(identity with { EmailVerified = true, Email = identity.Email.ToUpperInvariant(), AvatarUrl = "a" }, Token)).User!;

        Assert.That((later.Id, later.EmailVerified, later.AvatarUrl), Is.EqualTo((first.Id, true, "a")));
        Assert.That((await Identities.SignInWithProviderAsync(identity with { AvatarUrl = "b" }, Token)).User, Is.EqualTo(later), "nothing is taken back");
    }

    private static ProviderIdentity Somebody() => new()
    {
        Provider = IdentityProvider.Github,
        ProviderId = Unique("provider"),
        Name = "Ada",
        Email = $"{Unique("provider")}@example.com",
        EmailVerified = true,
    };

    private async Task ResetAsync(Guid userId)
    {
        var reset = ResetToken.New();
        await ResetTokens.IssueAsync(userId, reset, PasswordResetToken.DefaultLifetime, Token);
        Assert.That(await ResetTokens.ConsumeAsync(reset, OtherPassword, Token), Is.EqualTo(userId));
    }
}
