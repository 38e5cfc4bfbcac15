using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>A client that proves itself gets the answer that it has lost; a thief of its token gets nothing.</summary>
public sealed class SessionClientTests : DatabaseTests
{
    [Test]
    public async Task A_client_whose_answer_was_lost_receives_the_current_token_again()
    {
        var (key, token, user) = await SignInAsync();
        var lost = await RotateAsync(token, key);
        Clock.Advance(TimeSpan.FromSeconds(9));

        var again = await RotateAsync(token, key);

        Assert.That((again.Outcome, again.Token!.Reveal()), Is.EqualTo((RotationOutcome.Rotated, lost.Token!.Reveal())));
        Assert.That(again.Next, Is.EqualTo(lost.Next));
        Assert.That(await Sessions.FindActiveAsync(again.Token, Token), Is.EqualTo(lost.Next));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_repeated_call_after_further_rotations_returns_the_newest_token()
    {
        var (key, token, _) = await SignInAsync();
        var second = (await RotateAsync(token, key)).Token!;
        var third = (await RotateAsync(second, key)).Token!;

        Assert.That((await RotateAsync(token, key)).Token!.Reveal(), Is.EqualTo(third.Reveal()));
        Assert.That((await RotateAsync(second, key)).Token!.Reveal(), Is.EqualTo(third.Reveal()));
    }

    [Test]
    public async Task Concurrent_rotations_of_one_client_return_the_same_token()
    {
        var (key, token, user) = await SignInAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", connection))
        {
            hold.Parameters.Add(new() { Value = user.Id });
            await hold.ExecuteNonQueryAsync(Token);
        }

        var exchanges = Enumerable.Range(0, 6).Select(_ => Task.Run(() => RotateAsync(token, key))).ToArray();
        await UntilSomeoneWaitsAsync(6);
        await transaction.CommitAsync(Token);

        var tokens = (await Task.WhenAll(exchanges)).Select(r => r.Token?.Reveal()).Distinct().ToList();
        Assert.That(tokens, Has.Count.EqualTo(1).And.None.Null);
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_token_without_the_client_key_is_not_rotated([Values] bool hasOwnKey)
    {
        var (key, token, user) = await SignInAsync();
        var thiefs = hasOwnKey ? ClientKey.New() : null;

        Assert.That(
            await RotateAsync(token, thiefs), Is.EqualTo(new RotationResult(RotationOutcome.WrongClient, null, null)), "before the client");
        var next = (await RotateAsync(token, key)).Token!;
        Assert.That(
            await RotateAsync(token, thiefs), Is.EqualTo(new RotationResult(RotationOutcome.RotatedByAnother, null, null)), "after it");
        Assert.That(
            await RotateAsync(next, thiefs), Is.EqualTo(new RotationResult(RotationOutcome.WrongClient, null, null)), "with the next one");

        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Not.Null, "and the client stays signed in");
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_token_reused_after_the_grace_ends_the_family_despite_the_key([Values] bool withKey)
    {
        var (key, token, user) = await SignInAsync();
        var next = (await RotateAsync(token, key)).Token!;
        Clock.Advance(RotationResult.Grace + TimeSpan.FromSeconds(1));

        Assert.That((await RotateAsync(token, withKey ? key : null)).Outcome, Is.EqualTo(RotationOutcome.Reused));

        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Null);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions WHERE user_id = $1", user.Id), Is.Zero);
    }

    [Test]
    public async Task A_session_without_a_client_is_bound_to_the_first_rotating_key()
    {
        var user = await AddUserAsync();
        var token = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Token;
        var key = ClientKey.New();

        var next = (await RotateAsync(token, key)).Token!;

        Assert.That((await RotateAsync(token, key)).Token!.Reveal(), Is.EqualTo(next.Reveal()));
        Assert.That((await RotateAsync(token, ClientKey.New())).Outcome, Is.EqualTo(RotationOutcome.RotatedByAnother));
        Assert.That((await RotateAsync(next, null)).Outcome, Is.EqualTo(RotationOutcome.WrongClient));
    }

    [Test]
    public async Task The_table_holds_neither_token_nor_key_in_clear()
    {
        var (key, token, user) = await SignInAsync();
        var next = (await RotateAsync(token, key)).Token!;

        var rows = (string)(await ScalarAsync("SELECT string_agg(s::text, ' ') FROM sessions s WHERE user_id = $1", user.Id))!;

        Assert.That(rows, Does.Not.Contain(key.Reveal()).And.Not.Contain(token.Reveal()).And.Not.Contain(next.Reveal()));
        var opened = (string)(await ScalarAsync(
            "SELECT sealed_token FROM sessions WHERE user_id = $1 AND rotated_at IS NOT NULL", user.Id))!;
        Assert.That(key.Open(opened, $"exchange {token.Reveal()}")!.Reveal(), Is.EqualTo(next.Reveal()));
        Assert.That(ClientKey.New().Open(opened, $"exchange {token.Reveal()}"), Is.Null, "another key");
        Assert.That(key.Open(opened, $"exchange {next.Reveal()}"), Is.Null, "another token");
        Assert.That(key.Open("AAAA", "x"), Is.Null);
        Assert.That($"{key}", Is.EqualTo("[redacted]"));
        Assert.That(ClientKey.TryParse("nonsense", out _), Is.False);
        Assert.That(ClientKey.TryParse(key.Reveal(), out var parsed) ? parsed!.Reveal() : null, Is.EqualTo(key.Reveal()));
    }

    [Test]
    public async Task A_changed_row_returns_no_token()
    {
        var (key, token, user) = await SignInAsync();
        await RotateAsync(token, key);
        var (other, strangers, _) = await SignInAsync();
        await RotateAsync(strangers, other);
        await ExecuteAsync(
            """
            UPDATE sessions s
            SET sealed_token = o.sealed_token
            FROM sessions o
            WHERE s.user_id = $1 AND s.rotated_at IS NOT NULL AND o.token = $2
            """,
            user.Id, strangers.Hash);

        Assert.That((await RotateAsync(token, key)).Outcome, Is.EqualTo(RotationOutcome.RotatedByAnother));
    }

    [Test]
    public async Task A_presented_token_never_becomes_a_new_session()
    {
        var user = await AddUserAsync();
        Assert.That(SessionToken.TryParse(SessionToken.New().Reveal(), out var planted), Is.True);
        var issued = await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var rotated = await RotateAsync(issued.Token, null);

        Assert.That(new[] { issued.Token.Reveal(), rotated.Token!.Reveal() }, Has.None.EqualTo(planted!.Reveal()).And.Unique);
        Assert.That(await Sessions.FindActiveAsync(planted, Token), Is.Null);
        Assert.That(typeof(NewSession).GetProperties().Select(p => p.PropertyType), Has.None.EqualTo(typeof(SessionToken)));
        Assert.That(
            typeof(ISessionRepository).GetMethods().Where(method => method.Name == nameof(ISessionRepository.RotateAsync)).Sum(
                method => method.GetParameters().Count(p => p.ParameterType == typeof(SessionToken))),
            Is.Zero);
        Assert.That(typeof(RotationRequest).GetProperties().Count(p => p.PropertyType == typeof(SessionToken)), Is.EqualTo(1));
    }

    [Test]
    public async Task A_sign_in_ends_at_its_maximum_age_despite_rotations()
    {
        await using var host = With(accounts => accounts.MaxSignInAge = TimeSpan.FromDays(3));
        var sessions = host.GetRequiredService<ISessionRepository>();
        var (issued, token) = await sessions.AddAsync(new NewSession { UserId = (await AddUserAsync()).Id }, Token);
        Assert.That(issued.ExpiresAt - issued.CreatedAt, Is.EqualTo(TimeSpan.FromDays(3)), "shorter than its lifetime");
        for (var day = 0; day < 2; day++)
        {
            Clock.Advance(TimeSpan.FromDays(1));
            var rotation = await sessions.RotateAsync(token, null, NewSession.DefaultLifetime, Token);
            Assert.That(
                (rotation.Next!.Session.ExpiresAt, rotation.Next.Session.SignedInAt), Is.EqualTo((issued.ExpiresAt, issued.SignedInAt)));
            token = rotation.Token!;
        }

        Clock.Advance(TimeSpan.FromDays(1));
        Assert.That(
            (await sessions.RotateAsync(token, null, NewSession.DefaultLifetime, Token)).Outcome, Is.EqualTo(RotationOutcome.Expired));
        Assert.That(await sessions.FindActiveAsync(token, Token), Is.Null);
    }

    [Test]
    public async Task A_session_without_a_sign_in_time_has_its_familys_age()
    {
        await using var host = With(accounts => accounts.MaxSignInAge = TimeSpan.FromDays(3));
        var sessions = host.GetRequiredService<ISessionRepository>();
        var (first, token) = await Sessions.AddAsync(new NewSession { UserId = (await AddUserAsync()).Id }, Token);
        var next = (await RotateAsync(token, null)).Token!;
        await ExecuteAsync("UPDATE sessions SET signed_in_at = NULL, created_at = created_at - interval '4 days' WHERE id = $1", first.Id);
        await ExecuteAsync("UPDATE sessions SET signed_in_at = NULL WHERE family_id = $1", first.Id);

        Assert.That((await Sessions.FindActiveAsync(next, Token))!.Session.SignedInAt, Is.Null);
        Assert.That(await sessions.FindActiveAsync(next, Token), Is.Null);
        Assert.That(await sessions.ListActiveAsync(first.UserId, Token), Is.Empty);
        Assert.That(
            (await sessions.RotateAsync(next, null, NewSession.DefaultLifetime, Token)).Outcome, Is.EqualTo(RotationOutcome.Expired));
    }

    [Test]
    public async Task A_session_older_than_the_maximum_age_is_not_accepted()
    {
        await using var host = With(accounts => accounts.MaxSignInAge = TimeSpan.FromDays(3));
        var sessions = host.GetRequiredService<ISessionRepository>();
        var (session, token) = await Sessions.AddAsync(
            new NewSession { UserId = (await AddUserAsync()).Id, Lifetime = TimeSpan.FromDays(30) }, Token);

        Clock.Advance(TimeSpan.FromDays(3) - TimeSpan.FromMinutes(1));
        Assert.That(await sessions.FindActiveAsync(token, Token), Is.Not.Null);
        Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(await sessions.FindActiveAsync(token, Token), Is.Null);
        Assert.That(await sessions.ListActiveAsync(session.UserId, Token), Is.Empty);
        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Not.Null, "of a host with another limit");
    }

