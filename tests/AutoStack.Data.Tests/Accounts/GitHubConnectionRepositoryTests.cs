using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

public sealed class GitHubConnectionRepositoryTests : DatabaseTests
{
    private ServiceProvider withKey = null!;

    private IGitHubConnectionRepository Connections => withKey.GetRequiredService<IGitHubConnectionRepository>();

    private IPlatformGitHubConnectionRepository OfWorkers => withKey.GetRequiredService<IPlatformGitHubConnectionRepository>();

    [OneTimeSetUp]
    public void ConfigureKey() => withKey = WithKeys(NewKey("k1"));

    [OneTimeTearDown]
    public void Dispose() => withKey.Dispose();

    [Test]
    public async Task Tokens_and_scopes_have_a_bound()
    {
        await using var host = WithKeys(NewKey("k1"));
        var connections = host.GetRequiredService<IGitHubConnectionRepository>();
        var user = await AddUserAsync();
        var longest = new string('t', GitHubTokens.MaxTokenLength);
        var tokens = new GitHubTokens { AccessToken = Secret.From(longest), RefreshToken = Secret.From(longest) };
        var connection = await connections.ConnectAsync(user.Id, tokens, Token);
        var tooLong = Secret.From($"{longest}t");

        Assert.That((await connections.FindTokensAsync(user.Id, Token))!.AccessToken.Reveal(), Is.EqualTo(longest));
        foreach (var (wrong, name) in new[]
        {
            (tokens with { AccessToken = tooLong }, "tokens.AccessToken"),
            (tokens with { RefreshToken = tooLong }, "tokens.RefreshToken"),
            (tokens with { Scope = GitHubScopes.Parse(new string('s', GitHubTokens.MaxScopeLength + 1)) }, "tokens.Scope"),
        })
        {
            foreach (var refused in new[]
            {
                Assert.ThrowsAsync<ArgumentException>(() => connections.ConnectAsync(user.Id, wrong, Token))!,
                Assert.ThrowsAsync<ArgumentException>(() => connections.RefreshAsync(connection, wrong, Token))!,
            })
            {
                Assert.That((refused.ParamName, refused.Message.Contains("4096")), Is.EqualTo((name, true)));
            }
        }
    }

    [Test]
    public async Task Tokens_are_stored_encrypted_and_read_back()
    {
        var user = await AddUserAsync();
        var expires = new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

        var connection = await Connections.ConnectAsync(
            user.Id,
            new GitHubTokens
            {
                AccessToken = Secret.From("gho_access"),
                RefreshToken = Secret.From("ghr_refresh"),
                ExpiresAt = expires,
                Scope = GitHubScopes.Parse("repo,user:email"),
                GitHubUsername = "ada",
            }, Token);

        Assert.That(await Connections.FindAsync(user.Id, Token), Is.EqualTo(connection));
        Assert.That((connection.GitHubUsername, connection.TokenExpiresAt), Is.EqualTo(("ada", (DateTimeOffset?)expires)));
        var tokens = (await Connections.FindTokensAsync(user.Id, Token))!;
        Assert.That(
            (tokens.AccessToken.Reveal(), tokens.RefreshToken!.Reveal(), tokens.ExpiresAt),
            Is.EqualTo(("gho_access", "ghr_refresh", (DateTimeOffset?)expires)));
        Assert.That(tokens.ToString(), Does.Not.Contain("gho_access").And.Contain("[redacted]"));
        var stored = await ScalarAsync(
            "SELECT github_access_token || ' ' || github_refresh_token FROM github_connections WHERE user_id = $1", user.Id);
        Assert.That(stored, Does.Match("^enc:v2:k1:[A-Za-z0-9_-]+ enc:v2:k1:[A-Za-z0-9_-]+$"));
    }

