using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>One mailbox is one account, however it is spelled, and what is not the address of one mailbox is refused.</summary>
public sealed class EmailSpellingTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    // NFC, NFD, full-width, encoded, with a dot at the end, with dots that are not ASCII, in capitals.
    private static readonly string[][] Mailboxes =
    [
        [
            "ada@d1.example", "ada@d1.example.", "ADA@D1.Example", " ada@d1.example ",
            "ada@\uFF44\uFF11.example", "ada@d1\u3002example", "ada@d1\uFF0Eexample\uFF61",
        ],
        [
            "ada@ex\u00E4mple2.example", "ada@exa\u0308mple2.example", "ada@EX\u00C4MPLE2.example",
            $"ada@{Encoded("ex\u00E4mple2")}.example", $"ada@{Encoded("ex\u00E4mple2").ToUpperInvariant()}.example.",
        ],
        ["jos\u00E9@d3.example", "jose\u0301@d3.example", "Jos\u00E9@d3.example", "JOSe\u0301@D3.EXAMPLE."],
        ["ada@stra\u00DFe4.example", $"ada@{Encoded("stra\u00DFe4")}.example"],
        ["\uD55C@d5.example", "\u1112\u1161\u11AB@d5.example"],
        ["ada@\u304C6.example", "ada@\u304B\u30996.example", $"ada@{Encoded("\u304C6")}.example"],
    ];

    [TestCaseSource(nameof(Mailboxes))]
    public async Task Every_spelling_of_a_mailbox_is_one_account(params string[] spellings)
    {
        foreach (var first in spellings)
        {
            await ExecuteAsync("DELETE FROM users");
            var registration = await Identities.RegisterAsync(new NewAccount { Name = "Ada", Email = first, Password = Password }, Token);
            Assert.That(registration.Outcome, Is.EqualTo(RegistrationOutcome.Created), first);
            foreach (var other in spellings)
            {
                Assert.That(
                    (await Identities.FindCredentialsAsync(other, Token))?.UserId,
                    Is.EqualTo(registration.User!.Id),
                    $"{first} by {other}");
                Assert.That(
                    (await PlatformUsers.FindByEmailAsync(other, Token))?.Id, Is.EqualTo(registration.User.Id), $"{first} by {other}");
                Assert.That(
                    (await Identities.RegisterAsync(new NewAccount { Name = "Eve", Email = other, Password = Password }, Token)).Outcome,
                    Is.EqualTo(RegistrationOutcome.EmailTaken), $"{first} by {other}");
                Assert.That(
                    () => Users.AddAsync(new NewUser { Name = "Eve", Email = other }, Token),
                    Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("users_email_key"), $"{first} by {other}");
            }
        }
    }

    [TestCaseSource(nameof(Mailboxes))]
    public async Task Every_spelling_is_stored_alike(params string[] spellings)
    {
        var stored = new HashSet<string>();
        foreach (var spelling in spellings)
        {
            await ExecuteAsync("DELETE FROM users");
            stored.Add((await Users.AddAsync(new NewUser { Name = "Ada", Email = spelling }, Token)).Email);
        }

        Assert.That(stored, Has.Count.EqualTo(1));
        Assert.That(stored.Single().Split('@')[1], Does.Match("^[a-z0-9.-]+$").And.Not.EndsWith("."));
    }

    [TestCase("ada@ex\u00E4mple7.example")]
    [TestCase("ada@exa\u0308mple7.example")]
    [TestCase("Ada@Example8.example.")]
    [TestCase("jose\u0301@d9.example")]
    public async Task Another_writers_row_is_found_in_any_spelling_and_not_duplicated(string stored)
    {
        await ExecuteAsync("DELETE FROM users");
        var canonical = (await Users.AddAsync(new NewUser { Name = "Ada", Email = stored }, Token)).Email;
        await ExecuteAsync("UPDATE users SET email = $1", stored);

        foreach (var typed in new[] { stored, canonical, canonical + "." })
        {
            Assert.That((await Identities.FindCredentialsAsync(typed, Token))?.Email, Is.EqualTo(stored), typed);
            Assert.That(
                (await Identities.RegisterAsync(new NewAccount { Name = "Eve", Email = typed, Password = Password }, Token)).Outcome,
                Is.EqualTo(RegistrationOutcome.EmailTaken), typed);
            Assert.That(
                () => Users.AddAsync(new NewUser { Name = "Eve", Email = typed }, Token), Throws.TypeOf<DuplicateException>(), typed);
        }
    }

    [Test]
    public async Task Among_spellings_of_one_mailbox_the_typed_one_is_found_first()
    {
        var encoded = Encoded("ex\u00E4mple10");
        var spellings = new[] { "ada@ex\u00E4mple10.example", $"ada@{encoded}.example", $"ada@{encoded}.example." };
        foreach (var email in spellings)
        {
            await ExecuteAsync("INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'Ada', $1)", email);
        }

        foreach (var email in spellings)
        {
            Assert.That((await Identities.FindCredentialsAsync(email, Token))!.Email, Is.EqualTo(email));
        }

        var identity = new ProviderIdentity
        {
            Provider = IdentityProvider.GitHub,
            ProviderId = Unique("provider"),
            Name = "Ada",
            Email = spellings[0],
            EmailVerified = true,
        };
        var signIn = await Identities.SignInWithProviderAsync(identity, Token);
        Assert.That((signIn.Outcome, signIn.User!.Email), Is.EqualTo((ProviderSignInOutcome.TookOver, spellings[0])));
    }

    [TestCase("ada@example.com\n", "control")]
    [TestCase("ada@example.com\r\nBcc: eve@example.com", "control")]
    [TestCase("ada\u0085@example.com", "control")]
    [TestCase("ada\u2028@example.com", "control")]
    [TestCase("a\tda@example.com", "control")]
    [TestCase("ada\u200B@example.com", "invisible")]
    [TestCase("ada\u00AD@example.com", "invisible")]
    [TestCase("ada@exam\u200Dple.com", "invisible")]
    [TestCase("\u202Eada@example.com", "invisible")]
    [TestCase("ada\u3164@example.com", "invisible")]
    [TestCase("ada\uFE0F@example.com", "invisible")]
    [TestCase("\uFEFFada@example.com", "invisible")]
    [TestCase("ada@example.com, eve@example.com", "space")]
    [TestCase("ada@example.com,eve@example.com", "more than one @")]
    [TestCase("ada@example.com;eve@example.com", "more than one @")]
    [TestCase("ada@eve@example.com", "more than one @")]
    [TestCase("ada\uFF20eve@example.com", "more than one @")]
    [TestCase("mi\u212Ae@example.com", "stands for another")]
    [TestCase("ada lovelace@example.com", "space")]
    [TestCase("ada\u00A0@example.com", "space")]
    [TestCase("Ada <ada@example.com>", "space")]
    [TestCase("<ada@example.com>", "without a name")]
    [TestCase("\"ada\"@example.com", "quotes")]
    [TestCase("\"a,b\"@example.com", "quotes")]
    [TestCase("ada(x)@example.com", "brackets")]
    [TestCase("ada;@example.com", "list")]
    [TestCase("mailto:ada@example.com", "without a name")]
    [TestCase("ada", "no @")]
    [TestCase("@example.com", "nothing before")]
    [TestCase("ada@", "nothing after")]
    [TestCase("@", "nothing before")]
    [TestCase(".ada@example.com", "dot")]
    [TestCase("ada.@example.com", "dot")]
    [TestCase("a..da@example.com", "dot")]
    [TestCase("ada@.example.com", "domain")]
    [TestCase("ada@example..com", "domain")]
    [TestCase("ada@example.com..", "domain")]
    [TestCase("ada@.", "domain")]
    [TestCase("ada@-example.com", "domain")]
    [TestCase("ada@example-.com", "domain")]
    [TestCase("ada@exam_ple.com", "domain")]
    [TestCase("ada@[127.0.0.1]", "domain")]
    [TestCase("ada@127.0.0.1", "domain")]
    [TestCase("ada@example.com>", "domain")]
    [TestCase("ada@example.com/x", "domain")]
    [TestCase("ada@ex\u2044ample.com", "domain")]
    [TestCase("ada@xn--.com", "domain")]
    [TestCase("ada@xn--abc-.com", "domain")]
    [TestCase("ada@xn--99999999999.com", "domain")]
    [TestCase("ada@xn--\u00E4.com", "domain")]
    [TestCase("ada@\uD83D\uDE00.com", "domain")]
    [TestCase("ada@example.com\uE000", "without a meaning")]
    [TestCase("ada\uD800@example.com", "without a meaning")]
    public async Task A_text_that_does_not_name_one_mailbox_is_refused(string email, string expected)
    {
        foreach (var store in new Func<Task>[]
        {
            () => Identities.RegisterAsync(new NewAccount { Name = "Ada", Email = email, Password = Password }, Token),
            () => Users.AddAsync(new NewUser { Name = "Ada", Email = email }, Token),
            () => Identities.SignInWithProviderAsync(
                new ProviderIdentity
                {
                    Provider = IdentityProvider.Google,
                    ProviderId = Unique("p"),
                    Name = "Ada",
                    Email = email,
                    EmailVerified = true,
                },
                Token),
        })
        {
            var refusal = Assert.ThrowsAsync<ArgumentException>(() => store())!;
            Assert.That(
                refusal.Message, Does.Contain(expected).And.Contains("Email is not an e-mail address").And.Not.Contain("example.com"));
        }

        Assert.That(await Identities.FindCredentialsAsync(email, Token), Is.Null);
    }

    [Test]
    public void Each_part_of_an_address_has_a_maximum_length([Values(63, 64)] int label, [Values(64, 65)] int local)
    {
        var (encoded, name) = ($"{new string('d', label)}.example", new string('a', local));

        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Ada", Email = $"{name}@{encoded}" }, Token),
            label == 63 && local == 64 ? Throws.Nothing : Throws.ArgumentException);
        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Ada", Email = $"{new string('\u00E9', 33)}@{Unique("long")}.example" }, Token),
            Throws.ArgumentException.With.Message.Contains("64 bytes"));
        Assert.That(
            () => Users.AddAsync(
                new NewUser { Name = "Ada", Email = $"ada@{string.Join('.', Enumerable.Repeat(new string('d', 62), 4))}" }, Token),
            Throws.ArgumentException.With.Message.Contains("254 bytes"));
    }

    // The owner of this name in the DNS is not that of the one it would normalise to.
    [TestCase("exa\u0308mple")]
    [TestCase("EX\u00C4MPLE")]
    [TestCase("\uFF45xample")]
    public void An_encoded_label_that_is_not_normalised_is_refused(string label) =>
        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Eve", Email = $"ada@xn--{Punycode.Encode(label)}.example" }, Token),
            Throws.ArgumentException.With.Message.Contains("domain"));

    private static string Encoded(string label) => $"xn--{Punycode.Encode(label)}";
}
