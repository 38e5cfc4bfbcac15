using System.Globalization;
using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AutoStack.Data.Tests.Accounts;

public sealed class PasswordHasherTests : DatabaseTests
{
    // Below the public range: these tests hold what is verified, not how long it takes.
    private readonly PasswordHasher quick = new(Options.Create(new PasswordHasherOptions { TestWorkFactor = 5 }));

    [OneTimeTearDown]
    public void Dispose() => quick.Dispose();

    [Test]
    public async Task A_password_verifies_against_its_hash_and_no_other()
    {
        var hasher = Get<IPasswordHasher>();
        var hash = await hasher.HashAsync("correct horse 1", Token);

        Assert.That(hash.Reveal(), Does.Match(@"^\$2[aby]\$12\$").And.Length.EqualTo(60), "work factor 12 unless set otherwise");
        Assert.That(await hasher.VerifyAsync("correct horse 1", hash, Token), Is.EqualTo(VerificationOutcome.Succeeded));
        Assert.That(await hasher.VerifyAsync("correct horse 2", hash, Token), Is.EqualTo(VerificationOutcome.Failed));
        var other = await quick.HashAsync("x", Token);
        Assert.That((await quick.HashAsync("x", Token)).Reveal(), Is.Not.EqualTo(other.Reveal()), "each has its own salt");
    }

    // A published vector of bcrypt: the password "U*U", work factor 5.
    [TestCase("$2a$")]
    [TestCase("$2b$")]
    [TestCase("$2y$")]
    public async Task A_weaker_hash_of_another_program_verifies_and_needs_a_rehash(string prefix)
    {
        var stored = PasswordHash.From($"{prefix}05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW");
        using var hasher = new PasswordHasher(Options.Create(new PasswordHasherOptions { TestWorkFactor = 6 }));

        Assert.That(await hasher.VerifyAsync("U*U", stored, Token), Is.EqualTo(VerificationOutcome.SucceededRehashNeeded));
        Assert.That(await hasher.VerifyAsync("U*V", stored, Token), Is.EqualTo(VerificationOutcome.Failed));
    }

