using AutoStack.Data.Accounts;
using AutoStack.Data.Projects;
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
        ["EnsureProject"] = ("INSERT 0 1", (from, id) =>
            from.GetRequiredService<IProjectRepository>().EnsureAsync(Project(id), new ProjectPatch(), Token)),
    };

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

    private static IEnumerable<string> Names() => Writes.Keys;

    private static NewProject Project(Guid userId) => new() { UserId = userId, Name = "Site", Repository = "ada/lost" };
}
