using System.Net;
using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static int attempts;

    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfSignIns => new()
    {
        ["ISignInThrottle.AcquireAsync"] = tests =>
        {
            var attempt = Attempt();
            return Task.FromResult(new Write(
                async host => await host.GetRequiredService<ISignInThrottle>().AcquireAsync(attempt, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(new SignInAttemptResult(SignInAttemptOutcome.Allowed, null)));
                    Assert.That(await CountAsync(tests, $"account\n{attempt.Email}"), Is.EqualTo(1));
                    Assert.That(await CountAsync(tests, $"address\n{PlaceOf(attempt)}"), Is.EqualTo(1));
                }));
        },
        ["ISignInThrottle.RecordSuccessAsync"] = async tests =>
        {
            var attempt = Attempt();
            await tests.Throttle.AcquireAsync(attempt, Token);
            await tests.Throttle.AcquireAsync(attempt with { Id = Guid.NewGuid(), Email = $"{Unique("other")}@example.com" }, Token);
            return new Write(
                async host =>
                {
                    await host.GetRequiredService<ISignInThrottle>().RecordSuccessAsync(attempt, Token);
                    return null;
                },
                async (_, _) =>
                {
                    Assert.That(await CountAsync(tests, $"account\n{attempt.Email}"), Is.Zero);
                    Assert.That(await CountAsync(tests, $"place\n{attempt.Email}\n{PlaceOf(attempt)}"), Is.Zero);
                    Assert.That(await CountAsync(tests, $"address\n{PlaceOf(attempt)}"), Is.EqualTo(1), "that of the other account");
                });
        },
    };

    private static SignInAttempt Attempt() => new()
    {
        Id = Guid.NewGuid(),
        Email = $"{Unique("try")}@example.com",
        Address = new IPAddress([10, 7, (byte)(++attempts >> 8), (byte)attempts]),
    };

    private static string PlaceOf(SignInAttempt attempt) => Convert.ToHexStringLower(attempt.Address.GetAddressBytes());

    private static async Task<int> CountAsync(LostAnswerTests tests, string subject) => (int)(await tests.ScalarAsync(
        "SELECT coalesce(sum(attempts), 0)::int FROM sign_in_attempts WHERE subject_hash = encode(sha256(convert_to($1, 'UTF8')), 'hex')",
        subject))!;
}
