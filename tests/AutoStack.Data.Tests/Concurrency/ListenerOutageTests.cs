using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>The loss of the connection that listens is reported, and so is its return.</summary>
public sealed class ListenerOutageTests : DatabaseTests
{
    private const string Lost = "Lost the connection that listens";
    private const string Back = "Listening for notifications again.";

    private readonly RecordedLog log = new();

    [OneTimeTearDown]
    public void Dispose() => log.Dispose();

    // Notifications come without a pause, so that the connection is never idle and never probed.
    [Test]
    [CancelAfter(120_000)]
    public async Task A_connection_that_is_never_idle_reports_its_return_and_the_next_loss()
    {
        await using var host = new ServiceCollection()
            .AddLogging(logging => logging.AddProvider(log))
            .AddAutoStackData(options =>
            {
                (options.ConnectionString, options.MinPoolSize) = ($"{Database.ConnectionString};Application Name=listener", 0);
                options.LogPollInterval = TimeSpan.FromDays(1);
            })
            .BuildServiceProvider();
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await using var lines = host.GetRequiredService<IDeploymentLogFollower>()
            .FollowAsync(deployment.Id, deployment.UserId, Cursor.Start, Token).GetAsyncEnumerator(Token);
        var next = lines.MoveNextAsync().AsTask();

        for (var round = 1; round <= 2; round++)
        {
            while (Count(Lost) < round)
            {
                await ExecuteAsync(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                        + $"application_name = 'listener' AND query LIKE 'LISTEN {IDeploymentLogRepository.Channel}%'");
                await Task.Delay(20, Token);
            }

            while (Count(Back) < round)
            {
                await ExecuteAsync($"NOTIFY {IDeploymentLogRepository.Channel}, 'of nobody'");
                await Task.Delay(50, Token);
            }
        }

        await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "last" }], Token);
        Assert.That(await next, Is.True);
    }

    private int Count(string message) => log.Lines.Count(line => line.Contains(message, StringComparison.Ordinal));
}
