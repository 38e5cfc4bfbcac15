using AutoStack.Data.Accounts;
using AutoStack.Data.SecretRotation;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>Sessions whose token the Python services stored in clear, until all are hashed and afterwards.</summary>
public sealed class ClearSessionTests : DatabaseTests
{
    [Test]
    public async Task Rotating_secrets_hashes_clear_tokens_once_and_keeps_their_holders_signed_in()
    {
        await using var host = Host(acceptClear: true);
        var rotation = host.GetRequiredService<ISecretRotation>();
        await ExecuteAsync("DELETE FROM sessions");
        var user = await AddUserAsync();
        var (_, ours) = await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var tokens = new List<SessionToken>();
        for (var i = 0; i < 7; i++)
        {
            tokens.Add(await AddClearAsync(user.Id, i % 2 == 0));
        }

        Assert.That(
            (await rotation.RunAsync(3, null, Token)).Single(r => r.Column == "sessions.token"),
            Is.EqualTo(new SecretRotationResult("sessions.token", 7, 0, 0)));
        Assert.That((await rotation.RunAsync(3, null, Token)).Single(r => r.Column == "sessions.token").Rotated, Is.Zero);

        await using var strict = Host(acceptClear: false);
        foreach (var token in tokens.Append(ours))
        {
            Assert.That(
                (await strict.GetRequiredService<ISessionRepository>().FindActiveAsync(token, Token))?.User.Id, Is.EqualTo(user.Id));
        }

        Assert.That(await ScalarAsync("SELECT bool_and(token ~ '^[0-9a-f]{64}$') FROM sessions WHERE user_id = $1", user.Id), Is.True);
    }

    [Test]
    public async Task A_clear_token_is_refused_everywhere_when_clear_secrets_are_not_accepted()
    {
        await using var strict = Host(acceptClear: false);
        var sessions = strict.GetRequiredService<ISessionRepository>();
        var user = await AddUserAsync();
        var planted = await AddClearAsync(user.Id, false);

        Assert.That(await sessions.FindActiveAsync(planted, Token), Is.Null);
        Assert.That(
            (await sessions.RotateAsync(planted, null, NewSession.DefaultLifetime, Token)).Outcome, Is.EqualTo(RotationOutcome.Unknown));
        Assert.That(await sessions.RevokeAsync(planted, Token), Is.False);
        Assert.That(await Sessions.FindActiveAsync(planted, Token), Is.Not.Null, "while they are accepted");
    }

    [Test]
    public async Task A_token_that_is_rotated_while_it_is_hashed_is_rotated_once()
    {
        await using var host = Host(acceptClear: true);
        var user = await AddUserAsync();
        var clear = await AddClearAsync(user.Id, false);
        Task<IReadOnlyList<SecretRotationResult>> rotation = null!;
        RotationResult exchange = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            exchange = await tx.Get<ISessionRepository>().RotateAsync(clear, null, NewSession.DefaultLifetime, ct);
            rotation = host.GetRequiredService<ISecretRotation>().RunAsync(100, null, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await rotation).Single(r => r.Column == "sessions.token").Skipped, Is.EqualTo(1));
        Assert.That(await Sessions.FindActiveAsync(exchange.Token!, Token), Is.Not.Null);
        Assert.That(
            (await Sessions.RotateAsync(clear, null, NewSession.DefaultLifetime, Token)).Outcome,
            Is.EqualTo(RotationOutcome.RotatedByAnother));
    }

    private ServiceProvider Host(bool acceptClear) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            (options.ConnectionString, options.AcceptClearSecrets) = (Database.ConnectionString, acceptClear);
            options.SecretKeys.Add(NewKey("k1"));
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private async Task<SessionToken> AddClearAsync(Guid userId, bool upperCase)
    {
        var text = upperCase ? Guid.NewGuid().ToString().ToUpperInvariant() : Guid.NewGuid().ToString();
        await ExecuteAsync(
            """
            INSERT INTO sessions (id, user_id, token, expires_at, created_at)
            VALUES (gen_random_uuid(), $1, $2, '2100-01-01', '2026-01-01')
            """,
            userId,
            text);
        return SessionToken.TryParse(text, out var token) ? token : throw new InvalidOperationException();
    }
}
