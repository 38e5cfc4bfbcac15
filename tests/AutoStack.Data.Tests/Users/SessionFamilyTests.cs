using AutoStack.Data.Security;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Users;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Users;

/// <summary>What came out of one sign-in ends together, also while it is being exchanged, and its used tokens stay known as long as it lives.</summary>
public sealed class SessionFamilyTests : DatabaseTests
{
    private static readonly PasswordHash Password = PasswordHash.From("$2b$12$cs3U/3iu7exNUuHi6mDOQu1mnlIPb9CUUNPkRRGH3zp.1oEJCn9dm");

    [Test]
    public async Task A_log_out_with_a_used_token_ends_what_came_out_of_it()
    {
        var (stolen, user, _) = await SignInAsync();
        var thiefs = SessionToken.New();
        Assert.That((await RotateAsync(stolen, thiefs)).Outcome, Is.EqualTo(RotationOutcome.Rotated));

        Assert.That(await Sessions.RevokeAsync(stolen, Token), Is.True);

        Assert.That(await Sessions.FindActiveAsync(thiefs, Token), Is.Null);
        Assert.That(await ScalarAsync("SELECT count(*) FROM sessions WHERE user_id = $1", user.Id), Is.Zero);
        Assert.That(await Sessions.RevokeAsync(stolen, Token), Is.False);
    }