    [TestCase(null)]
    [TestCase("")]
    [TestCase("not a hash")]
    [TestCase("5f4dcc3b5aa765d61d8327deb882cf99")]
    [TestCase("$2b$12$tooshort")]
    [TestCase("$2b$00$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$03$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$06$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$13$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$15$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$31$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$99$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$ 4$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2z$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$12$!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!")]
    [TestCase("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9d\n")]
    [TestCase("$argon2id$v=19$m=65536,t=3,p=4$aaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Without_a_bcrypt_hash_every_password_is_wrong(string? stored) =>
        Assert.That(
            await quick.VerifyAsync("x", string.IsNullOrEmpty(stored) ? null : PasswordHash.From(stored), Token)
                .WaitAsync(TimeSpan.FromMinutes(2), Token),
            Is.EqualTo(VerificationOutcome.Failed));

    [TestCase("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")]
    [TestCase("$2b$04$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$11$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("$2b$99$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm")]
    [TestCase("not a hash")]
    [TestCase(null)]
    public void A_wrong_password_costs_the_same_work_whatever_is_stored(string? stored)
    {
        var rounds = 0L;

        var answer = PasswordHasher.Check("wrong", stored, 12, (_, hash) =>
        {
            rounds += 1L << int.Parse(hash.AsSpan(4, 2), NumberStyles.None, CultureInfo.InvariantCulture);
            return false;
        });

        Assert.That((answer, rounds), Is.EqualTo((VerificationOutcome.Failed, 1L << 12)));
    }

    [TestCase(4)]
    [TestCase(10)]
    [TestCase(11)]
    [TestCase(12)]
    [TestCase(13)]
    [TestCase(14)]
    [TestCase(31)]
    public void A_verification_costs_the_same_work_whatever_its_answer(int factor)
    {
        foreach (var (workFactor, isPassword) in new[] { (10, true), (12, true), (14, true), (12, false), (14, false) })
        {
            var rounds = 0L;

            var stored = $"$2b${factor:00}$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm";

            PasswordHasher.Check("right", stored, workFactor, (text, hash) =>
            {
                rounds += 1L << int.Parse(hash.AsSpan(4, 2), NumberStyles.None, CultureInfo.InvariantCulture);
                return isPassword && text == "right";
            });

            Assert.That(rounds, Is.EqualTo(1L << workFactor), $"{workFactor}, {isPassword}");
        }
    }

    [Test]
    public async Task A_hash_above_the_work_factor_matches_nothing_and_logs_a_warning()
    {
        using var strong = new PasswordHasher(Options.Create(new PasswordHasherOptions { TestWorkFactor = 5 }));
        using var log = new Warnings();
        using var weak = new PasswordHasher(Options.Create(new PasswordHasherOptions { TestWorkFactor = 4 }), log);
        var hash = await strong.HashAsync("x", Token);

        Assert.That(hash.Reveal(), Does.StartWith("$2").And.Contains("$05$"));
        Assert.That(await strong.VerifyAsync("x", hash, Token), Is.EqualTo(VerificationOutcome.Succeeded));
        Assert.That(await weak.VerifyAsync("x", hash, Token), Is.EqualTo(VerificationOutcome.Failed));
        Assert.That(log.Messages, Has.One.Contains("work factor 5").And.Contains("WorkFactor is 4"));
    }

    [Test]
    public async Task A_call_beyond_the_queue_is_refused_and_the_queue_recovers()
    {
        using var hasher = new PasswordHasher(
            Options.Create(new PasswordHasherOptions { MaxConcurrency = 1, MaxWaiting = 2, TestWorkFactor = 4 }));
        using var release = new SemaphoreSlim(0);
        var busy = hasher.OnCoreAsync(() => release.Wait(TimeSpan.FromMinutes(1)), Token);

        var calls = Enumerable.Range(0, 7).Select(_ => hasher.VerifyAsync("x", null, Token)).ToArray();

        Assert.That(calls.Count(c => c.IsFaulted), Is.EqualTo(5), "at once");
        foreach (var refused in calls.Where(c => c.IsFaulted))
        {
            Assert.That(async () => await refused, Throws.TypeOf<PasswordHasherBusyException>());
        }

        release.Release();
        Assert.That(await busy, Is.True);
        await Task.WhenAll(calls.Where(c => !c.IsFaulted));
        Assert.That(await hasher.VerifyAsync("x", null, Token), Is.EqualTo(VerificationOutcome.Failed));

        // A place is free again when a caller stops waiting.
        busy = hasher.OnCoreAsync(() => release.Wait(TimeSpan.FromMinutes(1)), Token);
        using var stop = new CancellationTokenSource();
        var waiting = Enumerable.Range(0, 2).Select(_ => hasher.VerifyAsync("x", null, stop.Token)).ToArray();
        Assert.That(() => hasher.VerifyAsync("x", null, Token), Throws.TypeOf<PasswordHasherBusyException>());
        await stop.CancelAsync();
        await Task.WhenAll(waiting).ContinueWith(_ => { }, TaskScheduler.Default);
        var others = Enumerable.Range(0, 2).Select(_ => hasher.VerifyAsync("x", null, Token)).ToArray();
        release.Release();
        Assert.That(await busy, Is.True);
        Assert.That(await Task.WhenAll(others), Is.All.EqualTo(VerificationOutcome.Failed));
    }

    [Test]
    public void The_default_leaves_one_core_free_and_settings_are_checked()
    {
        Assert.That(new PasswordHasherOptions().MaxConcurrency, Is.EqualTo(Math.Max(1, Environment.ProcessorCount - 1)));
        foreach (var (setting, spoil) in new (string, Action<PasswordHasherOptions>)[]
        {
            ("MaxConcurrency", o => o.MaxConcurrency = 0),
            ("MaxWaiting", o => o.MaxWaiting = -1),
            ("WorkFactor", o => o.WorkFactor = 9),
            ("WorkFactor", o => o.WorkFactor = 15),
        })
        {
            using var provider = new ServiceCollection()
                .AddAutoStackData(Database.ConnectionString)
                .Configure(spoil)
                .BuildServiceProvider();
            Assert.That(
                () => provider.GetRequiredService<IStartupValidator>().Validate(),
                Throws.TypeOf<OptionsValidationException>().With.Message.Contains($"PasswordHasherOptions.{setting}"));
        }
    }

    [Test]
    public async Task A_malformed_password_is_wrong_and_is_not_hashed()
    {
        var hash = await quick.HashAsync("x🚀", Token);

        Assert.That(await quick.VerifyAsync("x🚀", hash, Token), Is.EqualTo(VerificationOutcome.Succeeded));
        Assert.That(await quick.VerifyAsync("x\ud83d", hash, Token), Is.EqualTo(VerificationOutcome.Failed));
        Assert.That(await quick.VerifyAsync("\ude80", null, Token), Is.EqualTo(VerificationOutcome.Failed));
        Assert.That(() => quick.HashAsync("x\ud83d", Token), Throws.ArgumentException.With.Message.Contains("surrogate"));
    }

    [Test]
    public async Task A_password_that_bcrypt_would_truncate_is_refused()
    {
        var longest = new string('ä', 36);
        var hash = await quick.HashAsync(longest, Token);

        Assert.That(await quick.VerifyAsync(longest, hash, Token), Is.EqualTo(VerificationOutcome.Succeeded));
        Assert.That(await quick.VerifyAsync(longest + "x", hash, Token), Is.EqualTo(VerificationOutcome.Failed));
        Assert.That(await quick.VerifyAsync(null, hash, Token), Is.EqualTo(VerificationOutcome.Failed));
        Assert.That(() => quick.HashAsync(longest + "x", Token), Throws.ArgumentException.With.Message.Contains("72 bytes"));
        Assert.That(() => quick.HashAsync("nul\0", Token), Throws.ArgumentException);
        Assert.That(() => quick.HashAsync("", Token), Throws.ArgumentException);
        Assert.That(() => quick.HashAsync(null!, Token), Throws.ArgumentNullException);
    }

    [Test]
    public void Secrets_print_redacted()
    {
        Assert.That(
            $"{PasswordHash.From("$2b$12$x")} {SessionToken.New()} {ResetToken.New()} {Secret.From("s3cret")}",
            Is.EqualTo("[redacted] [redacted] [redacted] [redacted]"));
        Assert.That(new SecretKey { Id = "k1", Secret = "s3cret" }.ToString(), Is.EqualTo("k1"));
    }

    private sealed class Warnings : ILoggerFactory, ILogger
    {
        public List<string> Messages { get; } = [];

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState,
            Exception?,
            string> formatter) =>
            Messages.Add(formatter(state, exception));

        public void Dispose()
        {
        }
    }
}
