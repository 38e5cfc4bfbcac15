using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>What somebody could try to get an account that is another's.</summary>
public sealed class AccountTakeoverTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");
    private static readonly PasswordHash OtherPassword = PasswordHash.From("$2b$12$other");

    [Test]
    public async Task Registering_another_users_id_and_address_returns_no_account()
    {
        var account = new NewAccount { Name = "Ada", Email = $"{Unique("ada")}@example.com", Password = Password };
        var ada = (await Identities.RegisterAsync(account, Token)).User!;

        Assert.That(
            await Identities.RegisterAsync(account with { Id = ada.Id, Name = "Eve", Password = OtherPassword }, Token),
            Is.EqualTo(new RegistrationResult(RegistrationOutcome.EmailTaken, null)));
        Assert.That(
            await Identities.RegisterAsync(account with { Id = ada.Id }, Token),
            Is.EqualTo(new RegistrationResult(RegistrationOutcome.Created, ada)));
    }

    [Test]
    public async Task An_account_that_another_request_added_is_not_returned()
    {
        var request = new NewUser
        {
            Id = Guid.CreateVersion7(),
            Name = "Ada",
            Email = $"{Unique("ada")}@example.com",
            GitHubId = Unique("gh"),
            AvatarUrl = "a",
        };
        var ada = await Users.AddAsync(request, Token);

        foreach (var other in new[]
        {
            request with { Name = "Eve" },
            request with { GitHubId = Unique("eve") },
            request with { GitHubId = null },
            request with { GoogleId = Unique("eve") },
            request with { AvatarUrl = null },
            request with { EmailVerified = true },
        })
        {
            Assert.That(() => Users.AddAsync(other, Token), Throws.TypeOf<DuplicateException>());
        }

        Assert.That(await Users.AddAsync(request, Token), Is.EqualTo(ada));
        await Identities.ChangePasswordAsync(ada.Id, null, Password, null, Token);
        Assert.That(() => Users.AddAsync(request, Token), Throws.TypeOf<DuplicateException>(), "it has a password by now");
    }

    [Test]
    public async Task A_reset_ends_the_links_of_an_earlier_registration_with_the_address()
    {
        await using var keys = WithKeys(NewKey("k1"));
        var connections = keys.GetRequiredService<IGitHubConnectionRepository>();
        var account = (await Identities.RegisterAsync(
            new NewAccount { Name = "Eve", Email = $"{Unique("victim")}@example.com", Password = Password }, Token)).User!;
        var (github, google) = (Unique("eve"), Unique("eve"));
        await Identities.LinkAsync(account.Id, IdentityProvider.GitHub, github, null, await SignInAsync(account.Id), Token);
        await Identities.LinkAsync(account.Id, IdentityProvider.Google, google, null, await SignInAsync(account.Id), Token);
        await connections.ConnectAsync(account.Id, new GitHubTokens { AccessToken = Secret.From("eve's") }, Token);

        await ResetAsync(account.Id);

        var reset = (await Users.FindAsync(account.Id, Token))!;
        Assert.That((reset.GitHubId, reset.GoogleId, reset.EmailVerified), Is.EqualTo(((string?)null, (string?)null, true)));
        Assert.That(await connections.FindAsync(account.Id, Token), Is.Null);
        var eve = new ProviderIdentity
        {
            Provider = IdentityProvider.GitHub,
            ProviderId = github,
            Name = "Eve",
            Email = $"{Unique("eve")}@example.com",
            EmailVerified = true,
        };
        Assert.That((await Identities.SignInWithProviderAsync(eve, Token)).User!.Id, Is.Not.EqualTo(account.Id));
    }

    [Test]
    public async Task A_reset_ends_links_that_a_thief_added_to_a_verified_account([Values] bool byUnitOfWork)
    {
        await using var keys = WithKeys(NewKey("k1"));
        var connections = keys.GetRequiredService<IGitHubConnectionRepository>();
        var account = (await Identities.SignInWithProviderAsync(Somebody(), Token)).User!;
        var thiefs = Unique("thief");
        await Identities.LinkAsync(account.Id, IdentityProvider.Google, thiefs, null, await SignInAsync(account.Id), Token);
        await connections.ConnectAsync(account.Id, new GitHubTokens { AccessToken = Secret.From("thief's") }, Token);
        var token = await IssueAsync(account.Id);

        var used = byUnitOfWork
            ? await UnitOfWork.RunAsync(
                async (tx, ct) => await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(token, OtherPassword, AccountLinks.None, ct),
                Token)
            : await ResetTokens.ConsumeAsync(token, OtherPassword, AccountLinks.None, Token);

        Assert.That(used, Is.EqualTo(account.Id));
        var reset = (await Users.FindAsync(account.Id, Token))!;
        Assert.That((reset.GitHubId, reset.GoogleId), Is.EqualTo(((string?)null, (string?)null)));
        Assert.That(await connections.FindAsync(account.Id, Token), Is.Null);
        Assert.That(await Identities.FindByProviderAsync(IdentityProvider.Google, thiefs, Token), Is.Null);
    }

    [TestCase(AccountLinks.None)]
    [TestCase(AccountLinks.GitHub)]
    [TestCase(AccountLinks.Google)]
    [TestCase(AccountLinks.GitHubConnection)]
    [TestCase(AccountLinks.GitHub | AccountLinks.GitHubConnection)]
    [TestCase(AccountLinks.GitHub | AccountLinks.Google | AccountLinks.GitHubConnection)]
    public async Task A_reset_keeps_the_links_that_the_owner_chose(AccountLinks keep)
    {
        await using var keys = WithKeys(NewKey("k1"));
        var connections = keys.GetRequiredService<IGitHubConnectionRepository>();
        var account = (await Identities.SignInWithProviderAsync(Somebody(), Token)).User!;
        var google = Unique("google");
        await Identities.LinkAsync(account.Id, IdentityProvider.Google, google, null, await SignInAsync(account.Id), Token);
        var connection = await connections.ConnectAsync(
            account.Id, new GitHubTokens { AccessToken = Secret.From("x"), GitHubUsername = "ada" }, Token);
        var token = await IssueAsync(account.Id);

        var links = await ResetTokens.FindLinksAsync(token, Token);
        Assert.That(links, Is.EqualTo(new LinkedAccounts
        {
            Links = AccountLinks.GitHub | AccountLinks.Google | AccountLinks.GitHubConnection,
            GitHubId = account.GitHubId,
            GoogleId = google,
            GitLabId = null,
            BitbucketId = null,
            GitHubUsername = "ada",
            GitHubConnectedAt = connection.ConnectedAt,
        }));
        Assert.That(await ResetTokens.FindUsableAsync(token, Token), Is.Not.Null, "looking does not use it");
        Assert.That(await ResetTokens.ConsumeAsync(token, OtherPassword, keep, Token), Is.EqualTo(account.Id));

        var reset = (await Users.FindAsync(account.Id, Token))!;
        Assert.That(reset.GitHubId, Is.EqualTo(keep.HasFlag(AccountLinks.GitHub) ? account.GitHubId : null));
        Assert.That(reset.GoogleId, Is.EqualTo(keep.HasFlag(AccountLinks.Google) ? google : null));
        Assert.That(
            await connections.FindAsync(account.Id, Token), Is.EqualTo(keep.HasFlag(AccountLinks.GitHubConnection) ? connection : null));
        Assert.That(await ResetTokens.FindLinksAsync(token, Token), Is.Null, "it is used");
    }

    [Test]
    public async Task A_unit_with_a_valid_and_an_expired_token_changes_one_account()
    {
        var (first, second) = (await AddUserAsync(), await AddUserAsync());
        var used = await IssueAsync(first.Id);
        await Identities.ChangePasswordAsync(second.Id, null, Password, null, Token);
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var tokens = tx.Get<IPasswordResetTokenRepository>();
            Assert.That(await tokens.ConsumeAsync(used, OtherPassword, AccountLinks.None, ct), Is.EqualTo(first.Id));
            await tx.Get<IIdentityRepository>().ChangePasswordAsync(first.Id, null, Password, null, ct);
            Assert.That(await tokens.ConsumeAsync(used, OtherPassword, AccountLinks.None, ct), Is.Null);
        }, Token);

        Assert.That((await Identities.FindCredentialsAsync(first.Email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
    }

    [TestCase(0, LinkOutcome.Linked)]
    [TestCase(-9, LinkOutcome.Linked)]
    [TestCase(-11, LinkOutcome.SignInTooOld)]
    [TestCase(-100_000, LinkOutcome.SignInTooOld)]
    [TestCase(0.9, LinkOutcome.Linked)]
    [TestCase(1.1, LinkOutcome.SignInTooOld)]
    [TestCase(100_000, LinkOutcome.SignInTooOld)]
    public async Task A_link_needs_a_fresh_sign_in(double minutes, LinkOutcome expected)
    {
        var user = await AddUserAsync();
        var github = Unique("gh");
        var signedInAt = (await SignInAsync(user.Id)).AddMinutes(minutes);
        await ExecuteAsync(
            "UPDATE sessions SET signed_in_at = $1 WHERE user_id = $2",
            DateTime.SpecifyKind(signedInAt.UtcDateTime, DateTimeKind.Unspecified),
            user.Id);

        Assert.That(await Identities.LinkAsync(user.Id, IdentityProvider.GitHub, github, null, signedInAt, Token), Is.EqualTo(expected));

        Assert.That((await Users.FindAsync(user.Id, Token))!.GitHubId, Is.EqualTo(expected == LinkOutcome.Linked ? github : null));
    }

    [Test]
    public async Task A_rotation_does_not_make_a_sign_in_fresh()
    {
        var user = await AddUserAsync();
        var (_, token) = await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        Clock.Advance(TimeSpan.FromMinutes(11));
        var exchanged = await Sessions.RotateAsync(token, null, NewSession.DefaultLifetime, Token);

        Assert.That(
            await Identities.LinkAsync(
                user.Id, IdentityProvider.GitHub, Unique("gh"), null, exchanged.Next!.Session.SignedInAt!.Value, Token),
            Is.EqualTo(LinkOutcome.SignInTooOld));
    }

    [Test]
    public async Task A_link_that_began_before_a_reset_fails_after_it([Values] bool atOnce)
    {
        var user = await AddUserAsync();
        var (signedInAt, github) = (await SignInAsync(user.Id), Unique("gh"));
        Task<LinkOutcome>? late = null;
        var reset = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(reset, OtherPassword, AccountLinks.None, ct);
            if (atOnce)
            {
                late = Identities.LinkAsync(user.Id, IdentityProvider.GitHub, github, null, signedInAt, Token);
                await UntilSomeoneWaitsAsync();
            }
        }, Token);

        var result = await (late ?? Identities.LinkAsync(user.Id, IdentityProvider.GitHub, github, null, signedInAt, Token));

        Assert.That(result, Is.EqualTo(LinkOutcome.SignInTooOld));
        Assert.That((await Users.FindAsync(user.Id, Token))!.GitHubId, Is.Null);
        Assert.That(
            await Identities.LinkAsync(user.Id, IdentityProvider.GitHub, github, null, await SignInAsync(user.Id), Token),
            Is.EqualTo(LinkOutcome.Linked));
    }

    [Test]
    public async Task The_sign_in_of_another_user_links_nothing()
    {
        var user = await AddUserAsync();
        var signedInAt = await SignInAsync((await AddUserAsync()).Id);

        Assert.That(
            await Identities.LinkAsync(user.Id, IdentityProvider.GitHub, Unique("gh"), null, signedInAt, Token),
            Is.EqualTo(LinkOutcome.SignInTooOld));
    }

    [Test]
    public async Task A_password_change_that_a_reset_overtakes_changes_nothing([Values] bool atOnce)
    {
        var user = await AddUserAsync();
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        var thiefs = PasswordHash.From("$2b$12$thief");
        Task<PasswordChangeOutcome>? late = null;
        var reset = await IssueAsync(user.Id);
        IssuedSession session = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(reset, OtherPassword, AccountLinks.None, ct);
            session = await tx.Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, ct);
            if (atOnce)
            {
                late = Identities.ChangePasswordAsync(user.Id, Password, thiefs, null, Token);
                await UntilSomeoneWaitsAsync();
            }
        }, Token);
        var next = await IssueAsync(user.Id);

        Assert.That(
            await (late ?? Identities.ChangePasswordAsync(user.Id, Password, thiefs, null, Token)),
            Is.EqualTo(PasswordChangeOutcome.Superseded));

        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(OtherPassword.Reveal()));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([session.Session]), "no session ends");
        Assert.That(await ResetTokens.FindUsableAsync(next, Token), Is.Not.Null, "nor a token");
        Assert.That(
            await Identities.ChangePasswordAsync(user.Id, OtherPassword, Password, null, Token), Is.EqualTo(PasswordChangeOutcome.Changed));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
        Assert.That(await ResetTokens.FindUsableAsync(next, Token), Is.Null);
    }

    [Test]
    public async Task The_last_way_to_sign_in_is_not_unlinked()
    {
        var user = (await Identities.SignInWithProviderAsync(Somebody(), Token)).User!;

        Assert.That(await Identities.UnlinkAsync(user.Id, IdentityProvider.Google, Token), Is.EqualTo(UnlinkOutcome.NotLinked));
        Assert.That(await Identities.UnlinkAsync(user.Id, IdentityProvider.GitHub, Token), Is.EqualTo(UnlinkOutcome.LastWayIn));
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        Assert.That(await Identities.UnlinkAsync(user.Id, IdentityProvider.GitHub, Token), Is.EqualTo(UnlinkOutcome.Unlinked));
    }

    [Test]
    public async Task A_verified_sign_in_takes_over_an_account_with_an_unverified_address(
        [Values] bool byProvider, [Values] bool whileSigningIn)
    {
        await using var keys = WithKeys(NewKey("k1"));
        var connections = keys.GetRequiredService<IGitHubConnectionRepository>();
        var owner = Somebody();
        var squatter = owner with { Provider = IdentityProvider.Google, ProviderId = Unique("squatter"), EmailVerified = false };
        var account = byProvider
            ? (await Identities.SignInWithProviderAsync(squatter, Token)).User!
            : (await Identities.RegisterAsync(new NewAccount { Name = "Eve", Email = owner.Email, Password = Password }, Token)).User!;
        await Identities.LinkAsync(account.Id, IdentityProvider.Google, squatter.ProviderId, null, await SignInAsync(account.Id), Token);
        await Identities.ChangePasswordAsync(account.Id, null, Password, null, Token);
        await connections.ConnectAsync(account.Id, new GitHubTokens { AccessToken = Secret.From("eve's") }, Token);
        var session = (await Sessions.AddAsync(new NewSession { UserId = account.Id }, Token)).Token;
        var reset = await IssueAsync(account.Id);
        var project = await AddProjectAsync(account.Id);
        SessionToken? late = null;

        Task<ProviderSignInResult> signIn = null!;
        if (whileSigningIn)
        {
            await UnitOfWork.RunAsync(async (tx, ct) =>
            {
                var added = await tx.Get<ISessionRepository>().AddVerifiedAsync(new NewSession { UserId = account.Id }, Password, ct);
                late = added.Issued!.Token;
                signIn = Identities.SignInWithProviderAsync(owner, Token);
                await UntilSomeoneWaitsAsync();
            }, Token);
        }
        else
        {
            signIn = Identities.SignInWithProviderAsync(owner, Token);
        }

        var result = await signIn;
        Assert.That((result.Outcome, result.User!.Id), Is.EqualTo((ProviderSignInOutcome.TookOver, account.Id)));
        Assert.That(
            (result.User.GitHubId, result.User.GoogleId, result.User.EmailVerified), Is.EqualTo((owner.ProviderId, (string?)null, true)));
        Assert.That(await Sessions.FindActiveAsync(session, Token), Is.Null);
        Assert.That(late is null ? null : await Sessions.FindActiveAsync(late, Token), Is.Null, "also one that was being made");
        Assert.That((await Identities.FindCredentialsAsync(owner.Email, Token))!.Password, Is.Null);
        Assert.That(await ResetTokens.ConsumeAsync(reset, OtherPassword, AccountLinks.None, Token), Is.Null);
        Assert.That(await connections.FindAsync(account.Id, Token), Is.Null);
        Assert.That(
            (await Sessions.AddVerifiedAsync(new NewSession { UserId = account.Id }, Password, Token)).Outcome,
            Is.EqualTo(SessionIssueOutcome.Superseded));
        Assert.That(await Projects.FindAsync(project.Id, account.Id, Token), Is.Not.Null, "projects stay, as after a reset");
        Assert.That((await Identities.SignInWithProviderAsync(owner, Token)).Outcome, Is.EqualTo(ProviderSignInOutcome.SignedIn), "once");
        Assert.That(
            (await Identities.SignInWithProviderAsync(squatter, Token)).Outcome, Is.EqualTo(ProviderSignInOutcome.EmailMatchedUnverified));
        Assert.That(
            (await Identities.SignInWithProviderAsync(
                squatter with { EmailVerified = true, ProviderId = Unique("other"), Provider = IdentityProvider.GitHub }, Token)).Outcome,
            Is.EqualTo(ProviderSignInOutcome.LinkedElsewhere), "a verified account is not taken over");
    }

    [Test]
    public async Task A_verified_sign_in_to_a_linked_account_takes_over_no_other()
    {
        var owner = Somebody();
        var account = (await Identities.SignInWithProviderAsync(owner, Token)).User!;
        var other = (await Identities.RegisterAsync(
            new NewAccount { Name = "Eve", Email = $"{Unique("other")}@example.com", Password = Password }, Token)).User!;

        var signIn = await Identities.SignInWithProviderAsync(owner with { Email = other.Email }, Token);

        Assert.That((signIn.Outcome, signIn.User!.Id), Is.EqualTo((ProviderSignInOutcome.SignedIn, account.Id)));
        Assert.That((await Identities.FindCredentialsAsync(other.Email, Token))!.Password, Is.Not.Null);
        Assert.That(await Users.FindAsync(other.Id, Token), Is.EqualTo(other));
    }

    [Test]
    public async Task A_reset_ends_the_link_of_an_unverified_sign_in()
    {
        var identity = Somebody() with { EmailVerified = false };
        var account = (await Identities.SignInWithProviderAsync(identity, Token)).User!;

        await ResetAsync(account.Id);

        Assert.That(
            await Identities.SignInWithProviderAsync(identity, Token),
            Is.EqualTo(new ProviderSignInResult(ProviderSignInOutcome.EmailMatchedUnverified, null)));
    }

    [Test]
    public async Task A_rehash_after_a_reset_changes_nothing()
    {
        var user = await AddUserAsync();
        var (weak, renewed) = (PasswordHash.From("$2b$04$weak"), PasswordHash.From("$2b$12$renewed"));
        await Identities.ChangePasswordAsync(user.Id, null, weak, null, Token);
        var session = await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);

        Assert.That(await Identities.RehashAsync(user.Id, weak, renewed, Token), Is.True);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(renewed.Reveal()));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([session.Session]), "sessions go on");

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
        var before = await IssueAsync(user.Id);
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        Assert.That(await ResetTokens.ConsumeAsync(before, OtherPassword, AccountLinks.None, Token), Is.Null);

        // The Python services left several.
        before = await IssueAsync(user.Id);
        await ExecuteAsync(
            """
            INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at)
            SELECT gen_random_uuid(), user_id, 'old', '2100-01-01' FROM password_reset_tokens WHERE user_id = $1 LIMIT 1
            """,
            user.Id);
        Assert.That(await ResetTokens.ConsumeAsync(before, OtherPassword, AccountLinks.None, Token), Is.EqualTo(user.Id));
        Assert.That(
            await ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE user_id = $1 AND used_at IS NULL", user.Id), Is.Zero);
        Assert.That(await ResetTokens.ConsumeAsync(await IssueAsync(user.Id), Password, AccountLinks.None, Token), Is.EqualTo(user.Id));
    }

    [Test]
    public async Task Concurrent_sign_ins_through_two_providers_create_one_account()
    {
        var github = Somebody();
        var google = github with { Provider = IdentityProvider.Google, ProviderId = Unique("google") };
        Task<ProviderSignInResult> second = null!;
        var first = await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var signIn = await tx.Get<IIdentityRepository>().SignInWithProviderAsync(github, ct);
            second = Identities.SignInWithProviderAsync(google, Token);
            await UntilSomeoneWaitsAsync();
            return signIn;
        }, Token);

        var user = (await second).User!;
        Assert.That((user.Id, user.GitHubId, user.GoogleId), Is.EqualTo((first.User!.Id, github.ProviderId, google.ProviderId)));
    }

    [Test]
    public async Task A_later_verification_by_the_provider_is_stored()
    {
        var identity = Somebody() with { EmailVerified = false };
        var first = (await Identities.SignInWithProviderAsync(identity, Token)).User!;

        var other = (await Identities.SignInWithProviderAsync(
            identity with { EmailVerified = true, Email = $"{Unique("other")}@example.com" }, Token)).User!;
        Assert.That(other, Is.EqualTo(first), "another address is verified");
        var later = (await Identities.SignInWithProviderAsync(
            identity with { EmailVerified = true, Email = identity.Email.ToUpperInvariant(), AvatarUrl = "a" }, Token)).User!;

        Assert.That((later.Id, later.EmailVerified, later.AvatarUrl), Is.EqualTo((first.Id, true, "a")));
        Assert.That(
            (await Identities.SignInWithProviderAsync(identity with { AvatarUrl = "b" }, Token)).User,
            Is.EqualTo(later),
            "nothing is taken back");
    }

    private static ProviderIdentity Somebody() => new()
    {
        Provider = IdentityProvider.GitHub,
        ProviderId = Unique("provider"),
        Name = "Ada",
        Email = $"{Unique("provider")}@example.com",
        EmailVerified = true,
    };

    private async Task<ResetToken> IssueAsync(Guid userId)
    {
        Clock.Advance(TimeSpan.FromMinutes(2));
        return (await ResetTokens.IssueAsync(userId, PasswordResetToken.DefaultLifetime, Token)).Token!;
    }

    private async Task ResetAsync(Guid userId, AccountLinks keep = AccountLinks.None) =>
        Assert.That(await ResetTokens.ConsumeAsync(await IssueAsync(userId), OtherPassword, keep, Token), Is.EqualTo(userId));
}
