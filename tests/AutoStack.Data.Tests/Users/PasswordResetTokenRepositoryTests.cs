using AutoStack.Data.Security;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Users;

namespace AutoStack.Data.Tests.Users;

public sealed class PasswordResetTokenRepositoryTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task A_token_is_used_once_and_sets_the_password_and_ends_every_session()
    {
        var user = await AddUserAsync();
        await Sessions.AddAsync(new NewSession { UserId = user.Id, Token = SessionToken.New() }, Token);
        var token = ResetToken.New();
        var reset = (await ResetTokens.IssueAsync(user.Id, token, PasswordResetToken.DefaultLifetime, Token))!;

        Assert.That(reset.ExpiresAt - reset.CreatedAt, Is.EqualTo(TimeSpan.FromHours(1)));
        Assert.That(await ResetTokens.FindUsableAsync(token, Token), Is.EqualTo(reset));
        Assert.That(await ResetTokens.ConsumeAsync(token, Password, Token), Is.EqualTo(user.Id));
        Assert.That(await ResetTokens.ConsumeAsync(token, Password, Token), Is.Null);

        Assert.That(await ResetTokens.FindUsableAsync(token, Token), Is.Null);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
        Assert.That(await ScalarAsync("SELECT token_hash FROM password_reset_tokens WHERE id = $1", reset.Id), Does.Match("^[0-9a-f]{64}$"));
    }

    [Test]
    public async Task A_token_that_is_wrong_or_expired_changes_nothing()
    {
        var user = await AddUserAsync();
        var session = await Sessions.AddAsync(new NewSession { UserId = user.Id, Token = SessionToken.New() }, Token);
        var token = ResetToken.New();
        await ResetTokens.IssueAsync(user.Id, token, TimeSpan.FromMinutes(1), Token);

        Assert.That(await ResetTokens.ConsumeAsync(ResetToken.New(), Password, Token), Is.Null);
        Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.That(await ResetTokens.ConsumeAsync(token, Password, Token), Is.Null);

        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password, Is.Null);
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.EqualTo([session]));
    }

    [Test]
    public async Task A_new_token_ends_the_one_before()
    {
        var user = await AddUserAsync();
        var (first, second) = (ResetToken.New(), ResetToken.New());

        await ResetTokens.IssueAsync(user.Id, first, PasswordResetToken.DefaultLifetime, Token);
        await ResetTokens.IssueAsync(user.Id, second, PasswordResetToken.DefaultLifetime, Token);

        Assert.That(await ResetTokens.FindUsableAsync(first, Token), Is.Null);
        Assert.That(await ResetTokens.FindUsableAsync(second, Token), Is.Not.Null);
    }

    [Test]
    public async Task Of_tokens_issued_at_once_one_is_valid()
    {
        var user = await AddUserAsync();
        Task<PasswordResetToken?>[] others = [];
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPasswordResetTokenRepository>().IssueAsync(user.Id, ResetToken.New(), PasswordResetToken.DefaultLifetime, ct);
            others = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => ResetTokens.IssueAsync(user.Id, ResetToken.New(), PasswordResetToken.DefaultLifetime, Token)))];
            await UntilSomeoneWaitsAsync(4);
        }, Token);
        await Task.WhenAll(others);

        Assert.That(await ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE user_id = $1 AND used_at IS NULL", user.Id), Is.EqualTo(1));
    }

    [Test]
    public async Task A_token_used_twice_at_once_is_used_once()
    {
        var user = await AddUserAsync();
        var token = ResetToken.New();
        await ResetTokens.IssueAsync(user.Id, token, PasswordResetToken.DefaultLifetime, Token);
        Task<Guid?> second = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            Assert.That(await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(token, Password, ct), Is.EqualTo(user.Id));
            second = ResetTokens.ConsumeAsync(token, PasswordHash.From("other"), Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await second, Is.Null);
        Assert.That((await Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(), Is.EqualTo(Password.Reveal()));
    }

    [Test]
    public async Task A_session_that_is_being_rotated_ends_with_the_others()
    {
        var user = await AddUserAsync();
        var stolen = SessionToken.New();
        await Sessions.AddAsync(new NewSession { UserId = user.Id, Token = stolen }, Token);
        var token = ResetToken.New();
        await ResetTokens.IssueAsync(user.Id, token, PasswordResetToken.DefaultLifetime, Token);
        Task<Guid?> consume = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<ISessionRepository>().RotateAsync(stolen, SessionToken.New(), NewSession.DefaultLifetime, ct);
            consume = ResetTokens.ConsumeAsync(token, Password, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await consume, Is.EqualTo(user.Id));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
    }

    [Test]
    public async Task Purge_removes_what_was_used_or_has_expired_in_bounded_batches()
    {
        await ExecuteAsync("DELETE FROM password_reset_tokens");
        var user = await AddUserAsync();
        for (var i = 0; i < 3; i++)
        {
            await ResetTokens.IssueAsync(user.Id, ResetToken.New(), PasswordResetToken.DefaultLifetime, Token);
        }

        Clock.Advance(TimeSpan.FromDays(1));
        var valid = ResetToken.New();
        await ResetTokens.IssueAsync((await AddUserAsync()).Id, valid, PasswordResetToken.DefaultLifetime, Token);
        var before = Clock.GetUtcNow() - TimeSpan.FromHours(1);

        Assert.That(await ResetTokens.PurgeAsync(before, 2, Token), Is.EqualTo(2));
        Assert.That(await ResetTokens.PurgeAsync(before, 2, Token), Is.EqualTo(1));
        Assert.That(await ResetTokens.FindUsableAsync(valid, Token), Is.Not.Null);
    }

    [Test]
    public async Task What_is_wrong_is_named()
    {
        var user = await AddUserAsync();

        Assert.That(await ResetTokens.IssueAsync(Guid.NewGuid(), ResetToken.New(), PasswordResetToken.DefaultLifetime, Token), Is.Null);
        Assert.That(() => ResetTokens.IssueAsync(user.Id, null!, PasswordResetToken.DefaultLifetime, Token), Throws.ArgumentNullException);
        Assert.That(() => ResetTokens.IssueAsync(user.Id, ResetToken.New(), TimeSpan.Zero, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResetTokens.IssueAsync(user.Id, ResetToken.New(), TimeSpan.FromDays(2), Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResetTokens.ConsumeAsync(null!, Password, Token), Throws.ArgumentNullException);
        Assert.That(() => ResetTokens.ConsumeAsync(ResetToken.New(), null!, Token), Throws.ArgumentNullException);
        Assert.That(() => ResetTokens.FindUsableAsync(null!, Token), Throws.ArgumentNullException);
        Assert.That(() => ResetTokens.PurgeAsync(DateTimeOffset.UnixEpoch, 0, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(ResetToken.TryParse("nonsense", out _), Is.False);
        Assert.That(ResetToken.TryParse(null, out _), Is.False);
    }
}
