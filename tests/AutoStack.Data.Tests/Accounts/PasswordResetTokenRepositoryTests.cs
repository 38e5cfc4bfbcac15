using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

public sealed class PasswordResetTokenRepositoryTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task A_token_sets_the_password_once_and_ends_every_session()
    {
        var user = await AddUserAsync();
        await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        var issue = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
        var (reset, token) = (issue.Reset!, issue.Token!);

        Assert.That((issue.Outcome, issue.PreviousIssuedAt), Is.EqualTo((ResetIssueOutcome.Issued, (DateTimeOffset?)null)));

        Assert.That(reset.ExpiresAt - reset.CreatedAt, Is.EqualTo(TimeSpan.FromHours(1)));
        Assert.That(await ResetTokens.FindUsableAsync(token, Token), Is.EqualTo(reset));
        Assert.That(await ResetTokens.ConsumeAsync(token, Password, AccountLinks.None, Token), Is.EqualTo(user.Id));
        Assert.That(await ResetTokens.ConsumeAsync(token, PasswordHash.From("another"), AccountLinks.None, Token), Is.Null);

        Assert.That(await ResetTokens.FindUsableAsync(token, Token), Is.Null);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
        Assert.That(
            await ScalarAsync("SELECT token_hash FROM password_reset_tokens WHERE id = $1", reset.Id), Does.Match("^[0-9a-f]{64}$"));
    }

    [Test]
    public async Task An_unknown_or_expired_token_changes_nothing()
    {
        var user = await AddUserAsync();
        var session = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Session;
        var token = (await ResetTokens.IssueAsync(user.Id, TimeSpan.FromMinutes(1), Token)).Token!;

        Assert.That(await ResetTokens.ConsumeAsync(ResetToken.New(), Password, AccountLinks.None, Token), Is.Null);
        Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.That(await ResetTokens.ConsumeAsync(token, Password, AccountLinks.None, Token), Is.Null);

        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password, Is.Null);
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([session]));
    }

    [Test]
    public async Task A_new_token_ends_the_one_before()
    {
        var user = await AddUserAsync();

        var first = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
        Clock.Advance(TimeSpan.FromSeconds(61));
        var second = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(
            (second.Outcome, second.PreviousIssuedAt), Is.EqualTo((ResetIssueOutcome.Issued, (DateTimeOffset?)first.Reset!.CreatedAt)));
        Assert.That(await ResetTokens.FindUsableAsync(first.Token!, Token), Is.Null);
        Assert.That(await ResetTokens.FindUsableAsync(second.Token!, Token), Is.EqualTo(second.Reset));
    }

    [Test]
    public async Task A_second_request_within_a_minute_keeps_the_first_token_valid()
    {
        var user = await AddUserAsync();
        var first = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
        Clock.Advance(TimeSpan.FromSeconds(58));

        var second = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(second, Is.EqualTo(new ResetIssueResult(ResetIssueOutcome.IssuedBefore, first.Reset, null, first.Reset!.CreatedAt)));
        Assert.That(await ResetTokens.FindUsableAsync(first.Token!, Token), Is.EqualTo(first.Reset));
        Assert.That(await ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE user_id = $1", user.Id), Is.EqualTo(1));
    }

    [Test]
    public async Task A_request_after_a_used_token_issues_and_returns_the_previous_time()
    {
        var user = await AddUserAsync();
        var first = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
        await ResetTokens.ConsumeAsync(first.Token!, Password, AccountLinks.None, Token);

        var second = await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(
            (second.Outcome, second.PreviousIssuedAt), Is.EqualTo((ResetIssueOutcome.Issued, (DateTimeOffset?)first.Reset!.CreatedAt)));
    }

    [Test]
    public async Task A_row_with_a_future_time_does_not_block_a_reset()
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO password_reset_tokens (id, user_id, token_hash, expires_at, created_at)
            VALUES (gen_random_uuid(), $1, 'future', '2100-01-01', '2099-01-01')
            """,
            user.Id);

        Assert.That(
            (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Outcome,
            Is.EqualTo(ResetIssueOutcome.Issued));
    }

    [Test]
    public async Task Without_an_interval_every_request_issues_a_token()
    {
        await using var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(
                options => (options.ConnectionString, options.Accounts.ResetInterval) = (Database.ConnectionString, TimeSpan.Zero))
            .BuildServiceProvider();
        var (tokens, user) = (host.GetRequiredService<IPasswordResetTokenRepository>(), await AddUserAsync());
        var first = await tokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(
            (await tokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Outcome, Is.EqualTo(ResetIssueOutcome.Issued));
        Assert.That(await tokens.FindUsableAsync(first.Token!, Token), Is.Null);
    }

    [Test]
    public async Task Of_concurrently_issued_tokens_one_is_valid()
    {
        var user = await AddUserAsync();
        Task<ResetIssueResult>[] others = [];
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPasswordResetTokenRepository>().IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, ct);
            others = [.. Enumerable.Range(0, 4).Select(
                _ => Task.Run(() => ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)))];
            await UntilSomeoneWaitsAsync(4);
        }, Token);
        Assert.That((await Task.WhenAll(others)).Select(i => i.Outcome), Is.All.EqualTo(ResetIssueOutcome.IssuedBefore));

        Assert.That(
            await ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE user_id = $1 AND used_at IS NULL", user.Id), Is.EqualTo(1));
    }

    [Test]
    public async Task A_token_consumed_twice_concurrently_is_consumed_once()
    {
        var user = await AddUserAsync();
        var token = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        Task<Guid?> second = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(
                await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(token, Password, AccountLinks.None, ct), Is.EqualTo(user.Id));
            second = ResetTokens.ConsumeAsync(token, PasswordHash.From("other"), AccountLinks.None, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await second, Is.Null);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
    }

    [Test]
    public async Task A_session_that_is_being_rotated_ends_with_the_others()
    {
        var user = await AddUserAsync();
        var stolen = (await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token)).Token;
        var token = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        Task<Guid?> consume = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<ISessionRepository>().RotateAsync(stolen, null, NewSession.DefaultLifetime, ct);
            consume = ResetTokens.ConsumeAsync(token, Password, AccountLinks.None, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await consume, Is.EqualTo(user.Id));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
    }

    [Test]
    public async Task Purge_removes_used_and_expired_tokens_in_bounded_batches()
    {
        await ExecuteAsync("DELETE FROM password_reset_tokens");
        var user = await AddUserAsync();
        for (var i = 0; i < 3; i++)
        {
            await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token);
            Clock.Advance(TimeSpan.FromMinutes(2));
        }

        Clock.Advance(TimeSpan.FromDays(1));
        var valid = (await ResetTokens.IssueAsync((await AddUserAsync()).Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        var before = Clock.GetUtcNow() - TimeSpan.FromHours(1);

        Assert.That(await Get<IPlatformPasswordResetTokenRepository>().PurgeAsync(before, 2, Token), Is.EqualTo(2));
        Assert.That(await Get<IPlatformPasswordResetTokenRepository>().PurgeAsync(before, 2, Token), Is.EqualTo(1));
        Assert.That(await ResetTokens.FindUsableAsync(valid, Token), Is.Not.Null);
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var user = await AddUserAsync();

        Assert.That(
            await ResetTokens.IssueAsync(Guid.NewGuid(), PasswordResetToken.DefaultLifetime, Token),
            Is.EqualTo(new ResetIssueResult(ResetIssueOutcome.UserNotFound, null, null, null)));
        Assert.That(() => ResetTokens.IssueAsync(user.Id, TimeSpan.Zero, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResetTokens.IssueAsync(user.Id, TimeSpan.FromDays(2), Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResetTokens.ConsumeAsync(null!, Password, AccountLinks.None, Token), Throws.ArgumentNullException);
        Assert.That(() => ResetTokens.ConsumeAsync(ResetToken.New(), null!, AccountLinks.None, Token), Throws.ArgumentNullException);
        Assert.That(
            () => ResetTokens.ConsumeAsync(ResetToken.New(), Password, (AccountLinks)32, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResetTokens.FindLinksAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(() => ResetTokens.FindUsableAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(
            () => Get<IPlatformPasswordResetTokenRepository>().PurgeAsync(DateTimeOffset.UnixEpoch, 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(ResetToken.TryParse("nonsense", out _), Is.False);
        Assert.That(ResetToken.TryParse(null, out _), Is.False);
    }
}
