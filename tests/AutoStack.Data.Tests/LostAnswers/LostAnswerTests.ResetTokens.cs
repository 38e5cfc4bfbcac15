using AutoStack.Data.Accounts;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.LostAnswers;

public sealed partial class LostAnswerTests
{
    private static Dictionary<string, Func<LostAnswerTests, Task<Write>>> OfResetTokens => new()
    {
        ["IPasswordResetTokenRepository.IssueAsync"] = async tests =>
        {
            var user = await tests.AddUserAsync();
            return new Write(
                async host => await host.GetRequiredService<IPasswordResetTokenRepository>().IssueAsync(user.Id, Hour, Token),
                async (result, told) =>
                {
                    var issue = (ResetIssueResult)result!;
                    if (told == Told.AgainByTheCaller)
                    {
                        Assert.That((issue.Outcome, issue.Token), Is.EqualTo((ResetIssueOutcome.IssuedBefore, (ResetToken?)null)));
                    }
                    else
                    {
                        Assert.That((issue.Outcome, issue.PreviousIssuedAt), Is.EqualTo((ResetIssueOutcome.Issued, (DateTimeOffset?)null)));
                        Assert.That(await tests.ResetTokens.FindUsableAsync(issue.Token!, Token), Is.EqualTo(issue.Reset));
                    }

                    Assert.That(
                        await tests.ScalarAsync("SELECT count(*) FROM password_reset_tokens WHERE user_id = $1", user.Id), Is.EqualTo(1));
                });
        },
        ["IPasswordResetTokenRepository.ConsumeAsync"] = async tests =>
        {
            var user = await RegisteredAsync(tests);
            await tests.Sessions.AddAsync(new NewSession { UserId = user.Id }, Token);
            var token = (await tests.ResetTokens.IssueAsync(user.Id, Hour, Token)).Token!;
            var password = PasswordHash.From(Unique("$2b$12$new"));
            return new Write(
                async host => await host.GetRequiredService<IPasswordResetTokenRepository>()
                    .ConsumeAsync(token, password, AccountLinks.None, Token),
                async (result, _) =>
                {
                    Assert.That(result, Is.EqualTo(user.Id));
                    Assert.That(
                        (await tests.Identities.FindCredentialsAsync(user.Email, Token))!.Password!.Reveal(),
                        Is.EqualTo(password.Reveal()));
                    Assert.That(await tests.Sessions.ListActiveAsync(user.Id, Token), Is.Empty);
                    Assert.That(await tests.ResetTokens.FindUsableAsync(token, Token), Is.Null);
                });
        },
    };
}
