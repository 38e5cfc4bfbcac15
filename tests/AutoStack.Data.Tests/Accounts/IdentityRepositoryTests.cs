using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Accounts;

public sealed class IdentityRepositoryTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task A_registered_password_is_found_by_the_address()
    {
        var email = $"{Unique("Reg")}@Example.com";

        var registration = await Identities.RegisterAsync(
            new NewAccount { Name = "Ada", Email = $" {email} ", Password = Password }, Token);

        Assert.That(registration.Outcome, Is.EqualTo(RegistrationOutcome.Created));
        Assert.That((registration.User!.Email, registration.User.EmailVerified), Is.EqualTo((email.ToLowerInvariant(), false)));
        var credentials = (await Identities.FindCredentialsAsync(email.ToUpperInvariant(), Token))!;
        Assert.That((credentials.UserId, credentials.Password!.Reveal()), Is.EqualTo((registration.User.Id, Password.Reveal())));
        Assert.That(await Identities.FindCredentialsAsync("nobody@example.com", Token), Is.Null);
        Assert.That((await Identities.FindCredentialsAsync((await AddUserAsync()).Email, Token))!.Password, Is.Null);
    }

    [Test]
    public async Task Registering_a_taken_address_returns_EmailTaken_in_any_case()
    {
        var user = await AddUserAsync();

        var registration = await Identities.RegisterAsync(
            new NewAccount { Name = "Eve", Email = user.Email.ToUpperInvariant(), Password = Password }, Token);

        Assert.That(registration, Is.EqualTo(new RegistrationResult(RegistrationOutcome.EmailTaken, null)));
    }

    [Test]
    public async Task A_repeated_registration_with_the_same_id_returns_the_same_account()
    {
        var other = await AddUserAsync();
        var account = new NewAccount
        {
            Id = Guid.CreateVersion7(),
            Name = "Ada",
            Email = $"{Unique("again")}@example.com",
            Password = Password,
        };

        var first = await Identities.RegisterAsync(account, Token);

        Assert.That(await Identities.RegisterAsync(account, Token), Is.EqualTo(first));
        Assert.That(
            () => Identities.RegisterAsync(account with { Id = other.Id, Email = $"{Unique("x")}@example.com" }, Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("users_pkey"));
    }

    [Test]
    public async Task Of_two_concurrent_registrations_one_returns_EmailTaken()
    {
        var account = new NewAccount { Name = "Ada", Email = $"{Unique("race")}@example.com", Password = Password };
        Task<RegistrationResult> second = null!;
        var first = await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var registration = await tx.Get<IIdentityRepository>().RegisterAsync(account, ct);
            second = Identities.RegisterAsync(account, Token);
            await UntilSomeoneWaitsAsync();
            return registration;
        }, Token);

        Assert.That(first.Outcome, Is.EqualTo(RegistrationOutcome.Created));
        Assert.That((await second).Outcome, Is.EqualTo(RegistrationOutcome.EmailTaken));
    }

    [Test]
    public async Task A_new_users_sign_in_creates_an_account_that_the_next_finds()
    {
        var identity = Somebody();

        var first = await Identities.SignInWithProviderAsync(identity, Token);
        var second = await Identities.SignInWithProviderAsync(
            identity with { Name = "Other", Email = $"{Unique("other")}@example.com" }, Token);

        Assert.That(first.Outcome, Is.EqualTo(ProviderSignInOutcome.SignedIn));
        Assert.That(
            (first.User!.GitHubId, first.User.EmailVerified, first.User.AvatarUrl),
            Is.EqualTo((identity.ProviderId, true, identity.AvatarUrl)));
        Assert.That(second, Is.EqualTo(first));
        Assert.That(await Identities.FindByProviderAsync(IdentityProvider.GitHub, identity.ProviderId, Token), Is.EqualTo(first.User));
        Assert.That(await Identities.FindByProviderAsync(IdentityProvider.Google, identity.ProviderId, Token), Is.Null);
    }

    [Test]
    public async Task Concurrent_sign_ins_of_a_new_user_create_one_account()
    {
        var identity = Somebody();
        Task<ProviderSignInResult>[] others = [];
        var first = await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var signIn = await tx.Get<IIdentityRepository>().SignInWithProviderAsync(identity, ct);
            others = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => Identities.SignInWithProviderAsync(identity, Token)))];
            await UntilSomeoneWaitsAsync(4);
            return signIn;
        }, Token);

        Assert.That(await Task.WhenAll(others), Is.All.EqualTo(first));
    }

    [Test]
    public async Task An_address_verified_on_both_sides_links_the_account()
    {
        var identity = Somebody();
        var user = await Users.AddAsync(
            new NewUser { Name = "Ada", Email = identity.Email.ToUpperInvariant(), EmailVerified = true, AvatarUrl = "own" }, Token);

        var signIn = await Identities.SignInWithProviderAsync(identity, Token);

        Assert.That(signIn.Outcome, Is.EqualTo(ProviderSignInOutcome.SignedIn));
        Assert.That((signIn.User!.Id, signIn.User.GitHubId, signIn.User.AvatarUrl), Is.EqualTo((user.Id, identity.ProviderId, "own")));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task An_address_that_the_provider_has_not_verified_opens_no_account(bool stored)
    {
        var identity = Somebody() with { EmailVerified = false };
        var user = await Users.AddAsync(new NewUser { Name = "Eve", Email = identity.Email, EmailVerified = stored }, Token);

        Assert.That(
            await Identities.SignInWithProviderAsync(identity, Token),
            Is.EqualTo(new ProviderSignInResult(ProviderSignInOutcome.EmailMatchedUnverified, null)));
        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task An_address_whose_account_is_linked_elsewhere_returns_LinkedElsewhere()
    {
        var identity = Somebody();
        await Identities.SignInWithProviderAsync(identity, Token);

        Assert.That(
            await Identities.SignInWithProviderAsync(identity with { ProviderId = Unique("other") }, Token),
            Is.EqualTo(new ProviderSignInResult(ProviderSignInOutcome.LinkedElsewhere, null)));
    }

    [Test]
    public async Task Link_and_unlink_change_one_provider_only()
    {
        var user = await AddUserAsync();
        var (github, google) = (Unique("gh"), Unique("gg"));

        Assert.That(
            await Identities.LinkAsync(user.Id, IdentityProvider.GitHub, github, "picture", await SignInAsync(user.Id), Token),
            Is.EqualTo(LinkOutcome.Linked));
        Assert.That(
            await Identities.LinkAsync(user.Id, IdentityProvider.Google, google, "other", await SignInAsync(user.Id), Token),
            Is.EqualTo(LinkOutcome.Linked));
        var linked = (await Users.FindAsync(user.Id, Token))!;
        Assert.That((linked.GitHubId, linked.GoogleId, linked.AvatarUrl), Is.EqualTo((github, google, "picture")));
        Assert.That(linked.UpdatedAt, Is.GreaterThan(user.UpdatedAt));

        Assert.That(await Identities.UnlinkAsync(user.Id, IdentityProvider.GitHub, Token), Is.EqualTo(UnlinkOutcome.Unlinked));
        Assert.That(await Identities.UnlinkAsync(user.Id, IdentityProvider.GitHub, Token), Is.EqualTo(UnlinkOutcome.NotLinked));
        var unlinked = (await Users.FindAsync(user.Id, Token))!;
        Assert.That((unlinked.GitHubId, unlinked.GoogleId), Is.EqualTo(((string?)null, google)));
    }

    [Test]
    public async Task Linking_a_taken_account_or_an_unknown_user_returns_the_reason()
    {
        var user = await AddUserAsync();
        var taken = (await Identities.SignInWithProviderAsync(Somebody(), Token)).User!;

        Assert.That(
            await Identities.LinkAsync(user.Id, IdentityProvider.GitHub, taken.GitHubId!, null, await SignInAsync(user.Id), Token),
            Is.EqualTo(LinkOutcome.LinkedElsewhere));
        Assert.That(
            await Identities.LinkAsync(Guid.NewGuid(), IdentityProvider.GitHub, Unique("gh"), null, Clock.GetUtcNow(), Token),
            Is.EqualTo(LinkOutcome.UserNotFound));
        Assert.That(await Identities.UnlinkAsync(Guid.NewGuid(), IdentityProvider.Google, Token), Is.EqualTo(UnlinkOutcome.NotLinked));
    }

    [Test]
    public async Task Of_two_concurrent_links_with_one_account_one_succeeds()
    {
        var (first, second) = (await AddUserAsync(), await AddUserAsync());
        var providerId = Unique("gh");
        Task<LinkOutcome> late = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IIdentityRepository>().LinkAsync(
                first.Id, IdentityProvider.GitHub, providerId, null, await SignInAsync(first.Id), ct);
            late = Identities.LinkAsync(second.Id, IdentityProvider.GitHub, providerId, null, await SignInAsync(second.Id), Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await late, Is.EqualTo(LinkOutcome.LinkedElsewhere));
    }

    [Test]
    public async Task A_new_password_ends_the_other_sessions()
    {
        var user = await AddUserAsync();
        var kept = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);

        Assert.That(
            await Identities.ChangePasswordAsync(user.Id, null, Password, kept.Id, Token), Is.EqualTo(PasswordChangeOutcome.Changed));
        Assert.That(
            await Identities.ChangePasswordAsync(Guid.NewGuid(), null, Password, null, Token),
            Is.EqualTo(PasswordChangeOutcome.UserNotFound));

        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([kept]));
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        var account = new NewAccount { Name = "Ada", Email = "ada@example.com", Password = Password };

        Assert.That(() => Identities.RegisterAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Identities.RegisterAsync(account with { Email = " " }, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("account.Email"));
        Assert.That(
            () => Identities.RegisterAsync(account with { Name = new string('n', 256) }, Token),
            Throws.ArgumentException.With.Message.Contains("at most 255"));
        Assert.That(() => Identities.RegisterAsync(account with { Password = null! }, Token), Throws.ArgumentNullException);
        Assert.That(() => Identities.FindByProviderAsync(IdentityProvider.Google, null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Identities.FindByProviderAsync(IdentityProvider.Google, "", Token), Throws.ArgumentException);
        Assert.That(() => Identities.FindByProviderAsync((IdentityProvider)7, "x", Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Identities.FindCredentialsAsync("", Token), Throws.ArgumentException);
        Assert.That(() => Identities.SignInWithProviderAsync(Somebody() with { ProviderId = "" }, Token), Throws.ArgumentException);
        Assert.That(
            () => Identities.SignInWithProviderAsync(Somebody() with { ProviderId = new string('1', 256) }, Token),
            Throws.ArgumentException);
        Assert.That(() => Identities.ChangePasswordAsync(Guid.NewGuid(), null, null!, null, Token), Throws.ArgumentNullException);
        Assert.That(() => Identities.ChangePasswordAsync(Guid.NewGuid(), null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Identities.LinkAsync(Guid.NewGuid(), null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Identities.LinkAsync(Guid.NewGuid(), IdentityProvider.GitHub, " ", null, Clock.GetUtcNow(), Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("link.ProviderId"));
    }

    private static ProviderIdentity Somebody() => new()
    {
        Provider = IdentityProvider.GitHub,
        ProviderId = Unique("provider"),
        Name = "Ada",
        Email = $"{Unique("provider")}@example.com",
        EmailVerified = true,
        AvatarUrl = "https://example.com/a.png",
    };
}
