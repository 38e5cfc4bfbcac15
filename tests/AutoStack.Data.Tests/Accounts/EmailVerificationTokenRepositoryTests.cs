using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>Tokens that verify the address of an account, or give the account another one.</summary>
public sealed class EmailVerificationTokenRepositoryTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task A_token_verifies_the_address_of_the_account_once()
    {
        var user = await AddUserAsync();
        var session = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        var issue = await EmailTokens.IssueAsync(user.Id, EmailVerification.DefaultLifetime, Token);
        var verification = issue.Verification!;

        Assert.That(
            (issue.Outcome, verification.Purpose, verification.Email, verification.PreviousEmail),
            Is.EqualTo((EmailIssueOutcome.Issued, EmailPurpose.Verify, user.Email, user.Email)));
        Assert.That(verification.ExpiresAt - verification.CreatedAt, Is.EqualTo(TimeSpan.FromDays(1)));
        Assert.That(
            await ScalarAsync("SELECT token_hash FROM email_verification_tokens WHERE id = $1", verification.Id),
            Does.Match("^[0-9a-f]{64}$").And.Not.EqualTo(issue.Token!.Reveal()));

        Assert.That((await RedeemAsync(user.Id, issue.Token!)).Outcome, Is.EqualTo(EmailRedeemOutcome.Redeemed));
        var again = await RedeemAsync(user.Id, issue.Token!);
        Assert.That((again.Outcome, again.Verification!.UsedAt), Is.EqualTo((EmailRedeemOutcome.AlreadyUsed, again.Verification.UsedAt)));
        Assert.That(again.Verification.UsedAt, Is.Not.Null);
        Assert.That((await Users.FindAsync(user.Id, Token))!.EmailVerified);
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([session]), "no session ends");
        Assert.That(
            (await EmailTokens.IssueAsync(user.Id, EmailVerification.DefaultLifetime, Token)).Outcome,
            Is.EqualTo(EmailIssueOutcome.NothingToDo));
    }

    [Test]
    public async Task A_change_applies_the_new_address_and_ends_what_the_old_mailbox_may_have()
    {
        var user = await AddUserAsync();
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        var project = await AddProjectAsync(user.Id);
        var kept = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        var other = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Token;
        var verify = (await EmailTokens.IssueAsync(user.Id, EmailVerification.DefaultLifetime, Token)).Token!;
        var reset = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        var email = $"{Unique("NEW")}@EXAMPLE.com";
        var issue = await EmailTokens.IssueChangeAsync(user.Id, await ChangeAsync(user.Id, email), Token);

        Assert.That(
            (issue.Verification!.Email, issue.Verification.PreviousEmail), Is.EqualTo((email.ToLowerInvariant(), user.Email)));
        Assert.That((await Users.FindAsync(user.Id, Token))!.Email, Is.EqualTo(user.Email), "until the token is used");

        var redeemed = await EmailTokens.RedeemAsync(user.Id, issue.Token!, kept.Id, Token);
        var changed = (await Users.FindAsync(user.Id, Token))!;
        Assert.That(
            (redeemed.Outcome, redeemed.Verification!.Email, redeemed.Verification.PreviousEmail),
            Is.EqualTo((EmailRedeemOutcome.Redeemed, changed.Email, user.Email)));
        Assert.That((changed.Email, changed.EmailVerified), Is.EqualTo((email.ToLowerInvariant(), true)));
        Assert.That(changed.UpdatedAt, Is.GreaterThan(user.UpdatedAt));
        Assert.That((await Sessions.ListActiveAsync(user.Id, Token)).Select(s => s.Id), Is.EqualTo([kept.Id]));
        Assert.That(await Sessions.FindActiveAsync(other, Token), Is.Null);
        Assert.That(await ResetTokens.FindUsableAsync(reset, Token), Is.Null, "it was sent to the old address");
        Assert.That((await RedeemAsync(user.Id, verify)).Outcome, Is.EqualTo(EmailRedeemOutcome.AddressChanged));
        Assert.That((await Identities.FindCredentialsAsync(email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
        Assert.That(await Identities.FindCredentialsAsync(user.Email, Token), Is.Null);
        Assert.That(await Projects.FindAsync(project.Id, user.Id, Token), Is.Not.Null);
        Assert.That(
            (await Identities.RegisterAsync(new NewAccount { Name = "Ada", Email = user.Email, Password = Password }, Token)).Outcome,
            Is.EqualTo(RegistrationOutcome.Created), "the old address is free");
    }

    [Test]
    public async Task A_token_that_is_unknown_expired_replaced_or_of_another_user_changes_nothing()
    {
        var (user, stranger) = (await AddUserAsync(), await AddUserAsync());
        var first = (await EmailTokens.IssueAsync(user.Id, TimeSpan.FromMinutes(5), Token)).Token!;
        Clock.Advance(TimeSpan.FromMinutes(2));
        var second = (await EmailTokens.IssueAsync(user.Id, TimeSpan.FromMinutes(1), Token)).Token!;

        Assert.That(await RedeemAsync(user.Id, EmailToken.New()), Is.EqualTo(new EmailRedeemResult(EmailRedeemOutcome.Unknown, null)));
        Assert.That(await RedeemAsync(stranger.Id, second), Is.EqualTo(new EmailRedeemResult(EmailRedeemOutcome.Unknown, null)));
        Assert.That(
            await RedeemAsync(Guid.NewGuid(), second), Is.EqualTo(new EmailRedeemResult(EmailRedeemOutcome.UserNotFound, null)));
        Assert.That((await RedeemAsync(user.Id, first)).Outcome, Is.EqualTo(EmailRedeemOutcome.Superseded));
        Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.That((await RedeemAsync(user.Id, second)).Outcome, Is.EqualTo(EmailRedeemOutcome.Expired));
        Assert.That((await Users.FindAsync(user.Id, Token))!, Is.EqualTo(user));
    }

    [Test]
    public async Task A_request_is_refused_soon_after_another_one_and_without_a_fresh_sign_in()
    {
        var user = await AddUserAsync();
        var change = await ChangeAsync(user.Id, $"{Unique("new")}@example.com");
        var first = await EmailTokens.IssueChangeAsync(user.Id, change, Token);
        var soon = await EmailTokens.IssueChangeAsync(user.Id, change with { Email = $"{Unique("new")}@example.com" }, Token);
        var old = await EmailTokens.IssueChangeAsync(user.Id, change with { SignedInAt = change.SignedInAt.AddMinutes(-11) }, Token);
        var never = await EmailTokens.IssueChangeAsync(user.Id, change with { SignedInAt = change.SignedInAt.AddSeconds(1) }, Token);
        var same = await EmailTokens.IssueChangeAsync(user.Id, change with { Email = user.Email.ToUpperInvariant() }, Token);
        var nobody = await EmailTokens.IssueChangeAsync(Guid.NewGuid(), change, Token);

        Assert.That(
            (soon.Outcome, soon.Token, soon.Verification),
            Is.EqualTo((EmailIssueOutcome.IssuedBefore, (EmailToken?)null, first.Verification)));
        Assert.That(
            new[] { old.Outcome, never.Outcome, same.Outcome, nobody.Outcome },
            Is.EqualTo(new[]
            {
                EmailIssueOutcome.SignInTooOld, EmailIssueOutcome.SignInTooOld, EmailIssueOutcome.NothingToDo,
                EmailIssueOutcome.UserNotFound,
            }));
        Assert.That(
            (await EmailTokens.IssueAsync(user.Id, TimeSpan.FromDays(7), Token)).Outcome, Is.EqualTo(EmailIssueOutcome.Issued),
            "the two kinds do not wait for each other");

        await Sessions.RevokeAllAsync(user.Id, null, Token);
        Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.That(
            (await EmailTokens.IssueChangeAsync(user.Id, change, Token)).Outcome, Is.EqualTo(EmailIssueOutcome.SignInTooOld),
            "the sign-in has ended");
        Assert.That((await RedeemAsync(user.Id, first.Token!)).Outcome, Is.EqualTo(EmailRedeemOutcome.Redeemed), "it was not replaced");
    }

    [Test]
    public async Task A_newer_change_and_a_changed_address_end_the_earlier_ones()
    {
        var user = await AddUserAsync();
        var first = (await IssueChangeAsync(user.Id)).Token!;
        Clock.Advance(TimeSpan.FromMinutes(2));
        var second = await IssueChangeAsync(user.Id);
        Assert.That((await RedeemAsync(user.Id, first)).Outcome, Is.EqualTo(EmailRedeemOutcome.Superseded));

        await ExecuteAsync("UPDATE users SET email = $1 WHERE id = $2", $"{Unique("elsewhere")}@example.com", user.Id);
        var refused = await RedeemAsync(user.Id, second.Token!);

        Assert.That(
            (refused.Outcome, refused.Verification!.Email), Is.EqualTo((EmailRedeemOutcome.AddressChanged, second.Verification!.Email)));
    }

    [TestCase("password")]
    [TestCase("reset")]
    [TestCase("provider")]
    public async Task Another_password_or_proof_ends_the_tokens_of_a_thief(string means)
    {
        var user = await AddUserAsync();
        var stolen = (await IssueChangeAsync(user.Id)).Token!;
        if (means == "password")
        {
            await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        }
        else if (means == "reset")
        {
            await ResetTokens.ConsumeAsync((await ResetAsync(user.Id))!, Password, AccountLinks.None, Token);
        }
        else
        {
            var signIn = await Identities.SignInWithProviderAsync(
                new ProviderIdentity
                {
                    Provider = IdentityProvider.GitLab,
                    ProviderId = Unique("gl"),
                    Name = "Ada",
                    Email = user.Email,
                    EmailVerified = true,
                }, Token);
            Assert.That(signIn.Outcome, Is.EqualTo(ProviderSignInOutcome.TookOver));
        }

        Assert.That((await RedeemAsync(user.Id, stolen)).Outcome, Is.EqualTo(EmailRedeemOutcome.Superseded));
    }

    [Test]
    public async Task An_address_that_another_account_has_by_now_is_not_taken()
    {
        var user = await AddUserAsync();
        var issue = await IssueChangeAsync(user.Id);
        await Users.AddAsync(new NewUser { Name = "Eve", Email = issue.Verification!.Email }, Token);

        var refused = await RedeemAsync(user.Id, issue.Token!);

        Assert.That((refused.Outcome, refused.Verification!.UsedAt), Is.EqualTo((EmailRedeemOutcome.EmailTaken, (DateTimeOffset?)null)));
        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task An_address_that_is_taken_at_the_same_moment_is_told_as_taken()
    {
        var user = await AddUserAsync();
        var issue = await IssueChangeAsync(user.Id);
        Task<EmailRedeemResult> late = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Eve", Email = issue.Verification!.Email }, ct);
            late = RedeemAsync(user.Id, issue.Token!);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await late).Outcome, Is.EqualTo(EmailRedeemOutcome.EmailTaken));
        Assert.That(await Users.FindAsync(user.Id, Token), Is.EqualTo(user));
    }

    [Test]
    public async Task In_a_unit_of_work_an_address_that_is_taken_at_the_same_moment_is_an_exception()
    {
        var user = await AddUserAsync();
        var issue = await IssueChangeAsync(user.Id);
        Task late = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IUserRepository>().AddAsync(new NewUser { Name = "Eve", Email = issue.Verification!.Email }, ct);
            late = UnitOfWork.RunAsync(
                (own, token) => own.Get<IEmailVerificationTokenRepository>().RedeemAsync(user.Id, issue.Token!, null, token), Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(() => late, Throws.TypeOf<DuplicateException>());
    }

    [Test]
    public async Task A_token_used_twice_at_once_is_used_once()
    {
        var user = await AddUserAsync();
        var token = (await IssueChangeAsync(user.Id)).Token!;
        Task<EmailRedeemResult> second = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var first = await tx.Get<IEmailVerificationTokenRepository>().RedeemAsync(user.Id, token, null, ct);
            Assert.That(first.Outcome, Is.EqualTo(EmailRedeemOutcome.Redeemed));
            second = RedeemAsync(user.Id, token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await second).Outcome, Is.EqualTo(EmailRedeemOutcome.AlreadyUsed));
    }

    [Test]
    public async Task A_session_that_is_being_added_ends_with_the_others()
    {
        var user = await AddUserAsync();
        var token = (await IssueChangeAsync(user.Id)).Token!;
        Task<EmailRedeemResult> redeem = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, ct);
            redeem = RedeemAsync(user.Id, token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await redeem).Outcome, Is.EqualTo(EmailRedeemOutcome.Redeemed));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
    }

    [Test]
    public async Task Purge_removes_used_ended_and_expired_tokens_in_bounded_batches()
    {
        await ExecuteAsync("DELETE FROM email_verification_tokens");
        var user = await AddUserAsync();
        for (var i = 0; i < 3; i++)
        {
            await EmailTokens.IssueAsync(user.Id, EmailVerification.DefaultLifetime, Token);
            Clock.Advance(TimeSpan.FromMinutes(2));
        }

        Clock.Advance(TimeSpan.FromDays(2));
        var valid = await EmailTokens.IssueAsync((await AddUserAsync()).Id, EmailVerification.DefaultLifetime, Token);
        var before = Clock.GetUtcNow() - TimeSpan.FromHours(1);

        Assert.That(await Get<IPlatformEmailVerificationTokenRepository>().PurgeAsync(before, 2, Token), Is.EqualTo(2));
        Assert.That(await Get<IPlatformEmailVerificationTokenRepository>().PurgeAsync(before, 2, Token), Is.EqualTo(1));
        Assert.That(await ScalarAsync("SELECT id FROM email_verification_tokens"), Is.EqualTo(valid.Verification!.Id));
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var user = await AddUserAsync();
        var change = await ChangeAsync(user.Id, "ada");

        Assert.That(
            () => EmailTokens.IssueAsync(user.Id, TimeSpan.Zero, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => EmailTokens.IssueAsync(user.Id, TimeSpan.FromDays(8), Token),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("lifetime"));
        Assert.That(() => EmailTokens.IssueChangeAsync(user.Id, null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => EmailTokens.IssueChangeAsync(user.Id, change, Token), Throws.ArgumentException.With.Message.Contains("change.Email"));
        Assert.That(() => EmailTokens.RedeemAsync(user.Id, null!, null, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Get<IPlatformEmailVerificationTokenRepository>().PurgeAsync(DateTimeOffset.UnixEpoch, 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(EmailToken.TryParse("nonsense", out _), Is.False);
        Assert.That(EmailToken.TryParse(EmailToken.New().Reveal(), out _), Is.True);
        Assert.That(ResetToken.TryParse(EmailToken.New().Reveal(), out var reset), Is.True, "the same form");
        Assert.That(await ResetTokens.FindUsableAsync(reset!, Token), Is.Null);
    }

    private Task<EmailRedeemResult> RedeemAsync(Guid userId, EmailToken token) => EmailTokens.RedeemAsync(userId, token, null, Token);

    private async Task<EmailChange> ChangeAsync(Guid userId, string email) =>
        new() { Email = email, SignedInAt = await SignInAsync(userId) };

    private async Task<EmailIssueResult> IssueChangeAsync(Guid userId) =>
        await EmailTokens.IssueChangeAsync(userId, await ChangeAsync(userId, $"{Unique("new")}@example.com"), Token);

    private async Task<ResetToken?> ResetAsync(Guid userId)
    {
        Clock.Advance(TimeSpan.FromMinutes(2));
        return (await ResetTokens.IssueAsync(userId, PasswordResetToken.DefaultLifetime, Token)).Token;
    }
}
