using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>
/// A call that is made again recognises its own effect only: what another caller wrote, before, after or between, is neither claimed nor
/// undone. Lost answers by method are in <c>LostAnswerTests</c>.
/// </summary>
public sealed class RepeatedCallTests : DatabaseTests
{
    private static readonly PasswordHash Old = PasswordHash.From("$2b$12$old");

    private readonly SecretKey key = NewKey("k1");

    [Test]
    public async Task An_update_is_recognised_by_all_its_values()
    {
        var user = await AddUserAsync();
        var patch = new UserPatch { Name = "Ada L.", AvatarUrl = "https://example.com/1.png" };
        var first = await Users.UpdateAsync(user.Id, patch, user.UpdatedAt, Token);

        Assert.That(await Users.UpdateAsync(user.Id, patch, user.UpdatedAt, Token), Is.EqualTo(first));
        Assert.That(
            await Users.UpdateAsync(user.Id, patch with { AvatarUrl = null }, user.UpdatedAt, Token),
            Is.EqualTo(new UserUpdateResult(UpdateOutcome.Conflict, first.User)));
        Assert.That(
            await Users.UpdateAsync(user.Id, patch with { Name = "ada l." }, user.UpdatedAt, Token),
            Is.EqualTo(new UserUpdateResult(UpdateOutcome.Conflict, first.User)));
        Assert.That((await Users.UpdateAsync(user.Id, new UserPatch(), user.UpdatedAt, Token)).Outcome, Is.EqualTo(UpdateOutcome.Conflict));

        await Users.UpdateAsync(user.Id, new UserPatch { Name = "Ada" }, null, Token);
        Assert.That((await Users.UpdateAsync(user.Id, patch, user.UpdatedAt, Token)).Outcome, Is.EqualTo(UpdateOutcome.Conflict));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_password_change_repeated_later_ends_no_newer_session(bool verified)
    {
        var user = await RegisterAsync();
        var change = new PasswordChange { Verified = verified ? Old : null, Password = PasswordHash.From("$2b$12$new") };
        Assert.That(await Identities.ChangePasswordAsync(user.Id, change, Token), Is.EqualTo(PasswordChangeOutcome.Changed));
        await SignInAsync(user.Id);
        var reset = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(await Identities.ChangePasswordAsync(user.Id, change, Token), Is.EqualTo(PasswordChangeOutcome.Changed));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
        Assert.That(await ResetTokens.FindUsableAsync(reset.Token!, Token), Is.EqualTo(reset.Reset));
    }

    [Test]
    public async Task A_password_change_or_rehash_claims_no_other_hash()
    {
        var user = await RegisterAsync();
        var (mine, other) = (PasswordHash.From("$2b$12$mine"), PasswordHash.From("$2b$12$other"));
        Assert.That(await Identities.ChangePasswordAsync(user.Id, Old, mine, null, Token), Is.EqualTo(PasswordChangeOutcome.Changed));
        Assert.That(await Identities.ChangePasswordAsync(user.Id, Old, other, null, Token), Is.EqualTo(PasswordChangeOutcome.Superseded));
        Assert.That(await Identities.RehashAsync(user.Id, Old, other, Token), Is.False);
        Assert.That(await Identities.ChangePasswordAsync(user.Id, mine, other, null, Token), Is.EqualTo(PasswordChangeOutcome.Changed));
        Assert.That(await Identities.ChangePasswordAsync(user.Id, Old, mine, null, Token), Is.EqualTo(PasswordChangeOutcome.Superseded));
        Assert.That(await Identities.RehashAsync(user.Id, Old, mine, Token), Is.False);
    }

    [Test]
    public async Task A_consumed_token_is_recognised_later_and_ends_nothing_newer()
    {
        var user = await RegisterAsync();
        var token = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        var password = PasswordHash.From("$2b$12$mine");
        Assert.That(await ResetTokens.ConsumeAsync(token, password, AccountLinks.None, Token), Is.EqualTo(user.Id));
        Clock.Advance(TimeSpan.FromHours(3));
        await SignInAsync(user.Id);
        var newer = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(await ResetTokens.ConsumeAsync(token, password, AccountLinks.None, Token), Is.EqualTo(user.Id));
        Assert.That(await ResetTokens.ConsumeAsync(token, Old, AccountLinks.None, Token), Is.Null, "a replay by somebody else");
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
        Assert.That(await ResetTokens.FindUsableAsync(newer.Token!, Token), Is.EqualTo(newer.Reset));

        await Identities.ChangePasswordAsync(user.Id, password, PasswordHash.From("$2b$12$next"), null, Token);
        Assert.That(await ResetTokens.ConsumeAsync(token, password, AccountLinks.None, Token), Is.Null, "another password is stored");
    }

    [Test]
    public async Task A_superseded_token_is_not_taken_for_the_consumed_one()
    {
        var user = await RegisterAsync();
        var superseded = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        Clock.Advance(TimeSpan.FromMinutes(2));
        var token = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        var password = PasswordHash.From("$2b$12$mine");
        Assert.That(await ResetTokens.ConsumeAsync(superseded, password, AccountLinks.None, Token), Is.Null);
        Assert.That(await ResetTokens.ConsumeAsync(token, password, AccountLinks.None, Token), Is.EqualTo(user.Id));

        Assert.That(await ResetTokens.ConsumeAsync(superseded, password, AccountLinks.None, Token), Is.Null);
        Assert.That(await ResetTokens.ConsumeAsync(token, password, AccountLinks.None, Token), Is.EqualTo(user.Id));
    }

    [Test]
    public async Task Of_two_consumptions_of_one_token_only_the_first_is_recognised()
    {
        var user = await RegisterAsync();
        var token = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        var hashes = Enumerable.Range(0, 8).Select(i => PasswordHash.From($"$2b$12$of{i}")).ToList();
        var results = await Task.WhenAll(hashes.Select(hash => ResetTokens.ConsumeAsync(token, hash, AccountLinks.None, Token)));

        Assert.That(results.Count(id => id == user.Id), Is.EqualTo(1));
        Assert.That(
            (await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(),
            Is.EqualTo(hashes[Array.IndexOf(results, user.Id)].Reveal()));
    }

    [Test]
    public async Task A_link_is_recognised_after_its_sign_in_has_ended_and_another_link_is_not()
    {
        var user = await AddUserAsync();
        var link = new ProviderLink
        {
            Provider = IdentityProvider.GitHub,
            ProviderId = Unique("gh"),
            SignedInAt = await SignInAsync(user.Id),
        };
        Assert.That(await Identities.LinkAsync(user.Id, link, Token), Is.EqualTo(LinkOutcome.Linked));
        await Sessions.RevokeAllAsync(user.Id, null, Token);
        Clock.Advance(TimeSpan.FromHours(1));

        Assert.That(await Identities.LinkAsync(user.Id, link, Token), Is.EqualTo(LinkOutcome.Linked));
        Assert.That(
            await Identities.LinkAsync(user.Id, link with { ProviderId = Unique("gh") }, Token), Is.EqualTo(LinkOutcome.SignInTooOld));
        Assert.That((await Users.FindAsync(user.Id, Token))!.GitHubId, Is.EqualTo(link.ProviderId));
        Assert.That(
            await Identities.LinkAsync((await AddUserAsync()).Id, link, Token), Is.Not.EqualTo(LinkOutcome.Linked), "of another user");
    }

    [Test]
    public async Task A_refresh_is_recognised_by_its_tokens()
    {
        await using var host = WithKeys(key);
        var connections = host.GetRequiredService<IGitHubConnectionRepository>();
        var user = await AddUserAsync();
        var connection = await connections.ConnectAsync(user.Id, Tokens("a"), Token);
        var first = await connections.RefreshAsync(connection, Tokens("b"), Token);

        Assert.That(first.Outcome, Is.EqualTo(UpdateOutcome.Updated));
        Assert.That(await connections.RefreshAsync(connection, Tokens("b"), Token), Is.EqualTo(first));
        foreach (var other in new[] { Tokens("c"), Tokens("b") with { RefreshToken = null }, Tokens("b") with { ExpiresAt = null } })
        {
            Assert.That((await connections.RefreshAsync(connection, other, Token)).Outcome, Is.EqualTo(UpdateOutcome.Conflict));
        }

        await using (var rekeyed = WithKeys(NewKey("k9")))
        {
            var unreadable = rekeyed.GetRequiredService<IGitHubConnectionRepository>();
            Assert.That((await unreadable.RefreshAsync(connection, Tokens("b"), Token)).Outcome, Is.EqualTo(UpdateOutcome.Conflict));
        }

        await connections.ConnectAsync(user.Id, Tokens("b"), Token);
        Assert.That((await connections.RefreshAsync(connection, Tokens("b"), Token)).Outcome, Is.EqualTo(UpdateOutcome.Conflict));
    }

    [Test]
    public async Task The_librarys_repetition_of_a_connection_keeps_tokens_that_were_refreshed_meanwhile()
    {
        var user = await AddUserAsync();
        await using var direct = WithKeys(key);
        var connections = direct.GetRequiredService<IGitHubConnectionRepository>();
        var result = await RepeatedAfterAsync(
            host => host.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(user.Id, Tokens("a"), Token),
            async () => await connections.RefreshAsync((await connections.FindAsync(user.Id, Token))!, Tokens("b"), Token));

        Assert.That((await connections.FindTokensAsync(user.Id, Token))!.AccessToken.Reveal(), Is.EqualTo("b"));
        Assert.That(result, Is.EqualTo(await connections.FindAsync(user.Id, Token)));
    }

    [Test]
    public async Task The_librarys_repetition_of_a_reset_ends_no_newer_token()
    {
        var user = await AddUserAsync();
        ResetIssueResult? newer = null;
        var result = await RepeatedAfterAsync(
            host => host.GetRequiredService<IPasswordResetTokenRepository>()
                .IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token),
            async () =>
            {
                Clock.Advance(TimeSpan.FromMinutes(2));
                newer = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
            });

        Assert.That((result.Outcome, result.Reset!.UsedAt.HasValue), Is.EqualTo((ResetIssueOutcome.Issued, true)));
        Assert.That(await ResetTokens.FindUsableAsync(result.Token!, Token), Is.Null);
        Assert.That(await ResetTokens.FindUsableAsync(newer!.Token!, Token), Is.EqualTo(newer.Reset));
    }

    [Test]
    public async Task The_librarys_repetition_of_a_rehash_or_change_undoes_no_newer_password()
    {
        var user = await RegisterAsync();
        var newest = PasswordHash.From("$2b$12$newest");
        var (mine, renewed) = (PasswordHash.From("$2b$12$mine"), PasswordHash.From("$2b$13$mine"));
        var changed = await RepeatedAfterAsync(
            host => host.GetRequiredService<IIdentityRepository>().ChangePasswordAsync(user.Id, Old, mine, null, Token),
            () => Identities.ChangePasswordAsync(user.Id, mine, newest, null, Token));
        Assert.That(changed, Is.EqualTo(PasswordChangeOutcome.Superseded));

        var rehashed = await RepeatedAfterAsync(
            host => host.GetRequiredService<IIdentityRepository>().RehashAsync(user.Id, newest, renewed, Token),
            () => Identities.ChangePasswordAsync(user.Id, renewed, Old, null, Token));
        Assert.That(rehashed, Is.False);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(Old.Reveal()));
    }

    private static GitHubTokens Tokens(string text) => new()
    {
        AccessToken = Secret.From(text),
        RefreshToken = Secret.From($"refresh {text}"),
        ExpiresAt = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero),
    };

    private async Task<User> RegisterAsync() => (await Identities.RegisterAsync(
        new NewAccount { Name = "Ada", Email = $"{Unique("again")}@example.com", Password = Old }, Token)).User!;

    /// <summary>
    /// Calls a method whose answer is lost, does something after the change and before the library's repetition, and returns the answer.
    /// </summary>
    private async Task<T> RepeatedAfterAsync<T>(Func<IServiceProvider, Task<T>> call, Func<Task> between)
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { RefuseAfterCut = true };
        await using var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(options =>
            {
                (options.ConnectionString, options.MinPoolSize) = (proxy.ConnectionString, 0);
                options.SecretKeys.Add(key);
            })
            .BuildServiceProvider();
        await host.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token);
        proxy.CutAnswer(1);
        var answer = call(host);
        while (proxy.Cuts == 0 || proxy.Refused == 0)
        {
            await Task.Delay(5, Token);
        }

        await between();
        proxy.Refuse = false;
        return await answer;
    }
}
