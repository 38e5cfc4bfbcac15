using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfGitHubConnections => new()
    {
        ["IGitHubConnectionRepository.ConnectAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            var tokens = Tokens();
            return new Write(
                async host => await host.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(user.Id, tokens, Token),
                async (result, told) =>
                {
                    await AssertStoredAsync(tests, user, tokens, result);
                    if (told != Told.AgainByTheCaller)
                    {
                        AssertWholeMilliseconds(((GitHubConnection)result!).ConnectedAt - user.CreatedAt);
                    }
                });
        },
        ["IGitHubConnectionRepository.RefreshAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            await using var direct = tests.WithKeys(tests.key);
            var connection = await direct.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(user.Id, Tokens(), Token);
            var tokens = Tokens();
            return new Write(
                async host => await host.GetRequiredService<IGitHubConnectionRepository>().RefreshAsync(connection, tokens, Token),
                async (result, _) =>
                {
                    var refreshed = (GitHubRefreshResult)result!;
                    Assert.That(refreshed.Outcome, Is.EqualTo(UpdateOutcome.Updated));
                    await AssertStoredAsync(tests, user, tokens, refreshed.Connection);
                });
        },
        ["IGitHubConnectionRepository.RemoveAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            await using var direct = tests.WithKeys(tests.key);
            await direct.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(user.Id, Tokens(), Token);
            return new Write(
                async host => await host.GetRequiredService<IGitHubConnectionRepository>().RemoveAsync(user.Id, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(await tests.Get<IGitHubConnectionRepository>().FindAsync(user.Id, Token), Is.Null);
                });
        },
    };

    private static GitHubTokens Tokens() => new()
    {
        AccessToken = Secret.From(Unique("access")),
        RefreshToken = Secret.From(Unique("refresh")),
        ExpiresAt = new DateTimeOffset(2026, 4, 1, 0, 0, 0, TimeSpan.Zero).AddTicks(7),
        Scope = GitHubScopes.Parse("repo,user"),
        GitHubUsername = "ada",
    };

    private static async Task AssertStoredAsync(LostAnswerTests tests, User user, GitHubTokens tokens, object? connection)
    {
        await using var direct = tests.WithKeys(tests.key);
        var connections = direct.GetRequiredService<IGitHubConnectionRepository>();
        var stored = (await connections.FindTokensAsync(user.Id, Token))!;
        Assert.That(
            (stored.AccessToken.Reveal(), stored.RefreshToken!.Reveal()),
            Is.EqualTo((tokens.AccessToken.Reveal(), tokens.RefreshToken!.Reveal())));
        Assert.That(connection, Is.EqualTo(await connections.FindAsync(user.Id, Token)));
    }
}
