using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfEmailTokens => new()
    {
        ["IEmailVerificationTokenRepository.IssueAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            return Issue(
                tests, user.Id, async host => await host.GetRequiredService<IEmailVerificationTokenRepository>()
                    .IssueAsync(user.Id, Hour, Token));
        },
        ["IEmailVerificationTokenRepository.IssueChangeAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            var change = new EmailChange
            {
                Email = $"{Unique("lost")}@example.com",
                SignedInAt = await tests.SignInAsync(user.Id),
                Lifetime = Hour,
            };
            return Issue(
                tests, user.Id, async host => await host.GetRequiredService<IEmailVerificationTokenRepository>()
                    .IssueChangeAsync(user.Id, change, Token));
        },
        ["IEmailVerificationTokenRepository.RedeemAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            var change = new EmailChange { Email = $"{Unique("lost")}@example.com", SignedInAt = await tests.SignInAsync(user.Id) };
            var token = (await tests.EmailTokens.IssueChangeAsync(user.Id, change, Token)).Token!;
            return new Write(
                async host => await host.GetRequiredService<IEmailVerificationTokenRepository>()
                    .RedeemAsync(user.Id, token, null, Token),
                async (result, told) =>
                {
                    var redeemed = (EmailRedeemResult)result!;

                    // The first of the answers that a caller may miss precedes the change.
                    var outcomes = told == Told.AgainByTheCaller
                        ? new[] { EmailRedeemOutcome.AlreadyUsed, EmailRedeemOutcome.Redeemed }
                        : [EmailRedeemOutcome.Redeemed];
                    Assert.That(redeemed.Outcome, Is.AnyOf(outcomes.Cast<object>().ToArray()));
                    Assert.That(
                        (redeemed.Verification!.Email, redeemed.Verification.PreviousEmail), Is.EqualTo((change.Email, user.Email)));
                    Assert.That(redeemed.Verification.UsedAt, Is.Not.Null);
                    Assert.That((await tests.Users.FindAsync(user.Id, Token))!.Email, Is.EqualTo(change.Email));
                    Assert.That(await tests.Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
                });
        },
    };

    private static Write Issue(LostAnswerTests tests, Guid userId, Func<IServiceProvider, Task<object?>> call) => new(
        call,
        async (result, told) =>
        {
            var issue = (EmailIssueResult)result!;
            if (told == Told.AgainByTheCaller)
            {
                Assert.That((issue.Outcome, issue.Token), Is.EqualTo((EmailIssueOutcome.IssuedBefore, (EmailToken?)null)));
            }
            else
            {
                Assert.That(issue.Outcome, Is.EqualTo(EmailIssueOutcome.Issued));
                Assert.That(
                    (await tests.EmailTokens.RedeemAsync(userId, issue.Token!, null, Token)).Outcome,
                    Is.EqualTo(EmailRedeemOutcome.Redeemed));
            }

            Assert.That(
                await tests.ScalarAsync("SELECT count(*) FROM email_verification_tokens WHERE user_id = $1", userId), Is.EqualTo(1));
        });
}
