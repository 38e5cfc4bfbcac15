using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>Letters other than A to Z stand for themselves before the @, and both sides of the comparison agree about that.</summary>
public sealed class EmailAddressTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    // A capital I with a dot, a long s: lower or upper case of them is a letter of A to Z somewhere.
    [TestCase("\u0130van", "ivan")]
    [TestCase("\u0130van", "i\u0307van")]
    [TestCase("ja\u017Fon", "jason")]
    [TestCase("\u00C4nne", "\u00E4nne")]
    public async Task An_address_that_only_looks_alike_is_a_different_one(string name, string other)
    {
        var domain = $"@{Unique("mail")}.example";
        var (evil, good) = (Somebody(name + domain), Somebody(other + domain) with { Provider = IdentityProvider.Google });

        var eve = await Identities.SignInWithProviderAsync(evil, Token);
        var ada = await Identities.SignInWithProviderAsync(good, Token);

        Assert.That(eve.Outcome, Is.EqualTo(ProviderSignInOutcome.SignedIn));
        Assert.That(ada.Outcome, Is.EqualTo(ProviderSignInOutcome.SignedIn));
        Assert.That(ada.User!.Id, Is.Not.EqualTo(eve.User!.Id));
        Assert.That((await PlatformUsers.FindByEmailAsync(name + domain, Token))!.Id, Is.EqualTo(eve.User.Id));
        Assert.That((await Identities.FindCredentialsAsync(other + domain, Token))!.UserId, Is.EqualTo(ada.User.Id));
    }

    [TestCase("\u0130stanbul")]
    [TestCase("I\u0307stanbul")]
    [TestCase("\uFF29\u0307stanbul")]
    [TestCase("\U0001D408\u0307stanbul")]
    public async Task A_dotted_capital_I_in_a_domain_folds_to_i_and_dot(string typed)
    {
        var domain = $"{Unique("mail")}.example";
        var account = new NewAccount { Name = "Ada", Email = $"a@{typed}.{domain}", Password = Password };
        var small = account with { Email = $"a@i\u0307stanbul.{domain}" };

        Assert.That((await Identities.RegisterAsync(account, Token)).Outcome, Is.EqualTo(RegistrationOutcome.Created));
        Assert.That((await Identities.RegisterAsync(small, Token)).Outcome, Is.EqualTo(RegistrationOutcome.EmailTaken));
        Assert.That(await Identities.FindCredentialsAsync(small.Email, Token), Is.Not.Null);
        Assert.That(
            (await Identities.RegisterAsync(account with { Email = $"a@istanbul.{domain}" }, Token)).Outcome,
            Is.EqualTo(RegistrationOutcome.Created));
    }

    [TestCase("\u0130van")]
    [TestCase("\u00C4nne")]
    public async Task An_address_with_letters_beyond_ASCII_registers_and_is_found(string name)
    {
        var email = $"{name}@{Unique("MAIL")}.example";

        var registration = await Identities.RegisterAsync(new NewAccount { Name = "Ada", Email = email, Password = Password }, Token);

        Assert.That(registration.Outcome, Is.EqualTo(RegistrationOutcome.Created));
        Assert.That(registration.User!.Email, Is.EqualTo(name + email[name.Length..].ToLowerInvariant()));
        Assert.That((await PlatformUsers.FindByEmailAsync(email, Token))!.Id, Is.EqualTo(registration.User.Id));
        Assert.That(await Users.VerifyEmailAsync(registration.User.Id, email, Token), Is.EqualTo(EmailVerificationOutcome.Verified));
        Assert.That(
            () => Users.AddAsync(new NewUser { Name = "Eve", Email = email }, Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("users_email_key"));
    }

    [Test]
    public async Task A_mixed_case_address_of_another_program_is_found_in_any_case()
    {
        var email = $"Bob.\u00D6stlund@{Unique("Mail")}.Example";
        await ExecuteAsync("INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'Bob', $1)", email);

        Assert.That((await PlatformUsers.FindByEmailAsync(email, Token))!.Email, Is.EqualTo(email));
        Assert.That(
            (await Identities.FindCredentialsAsync(
                email.Replace("Bob", "BOB", StringComparison.Ordinal).Replace("Mail", "mAIL", StringComparison.Ordinal), Token)),
            Is.Not.Null);
        Assert.That(
            (await Identities.RegisterAsync(new NewAccount { Name = "Eve", Email = email, Password = Password }, Token)).Outcome,
            Is.EqualTo(RegistrationOutcome.EmailTaken));
    }

    [Test]
    public async Task An_address_is_looked_up_through_its_unique_index()
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand(
            """SET enable_seqscan = off; EXPLAIN SELECT u.id FROM users u WHERE lower(u.email COLLATE "C") = 'ada'""", connection);
        var plan = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            plan.Add(reader.GetString(0));
        }

        Assert.That(plan, Has.Some.Contains("users_lower_email_key"));
    }

    private static ProviderIdentity Somebody(string email) =>
        new() { Provider = IdentityProvider.GitHub, ProviderId = Unique("provider"), Name = "Ada", Email = email, EmailVerified = true };
}