    [Test]
    public async Task A_token_moved_to_another_row_does_not_open()
    {
        var (ada, eve) = (await AddUserAsync(), await AddUserAsync());
        await Connections.ConnectAsync(ada.Id, Tokens("ada's"), Token);
        await Connections.ConnectAsync(eve.Id, Tokens("eve's"), Token);
        await ExecuteAsync(
            """
            UPDATE github_connections
            SET github_access_token = (SELECT github_access_token FROM github_connections WHERE user_id = $1)
            WHERE user_id = $2
            """,
            ada.Id, eve.Id);

        Assert.That(() => Connections.FindTokensAsync(eve.Id, Token), Throws.TypeOf<SecretUnreadableException>());
    }

    [TestCase("github_access_token")]
    [TestCase("github_refresh_token")]
    public async Task A_restored_older_token_does_not_open(string column)
    {
        var user = await AddUserAsync();
        await Connections.ConnectAsync(user.Id, Tokens("wide") with { RefreshToken = Secret.From("ghr_wide") }, Token);
        var older = (string)(await ScalarAsync($"SELECT {column} FROM github_connections WHERE user_id = $1", user.Id))!;
        await Connections.ConnectAsync(user.Id, Tokens("narrow") with { RefreshToken = Secret.From("ghr_narrow") }, Token);

        await ExecuteAsync($"UPDATE github_connections SET {column} = $1 WHERE user_id = $2", older, user.Id);

        Assert.That(
            () => Connections.FindTokensAsync(user.Id, Token),
            Throws.TypeOf<SecretUnreadableException>().With.Message.Contains(column));
    }

    [Test]
    public async Task A_connection_given_to_another_user_does_not_open()
    {
        var (ada, eve) = (await AddUserAsync(), await AddUserAsync());
        await Connections.ConnectAsync(ada.Id, Tokens("ada's"), Token);
        await ExecuteAsync("UPDATE github_connections SET user_id = $1 WHERE user_id = $2", eve.Id, ada.Id);

        Assert.That(() => Connections.FindTokensAsync(eve.Id, Token), Throws.TypeOf<SecretUnreadableException>());
    }

    [Test]
    public async Task A_refresh_for_another_user_stores_nothing()
    {
        var (ada, eve) = (await AddUserAsync(), await AddUserAsync());
        var connection = await Connections.ConnectAsync(ada.Id, Tokens("ada's"), Token);

        Assert.That(
            await Connections.RefreshAsync(connection with { UserId = eve.Id }, Tokens("eve's"), Token),
            Is.EqualTo(new GitHubRefreshResult(UpdateOutcome.NotFound, null)));
        Assert.That((await Connections.FindTokensAsync(ada.Id, Token))!.AccessToken.Reveal(), Is.EqualTo("ada's"));
    }

    [Test]
    public async Task Every_write_of_tokens_moves_the_connection_time_forward()
    {
        var user = await AddUserAsync();
        var first = await Connections.ConnectAsync(user.Id, Tokens("first"), Token);
        await ExecuteAsync("UPDATE github_connections SET connected_at = connected_at + interval '1 hour' WHERE user_id = $1", user.Id);
        var ahead = (await Connections.FindAsync(user.Id, Token))!;

        var second = await Connections.ConnectAsync(user.Id, Tokens("second"), Token);

        Assert.That(second.ConnectedAt, Is.GreaterThan(ahead.ConnectedAt).And.GreaterThan(first.ConnectedAt));
        Assert.That(
            await Connections.RefreshAsync(ahead, Tokens("late"), Token),
            Is.EqualTo(new GitHubRefreshResult(UpdateOutcome.Conflict, second)));
    }

