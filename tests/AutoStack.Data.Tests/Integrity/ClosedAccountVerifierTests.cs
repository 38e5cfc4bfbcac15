using AutoStack.Data.Accounts;
using AutoStack.Data.Retention;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Integrity;

public sealed class ClosedAccountVerifierTests : VerifierTests
{
    [Test]
    public async Task A_closed_account_is_no_finding_whichever_of_its_rows_are_removed()
    {
        await new LifeCycle(Services, Token).RunAsync();
        var user = await ScalarAsync<Guid>("SELECT id FROM users");
        await ExecuteAsync(
            "INSERT INTO deployment_logs (deployment_id, message) SELECT d.id, 'x' FROM deployments d, generate_series(1, 9)");
        await Services.GetRequiredService<IUserRepository>().RemoveAsync(user, Token);
        Assert.That(await FindAsync(), Is.Empty);

        var policy = new RetentionPolicy { BatchSize = 4, MaxBatches = 1 };
        while (await Services.GetRequiredService<IPlatformUserRepository>().CountClosedAsync(Token) > 0)
        {
            await Services.GetRequiredService<IRetentionService>().RunAsync(policy, null, Token);
            Assert.That(await FindAsync("log-sequence", "lease", "stage-state", "session-family", "foreign-key"), Is.Empty);
        }
    }
}
