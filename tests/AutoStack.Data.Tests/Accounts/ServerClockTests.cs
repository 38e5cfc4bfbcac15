using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>
/// Sessions, resets, links and lockouts go by the clock of the database. The host's clock cannot be set here, so that the rows are: they
/// hold times of the server's clock, and what the library stores is compared with it. Each limit is approached from both sides within
/// seconds: a host's clock that is an hour ahead or behind would fail one of them.
/// </summary>
public sealed class ServerClockTests : DatabaseTests
{
    private ServiceProvider host = null!;

    private ISessionRepository ServerSessions => host.GetRequiredService<ISessionRepository>();

    private IPasswordResetTokenRepository ServerResets => host.GetRequiredService<IPasswordResetTokenRepository>();

    // With the machine's clock, which decides nothing.
    [OneTimeSetUp]
    public void Start() => host = new ServiceCollection()
        .AddAutoStackData(Database.ConnectionString)
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    [OneTimeTearDown]
    public void Stop() => host.Dispose();

    [Test]
    public async Task Stored_times_are_the_servers()
    {
        var user = await AddServerUserAsync();
        var (_, token) = await ServerSessions.AddAsync(new NewSession { UserId = user.Id, Lifetime = TimeSpan.FromHours(2) }, Token);
        await ServerSessions.RotateAsync(token, null, TimeSpan.FromHours(2), Token);
        await ServerResets.IssueAsync(user.Id, TimeSpan.FromHours(1), Token);

        // In one statement of the server: no time of this process is part of it.
        Assert.That(
            await ScalarAsync(
                """
                SELECT bool_and(abs(extract(epoch FROM d)) < 30) FROM (
                    SELECT created_at - timezone('UTC', now()) AS d FROM sessions WHERE user_id = $1
                    UNION ALL SELECT signed_in_at - timezone('UTC', now()) FROM sessions WHERE user_id = $1
                    UNION ALL SELECT coalesce(rotated_at, timezone('UTC', now())) - timezone('UTC', now()) FROM sessions WHERE user_id = $1
                    UNION ALL SELECT expires_at - interval '2 hours' - timezone('UTC', now()) FROM sessions WHERE user_id = $1
                    UNION ALL SELECT created_at - timezone('UTC', now()) FROM password_reset_tokens WHERE user_id = $1
                    UNION ALL
                    SELECT expires_at - interval '1 hour' - timezone('UTC', now()) FROM password_reset_tokens WHERE user_id = $1) t
                """, user.Id), Is.True);
    }

    [TestCase("5 seconds", true)]
    [TestCase("-1 milliseconds", false)]
    public async Task A_session_ends_by_the_servers_clock(string left, bool accepted)
    {
        var user = await AddServerUserAsync();
        var (_, token) = await ServerSessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        await ExecuteAsync($"UPDATE sessions SET expires_at = timezone('UTC', now()) + interval '{left}' WHERE user_id = $1", user.Id);

        Assert.That(await ServerSessions.FindActiveAsync(token, Token) is not null, Is.EqualTo(accepted));
        Assert.That(await ServerSessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(accepted ? 1 : 0));
        Assert.That(
            (await ServerSessions.RotateAsync(token, null, TimeSpan.FromHours(1), Token)).Outcome,
            Is.EqualTo(accepted ? RotationOutcome.Rotated : RotationOutcome.Expired));
        Assert.That(await host.GetRequiredService<IPlatformSessionRepository>().PurgeExpiredAsync(1, Token), Is.EqualTo(accepted ? 0 : 1));
    }

    [TestCase("5 seconds", true)]
    [TestCase("-1 milliseconds", false)]
    public async Task A_sign_in_reaches_its_maximum_age_by_the_servers_clock(string left, bool accepted)
    {
        var user = await AddServerUserAsync();
        var (_, token) = await ServerSessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        await ExecuteAsync(
            $"""
            UPDATE sessions
            SET signed_in_at = timezone('UTC', now()) - interval '90 days' + interval '{left}'
            WHERE user_id = $1
            """, user.Id);

        Assert.That(await ServerSessions.FindActiveAsync(token, Token) is not null, Is.EqualTo(accepted));
        Assert.That(await ServerSessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(accepted ? 1 : 0));
        Assert.That(
            (await ServerSessions.RotateAsync(token, null, TimeSpan.FromHours(1), Token)).Outcome,
            Is.EqualTo(accepted ? RotationOutcome.Rotated : RotationOutcome.Expired));
    }