    [Test]
    public async Task A_repeated_sign_in_does_not_return_an_expired_session()
    {
        var request = new NewSession
        {
            Id = Guid.CreateVersion7(),
            UserId = (await AddUserAsync()).Id,
            Client = ClientKey.New(),
            Lifetime = TimeSpan.FromMinutes(1),
        };
        var first = await Sessions.AddAsync(request, Token);
        Assert.That((await Sessions.AddAsync(request, Token)).Token.Reveal(), Is.EqualTo(first.Token.Reveal()));

        Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(() => Sessions.AddAsync(request, Token), Throws.TypeOf<DuplicateException>());
    }

    [TestCase("=")]
    [TestCase(" ")]
    [TestCase("\n")]
    public void A_token_with_padding_or_white_space_is_refused(string extra)
    {
        var text = ClientKey.New().Reveal();
        var longer = Convert.ToBase64String(new byte[48]);
        Assert.That(
            (SessionToken.TryParse(text, out _), ResetToken.TryParse(text, out _), ClientKey.TryParse(text, out _)),
            Is.EqualTo((true, true, true)));
        Assert.That(ResetToken.TryParse(longer, out _), Is.True);
        string[] texts =
            [text + extra, extra + text, text[..20] + extra + text[20..], text[..42] + extra, longer + extra, longer[..63] + extra];
        foreach (var wrong in texts)
        {
            Assert.That(
                (SessionToken.TryParse(wrong, out _), ResetToken.TryParse(wrong, out _), ClientKey.TryParse(wrong, out _)),
                Is.EqualTo((false, false, false)));
        }
    }

