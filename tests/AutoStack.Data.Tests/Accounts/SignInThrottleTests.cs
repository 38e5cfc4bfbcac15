using System.Net;
using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static AutoStack.Data.Accounts.SignInAttemptOutcome;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>Guessing passwords ends after a few, and the owner of the account is not the one who pays.</summary>
public sealed class SignInThrottleTests : DatabaseTests
{
    private static readonly TimeSpan Lockout = TimeSpan.FromMinutes(5);
    private static int place;

    [Test]
    public async Task The_sixth_attempt_is_refused_until_the_lockout_ends()
    {
        var (email, from) = (NewEmail(), NewPlace());
        for (var i = 0; i < 5; i++)
        {
            Assert.That(await Throttle.AcquireAsync(email, from, null, Token), Is.EqualTo(new SignInAttemptResult(Allowed, null)));
        }

        var refused = await Throttle.AcquireAsync(email, from, null, Token);
        Assert.That(refused.Outcome, Is.EqualTo(LockedOut));
        Assert.That(refused.LockedUntil, Is.EqualTo(Clock.GetUtcNow() + Lockout).Within(TimeSpan.FromSeconds(1)));

        Clock.Advance(Lockout / 2);
        Assert.That(
            await Throttle.AcquireAsync(email, from, null, Token),
            Is.EqualTo(refused),
            "an attempt under a lockout does not make it longer");
        Clock.Advance(Lockout / 2);
        Assert.That((await Throttle.AcquireAsync(email, from, null, Token)).Outcome, Is.EqualTo(Allowed));
    }

    [Test]
    public async Task Concurrent_attempts_do_not_exceed_the_limit()
    {
        var (email, from) = (NewEmail(), NewPlace());

        var attempts = await Task.WhenAll(
            Enumerable.Range(0, 60).Select(_ => Task.Run(() => Throttle.AcquireAsync(email, from, null, Token))));

        Assert.That(attempts.Count(a => a.Outcome == Allowed), Is.EqualTo(5));
    }

    [Test]
    public async Task A_success_clears_the_accounts_failures_and_keeps_those_of_the_address()
    {
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        var (email, from) = (NewEmail(), NewPlace());
        for (var round = 0; round < 20; round++)
        {
            for (var i = 0; i < 4; i++)
            {
                Assert.That((await Throttle.AcquireAsync(email, from, null, Token)).Outcome, Is.EqualTo(Allowed));
            }

            await Throttle.RecordSuccessAsync(email, from, null, Token);
        }

        Assert.That(
            await ScalarAsync("SELECT sum(attempts) FROM sign_in_attempts"),
            Is.EqualTo(60),
            "of the address: three failures in each round");
    }

    [Test]
    public async Task An_address_without_an_account_is_counted_alike()
    {
        var (email, from) = ((await AddUserAsync()).Email, NewPlace());
        var (nobody, other) = (NewEmail(), NewPlace());
        for (var i = 0; i < 8; i++)
        {
            var known = await Throttle.AcquireAsync(email, from, null, Token);
            var unknown = await Throttle.AcquireAsync(nobody, other, null, Token);
            Assert.That(unknown.Outcome, Is.EqualTo(known.Outcome).And.EqualTo(i < 5 ? Allowed : LockedOut));
        }
    }

    [Test]
    public async Task Spellings_of_a_mailbox_count_as_one_account()
    {
        var (number, from) = (Unique("spell"), NewPlace());
        string[] spellings =
            [$"{number}@example.com", $"{number.ToUpperInvariant()}@EXAMPLE.com", $" {number}@example.com.", $"{number}@\uFF45xample.com"];
        foreach (var email in spellings)
        {
            Assert.That((await Throttle.AcquireAsync(email, from, null, Token)).Outcome, Is.EqualTo(Allowed));
        }

        await Throttle.AcquireAsync($"{number}@example.com", from, null, Token);
        Assert.That((await Throttle.AcquireAsync($"{number}@example.com", from, null, Token)).Outcome, Is.EqualTo(LockedOut));
    }

