using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Accounts;

/// <summary>
/// What came out of one sign-in ends together, also while it is being exchanged, and its used tokens stay known as long as it lives.
/// </summary>
public sealed class SessionFamilyTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task Signing_out_with_a_rotated_token_revokes_its_successors()
    {
        var (stolen, user, _) = await SignInAsync();
        var thiefs = (await RotateAsync(stolen)).Token!;

        Assert.That(await Sessions.RevokeAsync(stolen, Token), Is.True);

        Assert.That(await Sessions.FindActiveAsync(thiefs, Token), Is.Null);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions WHERE user_id = $1", user.Id), Is.Zero);
        Assert.That(await Sessions.RevokeAsync(stolen, Token), Is.False);
    }

    [Test]
    public async Task Signing_out_keeps_other_sign_ins()
    {
        var (token, user, _) = await SignInAsync();
        var (other, _, _) = await SignInAsync(user);
        var (strangers, _, _) = await SignInAsync();

        Assert.That(await Sessions.RevokeAsync(token, Token), Is.True);

        Assert.That(await Sessions.FindActiveAsync(other, Token), Is.Not.Null);
        Assert.That(await Sessions.FindActiveAsync(strangers, Token), Is.Not.Null);
    }

    [Test]
    public async Task Signing_out_during_a_rotation_revokes_both_sessions()
    {
        var (token, _, _) = await SignInAsync();
        var (logout, next) = await WhileRotatedAsync(token, () => Sessions.RevokeAsync(token, Token));

        Assert.That(logout, Is.True);
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Null);
    }

    [Test]
    public async Task Revoking_all_during_a_rotation_revokes_both_sessions()
    {
        var (token, user, _) = await SignInAsync();
        var (ended, next) = await WhileRotatedAsync(token, () => Sessions.RevokeAllAsync(user.Id, null, Token));

        Assert.That(ended, Is.EqualTo(2));
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Null);
    }

    [Test]
    public async Task Ending_a_users_sessions_ends_one_that_is_being_added()
    {
        var user = await AddUserAsync();
        foreach (var end in new Func<ResetToken, Task>[]
        {
            _ => Identities.ChangePasswordAsync(user.Id, null, Password, null, Token),
            _ => Sessions.RevokeAllAsync(user.Id, null, Token),
            reset => ResetTokens.ConsumeAsync(reset, Password, AccountLinks.None, Token),
        })
        {
            Clock.Advance(TimeSpan.FromMinutes(2));
            var reset = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
            SessionToken token = null!;
            Task ended = null!;
            await UnitOfWork.RunAsync(async (tx, ct) =>
            {
                token = (await tx.Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, ct)).Token;
                ended = end(reset);
                await Task.WhenAny(ended, UntilSomeoneWaitsAsync());
            }, Token);
            await ended;

            Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Null);
        }
    }

    [Test]
    public async Task A_verified_session_is_added_only_while_its_hash_is_stored()
    {
        var user = await AddUserAsync();
        var newer = PasswordHash.From("$2b$12$newer");
        var request = new NewSession { Id = Guid.CreateVersion7(), UserId = user.Id, Client = ClientKey.New() };
        var superseded = new SessionIssueResult(SessionIssueOutcome.Superseded, null);
        Assert.That(await Sessions.AddVerifiedAsync(request, Password, Token), Is.EqualTo(superseded), "there is no password yet");
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);

        var session = await Sessions.AddVerifiedAsync(request, Password, Token);

        Assert.That(session.Outcome, Is.EqualTo(SessionIssueOutcome.Issued));
        var repeated = await Sessions.AddVerifiedAsync(request, Password, Token);
        Assert.That(repeated.Issued!.Token.Reveal(), Is.EqualTo(session.Issued!.Token.Reveal()), "repeated");
        await Identities.ChangePasswordAsync(user.Id, null, newer, null, Token);
        Assert.That(await Sessions.AddVerifiedAsync(request, Password, Token), Is.EqualTo(superseded));
        Assert.That(await Sessions.AddVerifiedAsync(request with { UserId = Guid.NewGuid() }, newer, Token), Is.EqualTo(superseded));
        Assert.That(() => Sessions.AddVerifiedAsync(request, null!, Token), Throws.ArgumentNullException);
    }

    [Test]
    public async Task A_verified_session_is_not_added_when_a_reset_replaces_its_hash()
    {
        var user = await AddUserAsync();
        await Identities.ChangePasswordAsync(user.Id, null, Password, null, Token);
        var reset = (await ResetTokens.IssueAsync(user.Id, PasswordResetToken.DefaultLifetime, Token)).Token!;
        Task<SessionIssueResult> session = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(reset, PasswordHash.From("$2b$12$newer"), AccountLinks.None, ct);
            session = Sessions.AddVerifiedAsync(new NewSession { UserId = user.Id }, Password, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That((await session).Outcome, Is.EqualTo(SessionIssueOutcome.Superseded));
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
    }

    [Test]
    public async Task The_excepted_session_survives_even_when_it_was_just_rotated()
    {
        var (token, user, session) = await SignInAsync();
        var (elsewhere, _, _) = await SignInAsync(user);
        var (strangers, _, stranger) = await SignInAsync();
        var next = (await RotateAsync(token)).Token!;

        await Identities.ChangePasswordAsync(user.Id, null, Password, session.Id, Token);
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Not.Null);
        Assert.That(await Sessions.FindActiveAsync(elsewhere, Token), Is.Null);

        Assert.That(await Sessions.RevokeAllAsync(user.Id, session.Id, Token), Is.Zero);
        Assert.That(await Sessions.RevokeAllAsync(user.Id, stranger.Id, Token), Is.EqualTo(2), "somebody else's is none to go on");
        Assert.That(await Sessions.FindActiveAsync(strangers, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_rotated_token_is_recognised_while_its_family_is_active()
    {
        await ExecuteAsync("DELETE FROM sessions");
        var (stolen, _, _) = await SignInAsync();
        var (gone, _, _) = await SignInAsync();
        Clock.Advance(TimeSpan.FromDays(6));
        var thiefs = (await RotateAsync(stolen)).Token!;
        await Sessions.RotateAsync(gone, null, TimeSpan.FromHours(1), Token);
        Clock.Advance(TimeSpan.FromDays(2));

        Assert.That(await PlatformSessions.PurgeExpiredAsync(1000, Token), Is.EqualTo(2), "the family that has expired");
        Assert.That((await RotateAsync(stolen)).Outcome, Is.EqualTo(RotationOutcome.Reused));
        Assert.That(await Sessions.FindActiveAsync(thiefs, Token), Is.Null);
    }

    [Test]
    public async Task A_rotation_whose_answer_is_lost_is_answered_by_its_repetition()
    {
        var (token, _, _) = await SignInAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var provider = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(proxy.ConnectionString)
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        proxy.CutAfter("INSERT 0 1");

        var rotation = await provider.GetRequiredService<ISessionRepository>().RotateAsync(token, null, NewSession.DefaultLifetime, Token);

        Assert.That(proxy.Cuts, Is.EqualTo(1));
        Assert.That(rotation.Outcome, Is.EqualTo(RotationOutcome.Rotated));
        Assert.That(await Sessions.FindActiveAsync(rotation.Token!, Token), Is.EqualTo(rotation.Next));
    }

    private Task<RotationResult> RotateAsync(SessionToken token) => Sessions.RotateAsync(token, null, NewSession.DefaultLifetime, Token);

    private async Task<(SessionToken Token, User User, Session Session)> SignInAsync(User? user = null)
    {
        user ??= await AddUserAsync();
        var (session, token) = await Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
        return (token, user, session);
    }

    // What is done waits for an exchange that has made its session and not committed.
    private async Task<(T Result, SessionToken Next)> WhileRotatedAsync<T>(SessionToken token, Func<Task<T>> work)
    {
        Task<T> started = null!;
        RotationResult rotation = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            rotation = await tx.Get<ISessionRepository>().RotateAsync(token, null, NewSession.DefaultLifetime, ct);
            started = work();
            await UntilSomeoneWaitsAsync();
        }, Token);
        return (await started, rotation.Token!);
    }
}
