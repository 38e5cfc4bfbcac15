using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The code of docs/accounts.md that keeps GitHub's tokens.</summary>
public sealed class DocumentedRefreshTests : DatabaseTests
{
    private ServiceProvider withKey = null!;

    private IGitHubConnectionRepository Connections => withKey.GetRequiredService<IGitHubConnectionRepository>();

    [OneTimeSetUp]
    public void ConfigureKey() => withKey = WithKeys(NewKey("k1"));

    [OneTimeTearDown]
    public void Dispose() => withKey.Dispose();

    [Test]
    public async Task The_refresh_of_the_docs_returns_the_tokens_that_are_stored()
    {
        var user = await AddUserAsync();
        Assert.That(await ReadmeCode.FindFreshTokensAsync(Connections, user.Id, RefreshAsync, Token), Is.Null);
        var signedIn = (await Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        await ReadmeCode.ConnectAsync(Connections, signedIn, new("first", "renewal", 28_800, "repo"), Token);
        Assert.That(await FreshAsync(), Is.EqualTo("first"));
        await ReadmeCode.ConnectAsync(Connections, signedIn, new("late", "renewal", 60, "repo"), Token);
        Assert.That(await FreshAsync(), Is.EqualTo("renewed"));
        await ReadmeCode.ConnectAsync(Connections, signedIn, new("late", "renewal", 60, "repo"), Token);

        var overtaken = await ReadmeCode.FindFreshTokensAsync(Connections, user.Id, async (tokens, token) =>
        {
            await ReadmeCode.FindFreshTokensAsync(Connections, user.Id, RefreshAsync, token);
            return tokens with { AccessToken = Secret.From("refused") };
        }, Token);

        Assert.That(overtaken!.AccessToken.Reveal(), Is.EqualTo("renewed"));

        async Task<string> FreshAsync() =>
            (await ReadmeCode.FindFreshTokensAsync(Connections, user.Id, RefreshAsync, Token))!.AccessToken.Reveal();

        Task<GitHubTokens> RefreshAsync(GitHubTokens tokens, CancellationToken token) => Task.FromResult(new GitHubTokens
        {
            AccessToken = Secret.From("renewed"),
            RefreshToken = Secret.From($"{tokens.RefreshToken!.Reveal()} again"),
            ExpiresAt = DateTimeOffset.UtcNow.AddHours(8),
        });
    }
}