    [Test]
    public async Task Guesses_from_many_addresses_lock_out_strangers_but_not_a_known_client()
    {
        await using var host = With(throttle => throttle.MaxAttemptsOfAccount = 10);
        var throttle = host.GetRequiredService<ISignInThrottle>();
        var (user, key) = (await AddUserAsync(), ClientKey.New());
        await Sessions.AddAsync(new NewSession { UserId = user.Id, Client = key }, Token);
        for (var i = 0; i < 10; i++)
        {
            Assert.That((await throttle.AcquireAsync(user.Email, NewPlace(), ClientKey.New(), Token)).Outcome, Is.EqualTo(Allowed));
        }

        Assert.That((await throttle.AcquireAsync(user.Email, NewPlace(), null, Token)).Outcome, Is.EqualTo(LockedOut));
        var home = NewPlace();
        for (var i = 0; i < 5; i++)
        {
            Assert.That((await throttle.AcquireAsync(user.Email, home, key, Token)).Outcome, Is.EqualTo(Allowed), "the owner");
        }

        Assert.That((await throttle.AcquireAsync(user.Email, home, key, Token)).Outcome, Is.EqualTo(LockedOut), "has a limit too");
        await throttle.RecordSuccessAsync(user.Email, home, key, Token);
        Assert.That(
            (await throttle.AcquireAsync(user.Email, NewPlace(), null, Token)).Outcome,
            Is.EqualTo(Allowed),
            "and a success of theirs ends the lockout");
    }

    [Test]
    public async Task A_locked_out_address_does_not_use_up_the_accounts_attempts()
    {
        await using var host = With(throttle => throttle.MaxAttemptsOfAccount = 10);
        var throttle = host.GetRequiredService<ISignInThrottle>();
        var (email, from) = (NewEmail(), NewPlace());
        for (var i = 0; i < 50; i++)
        {
            await throttle.AcquireAsync(email, from, null, Token);
        }

        Assert.That((await throttle.AcquireAsync(email, NewPlace(), null, Token)).Outcome, Is.EqualTo(Allowed));
    }

    [Test]
    public async Task One_address_cannot_try_many_accounts_despite_successes_of_its_own()
    {
        await using var host = With(throttle => throttle.MaxAttemptsOfAddress = 10);
        var throttle = host.GetRequiredService<ISignInThrottle>();
        var (from, own) = (NewPlace(), NewEmail());
        for (var i = 0; i < 10; i++)
        {
            Assert.That((await throttle.AcquireAsync(NewEmail(), from, null, Token)).Outcome, Is.EqualTo(Allowed));
            if (i < 9)
            {
                Assert.That((await throttle.AcquireAsync(own, from, null, Token)).Outcome, Is.EqualTo(Allowed));
                await throttle.RecordSuccessAsync(own, from, null, Token);
            }
        }

        Assert.That((await throttle.AcquireAsync(NewEmail(), from, null, Token)).Outcome, Is.EqualTo(LockedOut));
        Assert.That((await throttle.AcquireAsync(NewEmail(), NewPlace(), null, Token)).Outcome, Is.EqualTo(Allowed), "another address");
    }

    [Test]
    public async Task New_clients_that_sign_in_do_not_use_up_their_addresss_attempts()
    {
        var from = NewPlace();
        for (var i = 0; i < 130; i++)
        {
            var (user, key) = (await AddUserAsync(), ClientKey.New());
            Assert.That((await Throttle.AcquireAsync(user.Email, from, key, Token)).Outcome, Is.EqualTo(Allowed), $"sign-in {i + 1}");
            await Sessions.AddAsync(new NewSession { UserId = user.Id, Client = key }, Token);
            await Throttle.RecordSuccessAsync(user.Email, from, key, Token);
        }
    }

    [Test]
    public async Task A_known_client_that_loses_its_session_leaves_the_address_count()
    {
        var (from, user, key) = (NewPlace(), await AddUserAsync(), ClientKey.New());
        var guesses = 0;
        for (var i = 0; i < 300; i++)
        {
            guesses += (await Throttle.AcquireAsync(NewEmail(), from, null, Token)).Outcome == Allowed ? 1 : 0;
            var session = await Sessions.AddAsync(new NewSession { UserId = user.Id, Client = key }, Token);
            Assert.That((await Throttle.AcquireAsync(user.Email, from, key, Token)).Outcome, Is.EqualTo(Allowed));
            await Sessions.RevokeAsync(session.Token, Token);
            await Throttle.RecordSuccessAsync(user.Email, from, key, Token);
        }

        Assert.That(guesses, Is.EqualTo(100));
    }

    [Test]
    public async Task An_address_that_is_locked_out_stores_no_further_rows()
    {
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        var from = NewPlace();
        for (var i = 0; i < 100; i++)
        {
            Assert.That((await Throttle.AcquireAsync(NewEmail(), from, null, Token)).Outcome, Is.EqualTo(Allowed));
        }

        for (var i = 0; i < 50; i++)
        {
            var refused = await Throttle.AcquireAsync(NewEmail(), from, null, Token);
            Assert.That(refused.Outcome, Is.EqualTo(LockedOut));
            Assert.That(refused.LockedUntil, Is.EqualTo(Clock.GetUtcNow() + Lockout).Within(TimeSpan.FromSeconds(1)));
        }

        Assert.That(
            await ScalarAsync("SELECT count(*) FROM sign_in_attempts"),
            Is.EqualTo(201),
            "the address, and two rows of each attempt that was allowed");
        Clock.Advance(Lockout);
        Assert.That((await Throttle.AcquireAsync(NewEmail(), from, null, Token)).Outcome, Is.EqualTo(Allowed));
    }

