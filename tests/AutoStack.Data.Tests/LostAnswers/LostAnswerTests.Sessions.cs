using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfSessions => new()
    {
        ["ISessionRepository.AddAsync"] = async tests =>
        {
            var session = new NewSession { Id = Guid.NewGuid(), UserId = (await tests.AddUserAsync()).Id, Client = ClientKey.New() };
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>().AddAsync(session, Token),
                (result, _) => AssertOnlySessionAsync(tests, session.UserId, (IssuedSession)result!));
        },
        ["ISessionRepository.AddVerifiedAsync"] = async tests =>
        {
            var user = await RegisteredAsync(tests);
            var session = new NewSession { Id = Guid.NewGuid(), UserId = user.Id, Client = ClientKey.New() };
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>()
                    .AddVerifiedAsync(session, PasswordHash.From("$2b$12$old"), Token),
                (result, _) => AssertOnlySessionAsync(tests, session.UserId, ((SessionIssueResult)result!).Issued!));
        },
        ["ISessionRepository.RotateAsync of a request"] = async tests =>
        {
            var (session, token) = await SignedInAsync(tests);
            var request = new RotationRequest { Presented = token };
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>().RotateAsync(request, Token),
                (result, _) => AssertRotatedAsync(tests, session.UserId, (RotationResult)result!));
        },
        ["ISessionRepository.RotateAsync with a client key"] = async tests =>
        {
            var (session, token) = await SignedInAsync(tests);
            var client = ClientKey.New();
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>().RotateAsync(token, client, Hour, Token),
                (result, _) => AssertRotatedAsync(tests, session.UserId, (RotationResult)result!));
        },
        ["ISessionRepository.RotateAsync"] = async tests =>
        {
            var (session, token) = await SignedInAsync(tests);
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>().RotateAsync(token, null, Hour, Token),
                async (result, told) =>
                {
                    if (told == Told.AgainByTheCaller)
                    {
                        Assert.That(((RotationResult)result!).Outcome, Is.EqualTo(RotationOutcome.RotatedByAnother));
                        return;
                    }

                    await AssertRotatedAsync(tests, session.UserId, (RotationResult)result!);
                });
        },
        ["ISessionRepository.RevokeAsync"] = async tests =>
        {
            var (session, token) = await SignedInAsync(tests);
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>().RevokeAsync(token, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told != Told.AgainByTheCaller));
                    Assert.That(await tests.Sessions.ListActiveAsync(session.UserId, Token), Is.Empty);
                });
        },
        ["ISessionRepository.RevokeAllAsync"] = async tests =>
        {
            var (session, _) = await SignedInAsync(tests);
            await tests.SignInAsync(session.UserId);
            return new Write(
                async host => await host.GetRequiredService<ISessionRepository>().RevokeAllAsync(session.UserId, session.Id, Token),
                async (result, told) =>
                {
                    Assert.That(result, Is.EqualTo(told == Told.Once ? 1 : 0));
                    Assert.That(await tests.Sessions.ListActiveAsync(session.UserId, Token), Is.EqualTo([session]));
                });
        },
    };

    private static async Task<IssuedSession> SignedInAsync(LostAnswerTests tests) =>
        await tests.Sessions.AddAsync(new NewSession { UserId = (await tests.AddUserAsync()).Id }, Token);

    private static async Task AssertOnlySessionAsync(LostAnswerTests tests, Guid userId, IssuedSession issued)
    {
        Assert.That((await tests.Sessions.FindActiveAsync(issued.Token, Token))!.Session, Is.EqualTo(issued.Session));
        Assert.That(await tests.Sessions.ListActiveAsync(userId, Token), Is.EqualTo([issued.Session]));
    }

    private static async Task AssertRotatedAsync(LostAnswerTests tests, Guid userId, RotationResult result)
    {
        Assert.That(result.Outcome, Is.EqualTo(RotationOutcome.Rotated));
        await AssertOnlySessionAsync(tests, userId, new IssuedSession(result.Next!.Session, result.Token!));
        Assert.That(await tests.ScalarAsync("SELECT count(*) FROM sessions WHERE user_id = $1", userId), Is.EqualTo(2));
    }
}