    [Test]
    public async Task A_token_in_clear_is_readable_and_the_next_write_encrypts_it()
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO github_connections (id, user_id, github_access_token, scope, connected_at)
            VALUES (gen_random_uuid(), $1, 'gho_clear', 'repo', now())
            """,
            user.Id);

        Assert.That((await Connections.FindTokensAsync(user.Id, Token))!.AccessToken.Reveal(), Is.EqualTo("gho_clear"));
        var connection = await Connections.ConnectAsync(user.Id, Tokens("gho_new"), Token);

        Assert.That(connection.Scope!.Allow("repo:status"), Is.True, "kept");
        Assert.That(
            await ScalarAsync("SELECT github_access_token FROM github_connections WHERE user_id = $1", user.Id),
            Does.StartWith("enc:v2:"));
    }

    [Test]
    public async Task Without_a_key_writing_fails_and_reading_names_the_missing_key()
    {
        var user = await AddUserAsync();
        await Connections.ConnectAsync(user.Id, Tokens("gho"), Token);
        var keyless = Get<IGitHubConnectionRepository>();

        Assert.That(
            () => keyless.ConnectAsync(user.Id, Tokens("gho"), Token),
            Throws.InvalidOperationException.With.Message.Contains("SecretKeys"));
        Assert.That(
            () => keyless.FindTokensAsync(user.Id, Token), Throws.TypeOf<SecretUnreadableException>().With.Message.Contains("'k1'"));
        Assert.That(await keyless.FindAsync(user.Id, Token), Is.Not.Null);
    }

    [Test]
    public async Task Of_two_concurrent_refreshes_one_is_stored()
    {
        var user = await AddUserAsync();
        var connection = await Connections.ConnectAsync(user.Id, Tokens("first"), Token);
        Task<GitHubRefreshResult> second = null!;
        await withKey.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            var first = await tx.Get<IGitHubConnectionRepository>().RefreshAsync(connection, Tokens("second"), ct);
            Assert.That((first.Outcome, first.Connection!.Id), Is.EqualTo((UpdateOutcome.Updated, connection.Id)));
            second = Connections.RefreshAsync(connection, Tokens("third"), Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await second).Outcome, Is.EqualTo(UpdateOutcome.Conflict));
        Assert.That((await Connections.FindTokensAsync(user.Id, Token))!.AccessToken.Reveal(), Is.EqualTo("second"));
    }

    [Test]
    public async Task Expiring_list_has_refreshable_connections_ordered_by_expiry()
    {
        await ExecuteAsync("DELETE FROM github_connections");
        var soon = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
        var expected = new List<Guid>();
        foreach (var (hours, refresh) in new[] { (3, true), (1, true), (2, false), (100, true) })
        {
            var user = await AddUserAsync();
            await Connections.ConnectAsync(
                user.Id,
                Tokens("gho") with { ExpiresAt = soon.AddHours(hours), RefreshToken = refresh ? Secret.From("ghr") : null },
                Token);
            expected.Add(user.Id);
        }

        Assert.That(
            (await OfWorkers.ListExpiringAsync(soon.AddHours(10), Cursor.Start, 10, Token)).Items.Select(c => c.UserId),
            Is.EqualTo(new[] { expected[1], expected[0] }));
        Assert.That((await OfWorkers.ListExpiringAsync(soon.AddHours(10), Cursor.Start, 1, Token)).Items, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Expiring_list_pages_without_gaps_when_expiry_times_are_equal()
    {
        await ExecuteAsync("DELETE FROM github_connections");
        var soon = new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < 5; i++)
        {
            await ExpiringAsync(soon.AddHours(i / 3));
        }

        var seen = await AllExpiringAsync(soon.AddHours(10), limit: 2);

        Assert.That(seen, Is.EqualTo((await OfWorkers.ListExpiringAsync(soon.AddHours(10), Cursor.Start, 10, Token)).Items));
        Assert.That(seen, Has.Count.EqualTo(5));
    }

    [Test]
    public async Task Expiring_list_pages_past_times_that_no_DateTimeOffset_holds()
    {
        await ExecuteAsync("DELETE FROM github_connections");
        var expected = new List<Guid>();
        foreach (var expiry in new[] { "-infinity", "-infinity", "4000-01-01 BC", "0044-03-15 BC", "0044-03-15 BC", "2026-06-01" })
        {
            var connection = await ExpiringAsync(DateTimeOffset.UnixEpoch);
            await ExecuteAsync($"UPDATE github_connections SET token_expires_at = '{expiry}' WHERE id = $1", connection.Id);
            expected.Add(connection.Id);
        }

        var late = await ExpiringAsync(DateTimeOffset.UnixEpoch);
        await ExecuteAsync("UPDATE github_connections SET token_expires_at = 'infinity' WHERE id = $1", late.Id);

        Assert.That((await AllExpiringAsync(DateTimeOffset.MaxValue, limit: 1)).Select(c => c.Id), Is.EqualTo(expected).AsCollection);
    }

    [Test]
    public async Task An_unreadable_token_does_not_doom_the_unit_of_work()
    {
        var user = await AddUserAsync();
        await Connections.ConnectAsync(user.Id, Tokens("lost"), Token);
        await using var other = WithKeys(NewKey("k2"));

        await other.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            var connections = tx.Get<IGitHubConnectionRepository>();
            Assert.That(() => connections.FindTokensAsync(user.Id, ct), Throws.TypeOf<SecretUnreadableException>());
            await connections.ConnectAsync(user.Id, Tokens("new"), ct);
        }, Token);

        Assert.That(
            (await other.GetRequiredService<IGitHubConnectionRepository>().FindTokensAsync(user.Id, Token))!.AccessToken.Reveal(),
            Is.EqualTo("new"));
    }

    [Test]
    public async Task Remove_deletes_the_connection_and_keeps_the_link()
    {
        var user = await Users.AddAsync(
            new NewUser { Name = "Ada", Email = $"{Unique("gh")}@example.com", GitHubId = Unique("gh") }, Token);
        await Connections.ConnectAsync(user.Id, Tokens("gho"), Token);

        Assert.That(await Connections.RemoveAsync(user.Id, Token), Is.True);
        Assert.That(await Connections.RemoveAsync(user.Id, Token), Is.False);
        Assert.That(await Connections.FindTokensAsync(user.Id, Token), Is.Null);
        Assert.That((await Users.FindAsync(user.Id, Token))!.GitHubId, Is.EqualTo(user.GitHubId));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var user = await AddUserAsync();

        Assert.That(() => Connections.ConnectAsync(user.Id, null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Connections.ConnectAsync(user.Id, new GitHubTokens { AccessToken = null! }, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Connections.ConnectAsync(user.Id, Tokens("x") with { GitHubUsername = new string('a', 256) }, Token),
            Throws.ArgumentException);
        Assert.That(() => Connections.ConnectAsync(Guid.NewGuid(), Tokens("x"), Token), Throws.TypeOf<MissingReferenceException>());
        Assert.That(() => Connections.RefreshAsync(null!, Tokens("x"), Token), Throws.ArgumentNullException);
        Assert.That(
            () => OfWorkers.ListExpiringAsync(DateTimeOffset.UnixEpoch, Cursor.Start, 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => OfWorkers.ListExpiringAsync(DateTimeOffset.UnixEpoch, Cursor.After(7), 1, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("cursor"));
        Assert.That(await Connections.FindAsync(Guid.NewGuid(), Token), Is.Null);
    }

    [TestCase("repo,user:email", "repo", true)]
    [TestCase("repo user:email", "user:email", true)]
    [TestCase("repo", "repo:status", true)]
    [TestCase("user:email", "user", false)]
    [TestCase("", "repo", false)]
    [TestCase(null, "repo", false)]
    public void A_scope_allows_itself_and_its_parts(string? scopes, string wanted, bool allowed) =>
        Assert.That(GitHubScopes.Parse(scopes).Allow(wanted), Is.EqualTo(allowed));

    private async Task<GitHubConnection> ExpiringAsync(DateTimeOffset expiresAt) =>
        await Connections.ConnectAsync(
            (await AddUserAsync()).Id, Tokens("gho") with { ExpiresAt = expiresAt, RefreshToken = Secret.From("ghr") }, Token);

    private async Task<List<GitHubConnection>> AllExpiringAsync(DateTimeOffset before, int limit)
    {
        var seen = new List<GitHubConnection>();
        for (Cursor? cursor = Cursor.Start; cursor is { } place && seen.Count < 20;)
        {
            var page = await OfWorkers.ListExpiringAsync(before, place, limit, Token);
            seen.AddRange(page.Items);
            cursor = page.Next;
        }

        return seen;
    }

    private static GitHubTokens Tokens(string access) => new() { AccessToken = Secret.From(access) };
}