    [Test]
    public async Task IPv6_addresses_of_one_subscriber_count_as_one()
    {
        var email = NewEmail();
        for (var i = 0; i < 5; i++)
        {
            Assert.That(
                (await Throttle.AcquireAsync(email, IPAddress.Parse($"2001:db8:1:2::{i + 1}"), null, Token)).Outcome, Is.EqualTo(Allowed));
        }

        Assert.That(
            (await Throttle.AcquireAsync(email, IPAddress.Parse("2001:db8:1:2:ffff::1"), null, Token)).Outcome, Is.EqualTo(LockedOut));
        Assert.That((await Throttle.AcquireAsync(email, IPAddress.Parse("2001:db8:1:3::1"), null, Token)).Outcome, Is.EqualTo(Allowed));

        var other = NewEmail();
        for (var i = 0; i < 5; i++)
        {
            await Throttle.AcquireAsync(other, IPAddress.Parse(i % 2 == 0 ? "192.0.2.9" : "::ffff:192.0.2.9"), null, Token);
        }

        Assert.That((await Throttle.AcquireAsync(other, IPAddress.Parse("192.0.2.9"), null, Token)).Outcome, Is.EqualTo(LockedOut));
    }

    [Test]
    public async Task A_disabled_throttle_allows_everything_and_writes_nothing()
    {
        await using var host = With(throttle => throttle.Enabled = false);
        var throttle = host.GetRequiredService<ISignInThrottle>();
        var (email, from) = (NewEmail(), NewPlace());
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        for (var i = 0; i < 20; i++)
        {
            Assert.That((await throttle.AcquireAsync(email, from, null, Token)).Outcome, Is.EqualTo(Allowed));
        }

        await throttle.RecordSuccessAsync(email, from, null, Token);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sign_in_attempts"), Is.Zero);
    }

    [Test]
    public async Task The_typed_address_is_not_stored()
    {
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        await Throttle.AcquireAsync("my password, typed into the wrong field", NewPlace(), ClientKey.New(), Token);

        Assert.That(await ScalarAsync("SELECT bool_and(subject_hash ~ '^[0-9a-f]{64}$') FROM sign_in_attempts"), Is.True);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sign_in_attempts"), Is.EqualTo(3));
    }

    [Test]
    public async Task Purge_removes_expired_counts_in_bounded_batches()
    {
        await ExecuteAsync("DELETE FROM sign_in_attempts");
        var purge = Get<IPlatformSignInThrottle>();
        await Throttle.AcquireAsync(NewEmail(), NewPlace(), null, Token);
        Assert.That(await purge.PurgeExpiredAsync(10, Token), Is.Zero);
        Clock.Advance(Lockout + TimeSpan.FromSeconds(1));

        Assert.That(await purge.PurgeExpiredAsync(2, Token), Is.EqualTo(2));
        Assert.That(await purge.PurgeExpiredAsync(2, Token), Is.EqualTo(1));
        Assert.That(() => purge.PurgeExpiredAsync(0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Invalid_arguments_are_named()
    {
        Assert.That(
            () => Throttle.AcquireAsync(" ", IPAddress.Loopback, null, Token),
            Throws.ArgumentException.With.Property("ParamName").EqualTo("attempt.Email"));
        Assert.That(
            () => Throttle.AcquireAsync("ada@example.com", null!, null, Token),
            Throws.ArgumentNullException.With.Property("ParamName").EqualTo("attempt.Address"));
        Assert.That(() => Throttle.AcquireAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(() => Throttle.RecordSuccessAsync("ada@example.com", null!, null, Token), Throws.ArgumentNullException);
        Assert.That(
            () => UnitOfWork.RunAsync((tx, _) => Task.FromResult(tx.Get<ISignInThrottle>()), Token), Throws.ArgumentException,
            "a count that is rolled back with the caller's work would count nothing");
    }

    private ServiceProvider With(Action<SignInThrottleOptions> configure) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            configure(options.Accounts.Throttle);
        })
        .BuildServiceProvider();

    private static string NewEmail() => $"{Unique("guess")}@example.com";

    private static IPAddress NewPlace() => new([10, 0, (byte)(Interlocked.Increment(ref place) >> 8), (byte)place]);
}