    [TestCase("5 seconds", RotationOutcome.Rotated)]
    [TestCase("-1 milliseconds", RotationOutcome.Expired)]
    public async Task A_repeated_rotation_returns_its_token_until_it_ends_by_the_servers_clock(string left, RotationOutcome expected)
    {
        var user = await AddServerUserAsync();
        var (_, token) = await ServerSessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var request = new RotationRequest { Presented = token };
        await ServerSessions.RotateAsync(request, Token);
        await ExecuteAsync(
            $"UPDATE sessions SET expires_at = timezone('UTC', now()) + interval '{left}' WHERE user_id = $1 AND rotated_at IS NULL",
            user.Id);

        Assert.That((await ServerSessions.RotateAsync(request, Token)).Outcome, Is.EqualTo(expected));
        await ServerSessions.RevokeAllAsync(user.Id, null, Token);
    }

    [TestCase("9 seconds", RotationOutcome.RotatedByAnother)]
    [TestCase("11 seconds", RotationOutcome.Reused)]
    public async Task The_grace_of_a_rotation_ends_by_the_servers_clock(string ago, RotationOutcome expected)
    {
        var user = await AddServerUserAsync();
        var (_, token) = await ServerSessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        await ServerSessions.RotateAsync(token, null, TimeSpan.FromHours(1), Token);
        await ExecuteAsync(
            $"UPDATE sessions SET rotated_at = timezone('UTC', now()) - interval '{ago}' WHERE user_id = $1 AND rotated_at IS NOT NULL",
            user.Id);

        Assert.That((await ServerSessions.RotateAsync(token, null, TimeSpan.FromHours(1), Token)).Outcome, Is.EqualTo(expected));
    }

    [TestCase("5 seconds", true)]
    [TestCase("-1 milliseconds", false)]
    public async Task A_reset_ends_by_the_servers_clock(string left, bool accepted)
    {
        var user = await AddServerUserAsync();
        var token = (await ServerResets.IssueAsync(user.Id, TimeSpan.FromHours(1), Token)).Token!;
        await ExecuteAsync(
            $"UPDATE password_reset_tokens SET expires_at = timezone('UTC', now()) + interval '{left}' WHERE user_id = $1", user.Id);

        Assert.That(await ServerResets.FindUsableAsync(token, Token) is not null, Is.EqualTo(accepted));
        Assert.That(await ServerResets.FindLinksAsync(token, Token) is not null, Is.EqualTo(accepted));
        Assert.That(
            await ServerResets.ConsumeAsync(token, PasswordHash.From("x"), AccountLinks.None, Token),
            Is.EqualTo(accepted ? user.Id : (Guid?)null));
    }

    [TestCase("55 seconds", ResetIssueOutcome.IssuedBefore)]
    [TestCase("61 seconds", ResetIssueOutcome.Issued)]
    [TestCase("-55 seconds", ResetIssueOutcome.IssuedBefore)]
    [TestCase("-61 seconds", ResetIssueOutcome.Issued)]
    public async Task The_interval_between_two_resets_ends_by_the_servers_clock(string ago, ResetIssueOutcome expected)
    {
        var user = await AddServerUserAsync();
        await ServerResets.IssueAsync(user.Id, TimeSpan.FromHours(1), Token);
        await ExecuteAsync(
            $"UPDATE password_reset_tokens SET created_at = timezone('UTC', now()) - interval '{ago}' WHERE user_id = $1", user.Id);

        Assert.That((await ServerResets.IssueAsync(user.Id, TimeSpan.FromHours(1), Token)).Outcome, Is.EqualTo(expected));
    }

    [TestCase("9 minutes", LinkOutcome.Linked)]
    [TestCase("11 minutes", LinkOutcome.SignInTooOld)]
    [TestCase("-55 seconds", LinkOutcome.Linked)]
    [TestCase("-65 seconds", LinkOutcome.SignInTooOld)]
    public async Task A_sign_in_is_fresh_by_the_servers_clock(string ago, LinkOutcome expected)
    {
        var user = await AddServerUserAsync();
        var (_, token) = await ServerSessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        await ExecuteAsync($"UPDATE sessions SET signed_in_at = timezone('UTC', now()) - interval '{ago}' WHERE user_id = $1", user.Id);
        var signedInAt = (await ServerSessions.FindActiveAsync(token, Token))!.Session.SignedInAt!.Value;

        Assert.That(
            await host.GetRequiredService<IIdentityRepository>().LinkAsync(
                user.Id, IdentityProvider.GitHub, Unique("gh"), null, signedInAt, Token),
            Is.EqualTo(expected));
    }

