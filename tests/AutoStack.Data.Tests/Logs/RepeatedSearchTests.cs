using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Logs;

/// <summary>
/// A search whose server is lost in the middle of the rows, and which is sent again to a server that lost the last of these rows: as after
/// a failover to an asynchronous standby. Nothing of the first sending is in the result.
/// </summary>
public sealed class RepeatedSearchTests : DatabaseTests
{
    [Test]
    public async Task A_search_in_one_log_that_is_sent_again_has_the_lines_of_the_second_sending_only()
    {
        await using var proxy = new HalfAnswerProxy(Database.ConnectionString);
        await using var host = await HostAsync(proxy);
        var (deployment, owner) = await LogAsync(proxy);

        var result = await host.GetRequiredService<IDeploymentLogRepository>().SearchAsync(
            deployment, owner, "needle", Cursor.Start, 100, Token);

        AssertLines(proxy, result.Items);
        Assert.That(result.LinesSearched, Is.EqualTo(10));
    }

    [Test]
    public async Task A_search_in_all_logs_that_is_sent_again_has_the_lines_of_the_second_sending_only()
    {
        await using var proxy = new HalfAnswerProxy(Database.ConnectionString);
        await using var host = await HostAsync(proxy);
        var (_, owner) = await LogAsync(proxy);

        var page = await host.GetRequiredService<IDeploymentLogSearch>().SearchAsync(
            owner, "needle", LogSearchScope.All, Cursor.Start, 100, Token);

        AssertLines(proxy, page.Items.Select(match => match.Line));
        Assert.That(page.LinesSearched, Is.EqualTo(10));
    }

    private static void AssertLines(HalfAnswerProxy proxy, IEnumerable<DeploymentLog> lines)
    {
        Assert.That(proxy.Halved, Is.EqualTo(1));
        Assert.That(
            lines.Select(line => line.Message.TrimEnd()),
            Is.EqualTo(Enumerable.Range(1, 10).Select(n => n <= 5 ? $"needle, old {n}" : $"needle, new {n}")));
    }

    // Ten lines. The first sending gets the lines 1 to 8; then the lines from 6 on are others.
    private async Task<(Guid Deployment, Guid Owner)> LogAsync(HalfAnswerProxy proxy)
    {
        var deployment = await EnqueueAsync();
        await AppendAsync("old", 1, 10);
        proxy.EndBefore("needle, old 9", async () =>
        {
            await ExecuteAsync("DELETE FROM deployment_logs WHERE deployment_id = $1 AND seq > 5", deployment.Id);
            await AppendAsync("new", 6, 5);
        });
        return (deployment.Id, deployment.UserId);

        // Longer together than what the server sends at once.
        Task AppendAsync(string name, int first, int count) => PlatformLogs.AppendAsync(
            deployment.Id,
            [
                .. Enumerable.Range(first, count).Select(
                    n => new NewDeploymentLog { Message = $"needle, {name} {n}{new string(' ', 1000)}" }),
            ],
            Token);
    }

    private static async Task<ServiceProvider> HostAsync(HalfAnswerProxy proxy)
    {
        var host = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (proxy.ConnectionString, 0))
            .BuildServiceProvider();
        // The statements that check the first connection are sent before the search.
        await host.GetRequiredService<IDeploymentLogRepository>().ListAsync(Guid.NewGuid(), Guid.NewGuid(), Cursor.Start, 1, Token);
        return host;
    }
}
