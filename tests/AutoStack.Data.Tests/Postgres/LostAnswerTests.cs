using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>
/// A write that is not idempotent is not retried when its answer is lost: a retry could overwrite a later write of another caller.
/// </summary>
public sealed class LostAnswerTests : DatabaseTests
{
    private static readonly Dictionary<string, (string Tag, Func<IServiceProvider, Guid, Task> Write)> Writes = new()
    {
        ["ChangePassword"] = ("SELECT 1", (from, id) => from.GetRequiredService<IIdentityRepository>().ChangePasswordAsync(
            id, new PasswordChange { Verified = null, Password = PasswordHash.From("$2b$12$older") }, Token)),
        ["Link"] = ("UPDATE 1", LinkAsync),
        ["GitHubConnection"] = ("INSERT 0 1", (from, id) =>
            from.GetRequiredService<IGitHubConnectionRepository>().ConnectAsync(id, GitHubTokens, Token)),
        ["Preferences"] = ("INSERT 0 1", (from, id) =>
            from.GetRequiredService<IUserPreferencesRepository>().UpdateAsync(id, new UserPreferencesPatch(), Token)),
    };

    private static GitHubTokens GitHubTokens => new() { AccessToken = Secret.From("x") };

    [TestCaseSource(nameof(Names))]
    public async Task A_write_with_a_lost_answer_is_not_retried(string name)
    {
        var user = await AddUserAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = proxy.ConnectionString;
                options.SecretKeys.Add(NewKey("k1"));
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        await provider.GetRequiredService<IUserRepository>().FindAsync(user.Id, Token);
        var (tag, write) = Writes[name];
        proxy.CutAfter(tag);

        Assert.That(
            () => write(provider, user.Id), Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").EqualTo(true));
        Assert.That(proxy.Cuts, Is.EqualTo(1));
    }

    private static async Task LinkAsync(IServiceProvider from, Guid id)
    {
        var session = (await from.GetRequiredService<ISessionRepository>().AddAsync(new NewSession { UserId = id }, Token)).Session;
        var link = new ProviderLink
        {
            Provider = IdentityProvider.GitHub,
            ProviderId = Unique("gh"),
            SignedInAt = session.SignedInAt!.Value,
        };
        await from.GetRequiredService<IIdentityRepository>().LinkAsync(id, link, Token);
    }

    private static IEnumerable<string> Names() => Writes.Keys;
}
