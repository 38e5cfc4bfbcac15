using System.Net;
using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>
/// A rotation or an attempt that is made again is the same one; a thief with an old token, and a guesser with an old id, gain nothing.
/// </summary>
public sealed class RepeatedSignInTests : DatabaseTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_rotation_can_be_repeated_hours_later(bool withClient)
    {
        var (user, token) = await SignedInAsync();
        var request = new RotationRequest { Presented = token, Client = withClient ? ClientKey.New() : null };
        var first = await Sessions.RotateAsync(request, Token);
        Clock.Advance(TimeSpan.FromHours(5));
        var again = await Sessions.RotateAsync(request, Token);

        Assert.That((again.Outcome, again.Next), Is.EqualTo((RotationOutcome.Rotated, first.Next)));
        Assert.That(again.Token!.Reveal(), Is.EqualTo(first.Token!.Reveal()));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([first.Next!.Session]));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task An_old_token_with_a_new_request_is_a_replay(bool withClient)
    {
        var (user, token) = await SignedInAsync();
        var client = withClient ? ClientKey.New() : null;
        var request = new RotationRequest { Presented = token, Client = client };
        await Sessions.RotateAsync(request, Token);
        Assert.That(
            (await Sessions.RotateAsync(new RotationRequest { Presented = token }, Token)).Outcome,
            Is.EqualTo(RotationOutcome.RotatedByAnother), "a thief within the grace");
        Clock.Advance(TimeSpan.FromSeconds(11));

        Assert.That(
            (await Sessions.RotateAsync(new RotationRequest { Presented = token, Client = client }, Token)).Outcome,
            Is.EqualTo(RotationOutcome.Reused), "a thief with the token and the key, after the grace");
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
        Assert.That((await Sessions.RotateAsync(request, Token)).Outcome, Is.EqualTo(RotationOutcome.Unknown));
    }

    [Test]
    public async Task A_rotation_repeated_after_its_token_was_rotated_reveals_no_token()
    {
        var (user, token) = await SignedInAsync();
        var request = new RotationRequest { Presented = token };
        var next = (await Sessions.RotateAsync(request, Token)).Token!;
        var last = (await Sessions.RotateAsync(new RotationRequest { Presented = next }, Token)).Next!;
        Clock.Advance(TimeSpan.FromMinutes(1));

        Assert.That(
            await Sessions.RotateAsync(request, Token), Is.EqualTo(new RotationResult(RotationOutcome.RotatedByAnother, null, null)));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([last.Session]));
    }

    [Test]
    public async Task A_rotation_repeated_after_its_token_has_expired_or_was_revoked_returns_none()
    {
        var (_, token) = await SignedInAsync();
        var request = new RotationRequest { Presented = token, Client = ClientKey.New(), Lifetime = Hour };
        var next = (await Sessions.RotateAsync(request, Token)).Token!;
        Clock.Advance(Hour);
        Assert.That(await Sessions.RotateAsync(request, Token), Is.EqualTo(new RotationResult(RotationOutcome.Expired, null, null)));
        await Sessions.RevokeAsync(next, Token);
        Assert.That(await Sessions.RotateAsync(request, Token), Is.EqualTo(new RotationResult(RotationOutcome.Unknown, null, null)));
    }

    [Test]
    public async Task Of_concurrent_calls_with_one_request_all_return_the_same_token()
    {
        var (user, token) = await SignedInAsync();
        var request = new RotationRequest { Presented = token };
        var results = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Sessions.RotateAsync(request, Token)));

        Assert.That(results.Select(result => result.Token?.Reveal()).Distinct().Count(), Is.EqualTo(1));
        Assert.That(results.Select(result => result.Outcome), Is.All.EqualTo(RotationOutcome.Rotated));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_request_needs_its_token_and_a_lifetime()
    {
        var (_, token) = await SignedInAsync();
        Assert.That(() => Sessions.RotateAsync(null!, Token), Throws.ArgumentNullException.With.Property("ParamName").EqualTo("request"));
        Assert.That(
            () => Sessions.RotateAsync(new RotationRequest { Presented = null! }, Token),
            Throws.ArgumentNullException.With.Property("ParamName").EqualTo("request.Presented"));
        Assert.That(
            () => Sessions.RotateAsync(new RotationRequest { Presented = token, Lifetime = TimeSpan.Zero }, Token),
            Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task Two_calls_at_once_with_one_id_are_one_attempt()
    {
        var attempt = Attempt("192.0.2.11");
        await Throttle.AcquireAsync(attempt with { Id = null }, Token);
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var hold = connection.CreateCommand())
        {
            hold.CommandText = "SELECT 1 FROM sign_in_attempts FOR UPDATE";
            await hold.ExecuteNonQueryAsync(Token);
        }

        var calls = Enumerable.Range(0, 2).Select(_ => Throttle.AcquireAsync(attempt, Token)).ToList();
        await UntilSomeoneWaitsAsync(sessions: 2);
        await transaction.CommitAsync(Token);

        Assert.That((await Task.WhenAll(calls)).Select(result => result.Outcome), Is.All.EqualTo(SignInAttemptOutcome.Allowed));
        Assert.That(await CountAsync($"account\n{attempt.Email}"), Is.EqualTo(2), "with the one before");
    }

    [Test]
    public async Task An_id_counts_one_attempt_three_times_at_most()
    {
        var attempt = Attempt("192.0.2.12");
        for (var call = 0; call < 3; call++)
        {
            Assert.That((await Throttle.AcquireAsync(attempt, Token)).Outcome, Is.EqualTo(SignInAttemptOutcome.Allowed));
            Assert.That(await CountAsync($"account\n{attempt.Email}"), Is.EqualTo(1));
        }

        var outcomes = new List<SignInAttemptOutcome>();
        for (var call = 0; call < 6; call++)
        {
            outcomes.Add((await Throttle.AcquireAsync(attempt, Token)).Outcome);
        }

        Assert.That(outcomes.Count(outcome => outcome == SignInAttemptOutcome.Allowed), Is.EqualTo(4), "five in all");
        Assert.That(outcomes[^1], Is.EqualTo(SignInAttemptOutcome.LockedOut));
    }

    [Test]
    public async Task An_id_is_one_attempt_for_its_account_and_place_only()
    {
        var attempt = Attempt("192.0.2.13");
        await Throttle.AcquireAsync(attempt, Token);
        var elsewhere = attempt with { Address = IPAddress.Parse("192.0.2.14") };
        await Throttle.AcquireAsync(elsewhere, Token);
        await Throttle.AcquireAsync(attempt with { Id = Guid.NewGuid() }, Token);

        Assert.That(await CountAsync($"account\n{attempt.Email}"), Is.EqualTo(3));
        Clock.Advance(TimeSpan.FromMinutes(6));
        await Throttle.AcquireAsync(attempt, Token);
        Assert.That(await CountAsync($"account\n{attempt.Email}"), Is.EqualTo(1), "the first counts have expired, and so has the id");
    }

    [Test]
    public async Task A_refused_attempt_stays_refused()
    {
        var attempt = Attempt("192.0.2.15");
        for (var call = 0; call < 5; call++)
        {
            await Throttle.AcquireAsync(attempt with { Id = Guid.NewGuid() }, Token);
        }

        var refused = await Throttle.AcquireAsync(attempt, Token);
        Assert.That(refused.Outcome, Is.EqualTo(SignInAttemptOutcome.LockedOut));
        Assert.That(await Throttle.AcquireAsync(attempt, Token), Is.EqualTo(refused));
    }

    [Test]
    public async Task A_success_that_is_recorded_again_forgets_no_later_attempt()
    {
        var attempt = Attempt("192.0.2.16");
        await Throttle.AcquireAsync(attempt, Token);
        await Throttle.RecordSuccessAsync(attempt, Token);
        await Throttle.AcquireAsync(attempt with { Id = Guid.NewGuid() }, Token);

        await Throttle.RecordSuccessAsync(attempt, Token);

        Assert.That(await CountAsync($"account\n{attempt.Email}"), Is.EqualTo(1));
        Assert.That(await CountAsync($"address\n{Convert.ToHexStringLower(attempt.Address.GetAddressBytes())}"), Is.EqualTo(1));
    }

    private static SignInAttempt Attempt(string address) => new()
    {
        Id = Guid.NewGuid(),
        Email = $"{Unique("attempt")}@example.com",
        Address = IPAddress.Parse(address),
    };

    private async Task<(User User, SessionToken Token)> SignedInAsync()
    {
        var user = await AddUserAsync();
        return (user, (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Token);
    }

    private async Task<int> CountAsync(string subject) => (int)(await ScalarAsync(
        "SELECT coalesce(sum(attempts), 0)::int FROM sign_in_attempts WHERE subject_hash = encode(sha256(convert_to($1, 'UTF8')), 'hex')",
        subject))!;
}