    [Test]
    public async Task Beyond_the_maximum_number_of_sign_ins_the_longest_idle_ends()
    {
        await using var host = With(accounts => accounts.MaxSignIns = 2);
        var sessions = host.GetRequiredService<ISessionRepository>();
        var (user, stranger) = (await AddUserAsync(), await AddUserAsync());
        await sessions.AddAsync(new NewSession { UserId = stranger.Id }, Token);
        var first = await sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var second = await sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var used = await sessions.RotateAsync(first.Token, null, NewSession.DefaultLifetime, Token);

        var third = await sessions.AddAsync(new NewSession { UserId = user.Id }, Token);

        Assert.That(
            (await Sessions.ListActiveAsync(user.Id, Token)).Select(s => s.Id), Is.EqualTo([third.Session.Id, used.Next!.Session.Id]));
        Assert.That(await Sessions.FindActiveAsync(second.Token, Token), Is.Null);
        Assert.That(await Sessions.ListActiveAsync(stranger.Id, Token), Has.Count.EqualTo(1));

        var parallel = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => Task.Run(() => sessions.AddAsync(new NewSession { UserId = user.Id }, Token))));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(2), "also at once");
        Assert.That(parallel, Has.Length.EqualTo(8));
    }

    [Test]
    public async Task Without_limits_no_sign_in_ends()
    {
        await using var host = With(accounts => (accounts.MaxSignIns, accounts.MaxSignInAge) = (null, null));
        var sessions = host.GetRequiredService<ISessionRepository>();
        var user = await AddUserAsync();
        for (var i = 0; i < 120; i++)
        {
            await sessions.AddAsync(new NewSession { UserId = user.Id, Lifetime = TimeSpan.FromDays(3650) }, Token);
        }

        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(120));
    }

    private ServiceProvider With(Action<AccountOptions> configure) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            configure(options.Accounts);
        })
        .BuildServiceProvider();

    private Task<RotationResult> RotateAsync(SessionToken token, ClientKey? key) => Sessions.RotateAsync(
        token, key, NewSession.DefaultLifetime, Token);

    private async Task<(ClientKey Key, SessionToken Token, User User)> SignInAsync()
    {
        var (user, key) = (await AddUserAsync(), ClientKey.New());
        return (key, (await Sessions.AddAsync(new NewSession { UserId = user.Id, Client = key }, Token)).Token, user);
    }
}