    [TestCase("5 seconds", false)]
    [TestCase("-1 milliseconds", true)]
    public async Task A_lockout_ends_by_the_servers_clock(string left, bool allowed)
    {
        var (throttle, email) = (host.GetRequiredService<ISignInThrottle>(), $"{Unique("lock")}@example.com");
        var from = System.Net.IPAddress.Parse($"192.0.2.{(allowed ? 1 : 2)}");
        for (var i = 0; i < 6; i++)
        {
            await throttle.AcquireAsync(email, from, null, Token);
        }

        await ExecuteAsync($"UPDATE sign_in_attempts SET expires_at = timezone('UTC', now()) + interval '{left}'");

        Assert.That(
            (await throttle.AcquireAsync(email, from, null, Token)).Outcome,
            Is.EqualTo(allowed ? SignInAttemptOutcome.Allowed : SignInAttemptOutcome.LockedOut));
    }

    [TestCase("5 seconds", 1)]
    [TestCase("-1 milliseconds", 2)]
    public async Task A_repeated_attempt_is_recognised_until_its_id_ends_by_the_servers_clock(string left, int expected)
    {
        var throttle = host.GetRequiredService<ISignInThrottle>();
        var attempt = new SignInAttempt
        {
            Id = Guid.NewGuid(),
            Email = $"{Unique("id")}@example.com",
            Address = System.Net.IPAddress.Parse("192.0.2.3"),
        };
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        await throttle.AcquireAsync(attempt, Token);
        await ExecuteAsync(
            $"""
            UPDATE sign_in_attempts
            SET expires_at = timezone('UTC', now()) + interval '{left}'
            WHERE subject_hash NOT IN (SELECT encode(sha256(convert_to(s, 'UTF8')), 'hex') FROM unnest($1) s)
            """, (object)Counts(attempt));
        await throttle.AcquireAsync(attempt, Token);

        Assert.That(
            await ScalarAsync(
                """
                SELECT max(attempts) FROM sign_in_attempts
                WHERE subject_hash IN (SELECT encode(sha256(convert_to(s, 'UTF8')), 'hex') FROM unnest($1) s)
                """, (object)Counts(attempt)), Is.EqualTo(expected));
    }

    [TestCase("5 seconds", 0)]
    [TestCase("-1 milliseconds", 3)]
    public async Task Counts_are_stored_and_purged_by_the_servers_clock(string left, int purged)
    {
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        await host.GetRequiredService<ISignInThrottle>().AcquireAsync(
            $"{Unique("purge")}@example.com", System.Net.IPAddress.Parse("192.0.2.4"), null, Token);
        Assert.That(
            await ScalarAsync(
                """
                SELECT bool_and(abs(extract(epoch FROM expires_at - interval '5 minutes' - timezone('UTC', now()))) < 30)
                FROM sign_in_attempts
                """), Is.True);
        await ExecuteAsync($"UPDATE sign_in_attempts SET expires_at = timezone('UTC', now()) + interval '{left}'");

        Assert.That(await host.GetRequiredService<IPlatformSignInThrottle>().PurgeExpiredAsync(10, Token), Is.EqualTo(purged));
    }

    [Test]
    public async Task A_reset_is_used_at_a_time_of_the_servers()
    {
        var user = await AddServerUserAsync();
        var token = (await ServerResets.IssueAsync(user.Id, TimeSpan.FromHours(1), Token)).Token!;
        await ServerResets.ConsumeAsync(token, PasswordHash.From("x"), AccountLinks.None, Token);

        Assert.That(
            await ScalarAsync(
                "SELECT abs(extract(epoch FROM used_at - timezone('UTC', now()))) < 30 FROM password_reset_tokens WHERE user_id = $1",
                user.Id), Is.True);
    }

    // The subjects of an attempt's counts, without that of its id.
    private static string[] Counts(SignInAttempt attempt)
    {
        var place = Convert.ToHexStringLower(attempt.Address.GetAddressBytes());
        return [$"place\n{attempt.Email}\n{place}", $"address\n{place}", $"account\n{attempt.Email}"];
    }

    private Task<User> AddServerUserAsync() =>
        host.GetRequiredService<IUserRepository>().AddAsync(new NewUser { Name = "Ada", Email = $"{Unique("clock")}@example.com" }, Token);
}
