using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Accounts;

public sealed class SessionRepositoryTests : DatabaseTests
{
    [Test]
    public async Task A_token_finds_its_session_and_user_and_is_not_stored()
    {
        var user = await AddUserAsync();

        var (session, token) = await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);

        Assert.That(session.ExpiresAt - session.CreatedAt, Is.EqualTo(TimeSpan.FromDays(7)));
        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.EqualTo(new SessionWithUser(session, user)));
        Assert.That(await Sessions.FindActiveAsync(SessionToken.New(), Token), Is.Null);
        var stored = (string)(await ScalarAsync("SELECT token FROM sessions WHERE id = $1", session.Id))!;
        Assert.That(stored, Does.Match("^[0-9a-f]{64}$").And.Not.Contain(token.Reveal()));
    }

    [Test]
    public async Task A_hash_read_from_the_table_is_not_a_token()
    {
        var session = await SignInAsync();
        var stored = (string)(await ScalarAsync("SELECT token FROM sessions WHERE id = $1", session.Session.Id))!;

        Assert.That(SessionToken.TryParse(stored, out _), Is.False);
    }

    [Test]
    public async Task A_token_of_the_Python_services_is_accepted_and_rotation_hashes_it()
    {
        var user = await AddUserAsync();
        var clear = Guid.NewGuid().ToString();
        await ExecuteAsync(
            """
            INSERT INTO sessions (id, user_id, token, expires_at, created_at)
            VALUES (gen_random_uuid(), $1, $2, '2100-01-01', '2026-01-01')
            """,
            user.Id,
            clear);
        Assert.That(SessionToken.TryParse(clear, out var token), Is.True);

        Assert.That((await Sessions.FindActiveAsync(token!, Token))!.User, Is.EqualTo(user));
        Assert.That((await RotateAsync(token!)).Outcome, Is.EqualTo(RotationOutcome.Rotated));

        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions WHERE token = $1", clear), Is.Zero);
        Assert.That((await RotateAsync(token!)).Outcome, Is.EqualTo(RotationOutcome.RotatedByAnother));
    }

    [Test]
    public async Task An_expired_session_is_not_found_and_not_rotated()
    {
        var (token, session, _) = await SignInAsync(TimeSpan.FromMinutes(1));
        Clock.Advance(TimeSpan.FromMinutes(2));

        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Null);
        Assert.That(await RotateAsync(token), Is.EqualTo(new RotationResult(RotationOutcome.Expired, null, null)));
        Assert.That(await Sessions.ListActiveAsync(session.UserId, Token), Is.Empty);
    }

    [Test]
    public async Task Rotation_replaces_the_token()
    {
        var (token, session, user) = await SignInAsync();

        var rotation = await Sessions.RotateAsync(token, null, TimeSpan.FromDays(1), Token);

        Assert.That(rotation.Outcome, Is.EqualTo(RotationOutcome.Rotated));
        Assert.That(rotation.Next!.User, Is.EqualTo(user));
        Assert.That(rotation.Next.Session.SignedInAt, Is.EqualTo(session.CreatedAt));
        Assert.That(rotation.Next.Session.FamilyId, Is.EqualTo(session.Id));
        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Null);
        Assert.That(await Sessions.FindActiveAsync(rotation.Token!, Token), Is.EqualTo(rotation.Next));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([rotation.Next.Session]));
    }

    [Test]
    public async Task A_second_rotation_within_the_grace_returns_RotatedByAnother_and_revokes_nothing()
    {
        var (token, _, _) = await SignInAsync();
        var next = (await RotateAsync(token)).Token!;
        Clock.Advance(TimeSpan.FromSeconds(9));

        Assert.That(await RotateAsync(token), Is.EqualTo(new RotationResult(RotationOutcome.RotatedByAnother, null, null)));
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_token_reused_after_the_grace_revokes_its_family_only()
    {
        var (token, session, user) = await SignInAsync();
        var elsewhere = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        var second = (await RotateAsync(token)).Token!;
        var third = (await RotateAsync(second)).Token!;
        Clock.Advance(RotationResult.Grace + TimeSpan.FromSeconds(1));

        Assert.That(await RotateAsync(token), Is.EqualTo(new RotationResult(RotationOutcome.Reused, null, null)));

        Assert.That(await Sessions.FindActiveAsync(third, Token), Is.Null);
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([elsewhere]));
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions WHERE id = $1 OR family_id = $1", session.Id), Is.Zero);
        Assert.That((await RotateAsync(token)).Outcome, Is.EqualTo(RotationOutcome.Unknown));
    }

    [Test]
    public async Task Of_concurrent_rotations_of_one_token_one_creates_the_next()
    {
        var (token, _, user) = await SignInAsync();

        var rotations = await WhileTheUserIsLockedAsync(user.Id, 6, () => Task.Run(() => RotateAsync(token)));

        Assert.That(rotations.Count(r => r.Outcome == RotationOutcome.Rotated), Is.EqualTo(1));
        Assert.That(rotations.Count(r => r.Outcome == RotationOutcome.RotatedByAnother), Is.EqualTo(5));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_theft_detected_during_the_thiefs_rotation_revokes_the_thiefs_session()
    {
        var (token, _, user) = await SignInAsync();
        var stolen = (await RotateAsync(token)).Token!;
        Clock.Advance(RotationResult.Grace + TimeSpan.FromSeconds(1));

        // The thief's exchange has made its session and not committed when the old token comes back.
        Task<RotationResult> noticed = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var thief = await tx.Get<ISessionRepository>().RotateAsync(stolen, null, NewSession.DefaultLifetime, ct);
            Assert.That(thief.Outcome, Is.EqualTo(RotationOutcome.Rotated));
            noticed = RotateAsync(token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await noticed).Outcome, Is.EqualTo(RotationOutcome.Reused));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
    }

    [Test]
    public async Task Revoke_ends_one_session()
    {
        var (token, _, _) = await SignInAsync();

        Assert.That(await Sessions.RevokeAsync(token, Token), Is.True);
        Assert.That(await Sessions.RevokeAsync(token, Token), Is.False);
        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Null);
    }

    [Test]
    public async Task Revoke_all_ends_one_users_sessions_except_the_given_one()
    {
        var (_, kept, user) = await SignInAsync();
        await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var (strangersToken, _, _) = await SignInAsync();

        Assert.That(await Sessions.RevokeAllAsync(user.Id, kept.Id, Token), Is.EqualTo(1));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([kept]));
        Assert.That(await Sessions.RevokeAllAsync(user.Id, null, Token), Is.EqualTo(1));
        Assert.That(await Sessions.FindActiveAsync(strangersToken, Token), Is.Not.Null);
    }

    [Test]
    public async Task Purge_removes_expired_sessions_in_bounded_batches_and_skips_locked_rows()
    {
        await ExecuteAsync("DELETE FROM sessions");
        for (var i = 0; i < 5; i++)
        {
            await SignInAsync(TimeSpan.FromMinutes(1));
        }

        var (alive, _, _) = await SignInAsync(TimeSpan.FromDays(1));
        Clock.Advance(TimeSpan.FromMinutes(2));

        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(await tx.Get<IPlatformSessionRepository>().PurgeExpiredAsync(2, ct), Is.EqualTo(2));
            Assert.That(await PlatformSessions.PurgeExpiredAsync(10, ct).WaitAsync(TimeSpan.FromSeconds(20), ct), Is.EqualTo(3));
        }, Token);

        Assert.That(await PlatformSessions.PurgeExpiredAsync(10, Token), Is.Zero);
        Assert.That(await Sessions.FindActiveAsync(alive, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_repeated_add_returns_one_session_and_never_a_strangers()
    {
        var (_, _, user) = await SignInAsync();
        var stranger = await AddUserAsync();
        var request = new NewSession { Id = Guid.CreateVersion7(), UserId = user.Id, Client = ClientKey.New() };

        var first = await Sessions.AddAsync(request, Token);

        var again = await Sessions.AddAsync(request, Token);
        Assert.That((again.Session, again.Token.Reveal()), Is.EqualTo((first.Session, first.Token.Reveal())));
        NewSession[] others =
            [request with { UserId = stranger.Id }, request with { Client = ClientKey.New() }, request with { Client = null }];
        foreach (var other in others)
        {
            Assert.That(
                () => Sessions.AddAsync(other, Token),
                Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("sessions_pkey"));
        }

        Assert.That((await Sessions.ListActiveAsync(user.Id, Token)).Select(s => s.Id), Does.Contain(first.Session.Id));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var user = await AddUserAsync();
        var good = new NewSession { UserId = user.Id };
        var token = SessionToken.New();

        Assert.That(() => Sessions.AddAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Sessions.AddAsync(good with { Lifetime = TimeSpan.Zero }, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => Sessions.AddAsync(good with { Lifetime = TimeSpan.MaxValue }, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => Sessions.AddAsync(good with { UserId = Guid.NewGuid() }, Token), Throws.TypeOf<MissingReferenceException>());
        Assert.That(() => Sessions.FindActiveAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Sessions.RevokeAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Sessions.RotateAsync(null!, null, TimeSpan.FromDays(1), Token), Throws.ArgumentNullException);
        Assert.That(() => Sessions.RotateAsync(token, null, TimeSpan.FromDays(-1), Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => PlatformSessions.PurgeExpiredAsync(0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("' OR 1=1 --")]
    [TestCase("00000000-0000-0000-0000-00000000000")]
    [TestCase("AAAA")]
    public void A_text_that_is_not_a_token_is_refused(string? text) => Assert.That(SessionToken.TryParse(text, out _), Is.False);

    [Test]
    public void A_token_parses_from_its_text()
    {
        var token = SessionToken.New();

        Assert.That(token.Reveal(), Has.Length.EqualTo(43));
        Assert.That(SessionToken.TryParse(token.Reveal(), out var parsed), Is.True);
        Assert.That(parsed!.Reveal(), Is.EqualTo(token.Reveal()));
    }

    private Task<RotationResult> RotateAsync(SessionToken token) => Sessions.RotateAsync(token, null, NewSession.DefaultLifetime, Token);

    private async Task<(SessionToken Token, Session Session, User User)> SignInAsync(TimeSpan? lifetime = null)
    {
        var user = await AddUserAsync();
        var (session, token) = await Sessions.AddAsync(
            new NewSession { UserId = user.Id, Lifetime = lifetime ?? NewSession.DefaultLifetime }, Token);
        return (token, session, user);
    }

    private async Task<T[]> WhileTheUserIsLockedAsync<T>(Guid userId, int count, Func<Task<T>> start)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var hold = new NpgsqlCommand("SELECT 1 FROM users WHERE id = $1 FOR UPDATE", connection))
        {
            hold.Parameters.Add(new() { Value = userId });
            await hold.ExecuteNonQueryAsync(Token);
        }

        var started = Enumerable.Range(0, count).Select(_ => start()).ToArray();
        await UntilSomeoneWaitsAsync(count);
        await transaction.CommitAsync(Token);
        return await Task.WhenAll(started);
    }
}
