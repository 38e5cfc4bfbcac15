using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>Four providers with one API: two are columns of users, two are rows of user_identities.</summary>
public sealed class FurtherProviderTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task A_new_users_sign_in_creates_an_account_that_the_next_finds([Values] IdentityProvider provider)
    {
        var identity = Somebody(provider);

        var first = await Identities.SignInWithProviderAsync(identity, Token);
        var second = await Identities.SignInWithProviderAsync(identity with { Email = $"{Unique("other")}@example.com" }, Token);

        Assert.That((first.Outcome, second), Is.EqualTo((ProviderSignInOutcome.SignedIn, first)));
        Assert.That(await Identities.FindByProviderAsync(provider, identity.ProviderId, Token), Is.EqualTo(first.User));
        Assert.That(await LinksAsync(first.User!.Id), Is.EqualTo(new[] { (provider, identity.ProviderId) }));
        foreach (var other in Enum.GetValues<IdentityProvider>().Where(other => other != provider))
        {
            Assert.That(await Identities.FindByProviderAsync(other, identity.ProviderId, Token), Is.Null, "the id of another provider");
        }
    }

    [Test]
    public async Task A_verified_address_joins_the_accounts_of_four_providers()
    {
        var email = $"{Unique("joined")}@example.com";
        var identities = Enum.GetValues<IdentityProvider>().Select(provider => Somebody(provider) with { Email = email }).ToList();
        var users = new List<User>();
        foreach (var identity in identities)
        {
            users.Add((await Identities.SignInWithProviderAsync(identity, Token)).User!);
        }

        Assert.That(users.Select(user => user.Id).Distinct().Count(), Is.EqualTo(1));
        Assert.That(
            await LinksAsync(users[0].Id), Is.EqualTo(identities.Select(identity => (identity.Provider, identity.ProviderId))));
        foreach (var identity in identities)
        {
            Assert.That(
                (await Identities.SignInWithProviderAsync(identity with { ProviderId = Unique("second") }, Token)).Outcome,
                Is.EqualTo(ProviderSignInOutcome.LinkedElsewhere));
        }
    }

    [Test]
    public async Task A_verified_provider_takes_over_an_account_without_a_proof(
        [Values(IdentityProvider.GitLab, IdentityProvider.Bitbucket)] IdentityProvider provider)
    {
        var squatter = Somebody(IdentityProvider.GitLab) with { EmailVerified = false };
        var account = (await Identities.SignInWithProviderAsync(squatter, Token)).User!;
        var owner = Somebody(provider) with { Email = account.Email };
        Assert.That(
            (await Identities.SignInWithProviderAsync(owner with { EmailVerified = false }, Token)).Outcome,
            Is.EqualTo(ProviderSignInOutcome.EmailMatchedUnverified));

        var taken = await Identities.SignInWithProviderAsync(owner, Token);

        Assert.That((taken.Outcome, taken.User!.Id), Is.EqualTo((ProviderSignInOutcome.TookOver, account.Id)));
        Assert.That(await LinksAsync(account.Id), Is.EqualTo(new[] { (provider, owner.ProviderId) }), "the squatter's link has ended");
    }

    [Test]
    public async Task Links_are_made_replaced_and_removed_but_for_the_last_way_in([Values] IdentityProvider provider)
    {
        var user = await AddUserAsync();
        var (first, second) = (Unique("first"), Unique("second"));
        Assert.That(await LinkAsync(user.Id, provider, first), Is.EqualTo(LinkOutcome.Linked));
        Assert.That(await LinkAsync(user.Id, provider, first), Is.EqualTo(LinkOutcome.Linked), "again");
        Assert.That(await LinkAsync(user.Id, provider, second), Is.EqualTo(LinkOutcome.Linked));
        Assert.That(await LinksAsync(user.Id), Is.EqualTo(new[] { (provider, second) }));
        Assert.That(await Identities.FindByProviderAsync(provider, first, Token), Is.Null);
        Assert.That(
            await LinkAsync((await AddUserAsync()).Id, provider, second), Is.EqualTo(LinkOutcome.LinkedElsewhere));
        Assert.That(
            await Identities.LinkAsync(user.Id, provider, Unique("stale"), null, Clock.GetUtcNow().AddMinutes(-11), Token),
            Is.EqualTo(LinkOutcome.SignInTooOld));

        Assert.That(await Identities.UnlinkAsync(user.Id, provider, Token), Is.EqualTo(UnlinkOutcome.LastWayIn));
        var other = provider == IdentityProvider.GitLab ? IdentityProvider.Bitbucket : IdentityProvider.GitLab;
        await LinkAsync(user.Id, other, Unique("other"));
        Assert.That(await Identities.UnlinkAsync(user.Id, provider, Token), Is.EqualTo(UnlinkOutcome.Unlinked));
        Assert.That(await Identities.UnlinkAsync(user.Id, provider, Token), Is.EqualTo(UnlinkOutcome.NotLinked));
        Assert.That(await Identities.UnlinkAsync(user.Id, other, Token), Is.EqualTo(UnlinkOutcome.LastWayIn));
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        Assert.That(await Identities.UnlinkAsync(user.Id, other, Token), Is.EqualTo(UnlinkOutcome.Unlinked));
    }

    [Test]
    public async Task Of_two_links_that_are_removed_at_once_one_stays()
    {
        var user = (await Identities.SignInWithProviderAsync(Somebody(IdentityProvider.GitHub), Token)).User!;
        await LinkAsync(user.Id, IdentityProvider.GitLab, Unique("gl"));
        Task<UnlinkOutcome> second = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(
                await tx.Get<IIdentityRepository>().UnlinkAsync(user.Id, IdentityProvider.GitLab, ct), Is.EqualTo(UnlinkOutcome.Unlinked));
            second = Identities.UnlinkAsync(user.Id, IdentityProvider.GitHub, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await second, Is.EqualTo(UnlinkOutcome.LastWayIn));
    }

    [Test]
    public async Task Of_two_first_sign_ins_at_once_both_get_the_same_account()
    {
        var identity = Somebody(IdentityProvider.Bitbucket);
        Task<ProviderSignInResult> second = null!;
        var first = await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var signIn = await tx.Get<IIdentityRepository>().SignInWithProviderAsync(identity, ct);
            second = Identities.SignInWithProviderAsync(identity, Token);
            await UntilSomeoneWaitsAsync();
            return signIn;
        }, Token);

        Assert.That(await second, Is.EqualTo(first));
    }

    [TestCase(AccountLinks.None)]
    [TestCase(AccountLinks.GitLab)]
    [TestCase(AccountLinks.Bitbucket)]
    [TestCase(AccountLinks.GitLab | AccountLinks.Bitbucket | AccountLinks.GitHub)]
    public async Task A_reset_keeps_the_links_that_the_owner_chose(AccountLinks keep)
    {
        var user = (await Identities.SignInWithProviderAsync(Somebody(IdentityProvider.GitHub), Token)).User!;
        var (gitLab, bitbucket) = (Unique("gl"), Unique("bb"));
        await LinkAsync(user.Id, IdentityProvider.GitLab, gitLab);
        await LinkAsync(user.Id, IdentityProvider.Bitbucket, bitbucket);
        var token = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        var links = new LinkedAccounts
        {
            Links = AccountLinks.GitHub | AccountLinks.GitLab | AccountLinks.Bitbucket,
            GitHubId = user.GitHubId,
            GoogleId = null,
            GitLabId = gitLab,
            BitbucketId = bitbucket,
            GitHubUsername = null,
            GitHubConnectedAt = null,
        };
        Assert.That(await ResetTokens.FindLinksAsync(token, Token), Is.EqualTo(links));
        Assert.That(await Identities.FindLinksAsync(user.Id, Token), Is.EqualTo(links));

        await ResetTokens.ConsumeAsync(token, Password, keep, Token);

        Assert.That((await Identities.FindLinksAsync(user.Id, Token))!.Links, Is.EqualTo(keep));
    }

    [Test]
    public async Task A_removed_account_frees_its_accounts_at_providers()
    {
        var identity = Somebody(IdentityProvider.GitLab);
        var user = (await Identities.SignInWithProviderAsync(identity, Token)).User!;
        await AddProjectAsync(user.Id);
        await Users.RemoveAsync(user.Id, Token);

        Assert.That(await Identities.FindByProviderAsync(IdentityProvider.GitLab, identity.ProviderId, Token), Is.Null);
        Assert.That(await Identities.FindLinksAsync(user.Id, Token), Is.Null);
        Assert.That((await Identities.SignInWithProviderAsync(identity, Token)).User!.Id, Is.Not.EqualTo(user.Id));
    }

    private static ProviderIdentity Somebody(IdentityProvider provider) => new()
    {
        Provider = provider,
        ProviderId = Unique("provider"),
        Name = "Ada",
        Email = $"{Unique("provider")}@example.com",
        EmailVerified = true,
    };

    private async Task<LinkOutcome> LinkAsync(Guid userId, IdentityProvider provider, string providerId) =>
        await Identities.LinkAsync(userId, provider, providerId, null, await SignInAsync(userId), Token);

    private async Task<IEnumerable<(IdentityProvider Provider, string Id)>> LinksAsync(Guid userId)
    {
        var links = (await Identities.FindLinksAsync(userId, Token))!;
        return new[]
            {
                (IdentityProvider.GitHub, links.GitHubId), (IdentityProvider.Google, links.GoogleId),
                (IdentityProvider.GitLab, links.GitLabId), (IdentityProvider.Bitbucket, links.BitbucketId),
            }
            .Where(link => link.Item2 is not null).Select(link => (link.Item1, link.Item2!));
    }
}