    [Test]
    public async Task A_log_out_leaves_other_sign_ins_alone()
    {
        var (token, user, _) = await SignInAsync();
        var (other, _, _) = await SignInAsync(user);
        var (strangers, _, _) = await SignInAsync();

        Assert.That(await Sessions.RevokeAsync(token, Token), Is.True);

        Assert.That(await Sessions.FindActiveAsync(other, Token), Is.Not.Null);
        Assert.That(await Sessions.FindActiveAsync(strangers, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_log_out_that_meets_an_exchange_on_its_way_ends_both()
    {
        var (token, _, _) = await SignInAsync();
        var next = SessionToken.New();
        var logout = await WhileRotatedAsync(token, next, () => Sessions.RevokeAsync(token, Token));

        Assert.That(logout, Is.True);
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Null);
    }

    [Test]
    public async Task A_log_out_everywhere_that_meets_an_exchange_on_its_way_ends_both()
    {
        var (token, user, _) = await SignInAsync();
        var next = SessionToken.New();
        var ended = await WhileRotatedAsync(token, next, () => Sessions.RevokeAllAsync(user.Id, null, Token));

        Assert.That(ended, Is.EqualTo(2));
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Null);
    }

    [Test]
    public async Task What_ends_the_sessions_of_a_user_ends_one_that_is_being_made()
    {
        var user = await AddUserAsync();
        var reset = ResetToken.New();
        foreach (var end in new Func<Task>[]
        {
            () => Identities.SetPasswordAsync(user.Id, Password, null, Token),
            () => Sessions.RevokeAllAsync(user.Id, null, Token),
            () => ResetTokens.ConsumeAsync(reset, Password, Token),
        })
        {
            await ResetTokens.IssueAsync(user.Id, reset, PasswordResetToken.DefaultLifetime, Token);
            var token = SessionToken.New();
            Task ended = null!;
            await UnitOfWork.RunAsync(async (tx, ct) =>
            {
                await tx.Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id, Token = token }, ct);
                ended = end();
                await Task.WhenAny(ended, UntilSomeoneWaitsAsync());
            }, Token);
            await ended;

            Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Null);
        }
    }

    [Test]
    public async Task A_session_after_a_password_is_made_only_while_it_is_the_password()
    {
        var user = await AddUserAsync();
        var newer = PasswordHash.From("$2b$12$newer");
        var request = new NewSession { Id = Guid.CreateVersion7(), UserId = user.Id, Token = SessionToken.New() };
        Assert.That(await Sessions.AddVerifiedAsync(request, Password, Token), Is.Null, "there is none yet");
        await Identities.SetPasswordAsync(user.Id, Password, null, Token);

        var session = await Sessions.AddVerifiedAsync(request, Password, Token);

        Assert.That(session, Is.Not.Null);
        Assert.That(await Sessions.AddVerifiedAsync(request, Password, Token), Is.EqualTo(session), "repeated");
        Assert.That(
            () => Sessions.AddVerifiedAsync(request with { Id = null }, Password, Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("sessions_token_key"));
        await Identities.SetPasswordAsync(user.Id, newer, null, Token);
        Assert.That(await Sessions.AddVerifiedAsync(request, Password, Token), Is.Null);
        Assert.That(await Sessions.AddVerifiedAsync(request with { UserId = Guid.NewGuid() }, newer, Token), Is.Null);
        Assert.That(() => Sessions.AddVerifiedAsync(request, null!, Token), Throws.ArgumentNullException);
    }

    [Test]
    public async Task A_session_after_a_password_that_a_reset_replaces_at_this_moment_is_not_made()
    {
        var user = await AddUserAsync();
        await Identities.SetPasswordAsync(user.Id, Password, null, Token);
        var reset = ResetToken.New();
        await ResetTokens.IssueAsync(user.Id, reset, PasswordResetToken.DefaultLifetime, Token);
        Task<Session?> session = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<IPasswordResetTokenRepository>().ConsumeAsync(reset, PasswordHash.From("$2b$12$newer"), ct);
            session = Sessions.AddVerifiedAsync(new NewSession { UserId = user.Id, Token = SessionToken.New() }, Password, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await session, Is.Null);
        Assert.That(await Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
    }

    [Test]
    public async Task The_session_that_goes_on_does_so_also_when_it_was_just_exchanged()
    {
        var (token, user, session) = await SignInAsync();
        var (elsewhere, _, _) = await SignInAsync(user);
        var (strangers, _, stranger) = await SignInAsync();
        var next = SessionToken.New();
        await RotateAsync(token, next);

        await Identities.SetPasswordAsync(user.Id, Password, session.Id, Token);
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.Not.Null);
        Assert.That(await Sessions.FindActiveAsync(elsewhere, Token), Is.Null);

        Assert.That(await Sessions.RevokeAllAsync(user.Id, session.Id, Token), Is.Zero);
        Assert.That(await Sessions.RevokeAllAsync(user.Id, stranger.Id, Token), Is.EqualTo(2), "somebody else's is none to go on");
        Assert.That(await Sessions.FindActiveAsync(strangers, Token), Is.Not.Null);
    }

    [Test]
    public async Task A_used_token_is_known_as_long_as_its_family_lives()
    {
        await ExecuteAsync("DELETE FROM sessions");
        var (stolen, _, _) = await SignInAsync();
        var (gone, _, _) = await SignInAsync();
        Clock.Advance(TimeSpan.FromDays(6));
        var thiefs = SessionToken.New();
        await RotateAsync(stolen, thiefs);
        await Sessions.RotateAsync(gone, SessionToken.New(), TimeSpan.FromHours(1), Token);
        Clock.Advance(TimeSpan.FromDays(2));

        Assert.That(await Sessions.PurgeExpiredAsync(1000, Token), Is.EqualTo(2), "the family that has expired");
        Assert.That((await RotateAsync(stolen, SessionToken.New())).Outcome, Is.EqualTo(RotationOutcome.Reused));
        Assert.That(await Sessions.FindActiveAsync(thiefs, Token), Is.Null);
    }

    [Test]
    public async Task An_exchange_whose_answer_is_lost_is_answered_by_the_repetition()
    {
        var (token, _, _) = await SignInAsync();
        var next = SessionToken.New();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var provider = new ServiceCollection().AddSingleton<TimeProvider>(Clock).AddAutoStackData(proxy.ConnectionString).AddAutoStackDataWorkers().BuildServiceProvider();
        proxy.CutAfter("INSERT 0 1");

        var rotation = await provider.GetRequiredService<ISessionRepository>().RotateAsync(token, next, NewSession.DefaultLifetime, Token);

        Assert.That(proxy.Cuts, Is.EqualTo(1));
        Assert.That(rotation.Outcome, Is.EqualTo(RotationOutcome.Rotated));
        Assert.That(await Sessions.FindActiveAsync(next, Token), Is.EqualTo(rotation.Next));
    }

    [Test]
    public async Task The_same_exchange_again_is_answered_alike_while_its_next_token_is_in_use()
    {
        var (token, _, _) = await SignInAsync();
        var next = SessionToken.New();
        var first = await RotateAsync(token, next);
        Clock.Advance(Rotation.Grace + TimeSpan.FromSeconds(1));

        Assert.That(await RotateAsync(token, next), Is.EqualTo(first));
        var (strangers, _, _) = await SignInAsync();
        await RotateAsync(strangers, SessionToken.New());
        Assert.That((await RotateAsync(strangers, next)).Outcome, Is.EqualTo(RotationOutcome.RotatedByAnother), "the next token of somebody else");

        await RotateAsync(next, SessionToken.New());
        Assert.That((await RotateAsync(token, next)).Outcome, Is.EqualTo(RotationOutcome.Reused));
    }

    [Test]
    public async Task Add_repeated_with_the_same_id_and_another_token_is_refused()
    {
        var (token, user, _) = await SignInAsync();
        var request = new NewSession { Id = Guid.CreateVersion7(), UserId = user.Id, Token = SessionToken.New() };
        await Sessions.AddAsync(request, Token);

        Assert.That(
            () => Sessions.AddAsync(request with { Token = SessionToken.New() }, Token),
            Throws.TypeOf<DuplicateException>().With.Property("Constraint").EqualTo("sessions_pkey"));
        await RotateAsync(request.Token, SessionToken.New());
        Assert.That(() => Sessions.AddAsync(request, Token), Throws.TypeOf<DuplicateException>(), "its token is not valid any more");
        Assert.That(await Sessions.FindActiveAsync(token, Token), Is.Not.Null);
    }

    private Task<Rotation> RotateAsync(SessionToken token, SessionToken next) => Sessions.RotateAsync(token, next, NewSession.DefaultLifetime, Token);

    private async Task<(SessionToken Token, User User, Session Session)> SignInAsync(User? user = null)
    {
        user ??= await AddUserAsync();
        var token = SessionToken.New();
        return (token, user, await Sessions.AddAsync(new NewSession { UserId = user.Id, Token = token }, Token));
    }

    // What is done waits for an exchange that has made its session and not committed.
    private async Task<T> WhileRotatedAsync<T>(SessionToken token, SessionToken next, Func<Task<T>> work)
    {
        Task<T> started = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            await tx.Get<ISessionRepository>().RotateAsync(token, next, NewSession.DefaultLifetime, ct);
            started = work();
            await UntilSomeoneWaitsAsync();
        }, Token);
        return await started;
    }
}
