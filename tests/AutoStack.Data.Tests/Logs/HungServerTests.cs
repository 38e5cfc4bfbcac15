using System.Diagnostics;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Logs;

/// <summary>The writer's times hold on a server that does not answer. The driver alone needs a minute and more.</summary>
[CancelAfter(180_000)]
public sealed class HungServerTests : DatabaseTests
{
    private static readonly TimeSpan DriversTime = TimeSpan.FromSeconds(20);

    [Test]
    public async Task FailAfter_is_reported_while_an_attempt_hangs()
    {
        await using var proxy = new StallingProxy(Database.ConnectionString);
        await using var host = NewHost(proxy, o => (o.FailAfter, o.DrainTimeout) = (TimeSpan.FromSeconds(2), TimeSpan.Zero));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "1" }, Token);
        await writer.FlushAsync(Token);
        proxy.StallAnswers();
        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "2" }, Token);
        var watch = Stopwatch.StartNew();

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => writer.FlushAsync(Token))!;

        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
        Assert.That((failure.IsTransient, failure.OutcomeUnknown), Is.EqualTo((true, true)));
        proxy.Continue();
        await FlushWhenBackAsync(writer);
        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "3" }, Token);
        await writer.FlushAsync(Token);
        Assert.That(await MessagesAsync(deployment), Is.EqualTo(new[] { "1", "2", "3" }));
    }

    // Callers get the failure until the writer has seen that the attempt succeeded.
    private static async Task FlushWhenBackAsync(IDeploymentLogWriter writer)
    {
        while (true)
        {
            try
            {
                await writer.FlushAsync(Token);
                return;
            }
            catch (DatabaseUnavailableException)
            {
                await Task.Delay(20, Token);
            }
        }
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Disposal_ends_while_everything_hangs(bool isOnlyAnswers)
    {
        await using var proxy = new StallingProxy(Database.ConnectionString);
        var host = NewHost(proxy, o => o.DrainTimeout = TimeSpan.FromSeconds(1));
        var deployment = await EnqueueAsync();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "1" }, Token);
        await writer.FlushAsync(Token);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Token);
        await using var lines = host.GetRequiredService<IDeploymentLogFollower>()
            .FollowAsync(deployment.Id, deployment.UserId, Cursor.Start, end.Token).GetAsyncEnumerator(end.Token);
        await using var turns = host.GetRequiredService<IDeploymentQueueWatcher>()
            .WatchAsync(TimeSpan.FromSeconds(1), end.Token).GetAsyncEnumerator(end.Token);
        Assert.That((await lines.MoveNextAsync(), await turns.MoveNextAsync()), Is.EqualTo((true, true)));
        await UntilListeningAsync();
        var (line, turn) = (lines.MoveNextAsync().AsTask(), turns.MoveNextAsync().AsTask());
        if (isOnlyAnswers)
        {
            proxy.StallAnswers();
        }
        else
        {
            proxy.Stall();
        }

        for (var i = 0; i < 1000; i++)
        {
            await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "lost" }, Token);
        }

        var flush = writer.FlushAsync(Token);
        var watch = Stopwatch.StartNew();
        await host.DisposeAsync();

        TestContext.Out.WriteLine($"{watch.Elapsed.TotalSeconds:0.000} s");
        Assert.That(watch.Elapsed, Is.LessThan(DriversTime));
        Assert.That(() => flush, Throws.TypeOf<ObjectDisposedException>());
        await end.CancelAsync();
        Assert.That(() => line, Throws.InstanceOf<Exception>());
        await ((Task)turn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        proxy.Continue();
    }

    private async Task UntilListeningAsync()
    {
        while ((long)(await ScalarAsync(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND state = 'idle' AND query LIKE '%LISTEN autostack%'
            """))! == 0)
        {
            await Task.Delay(10, Token);
        }
    }

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment) =>
        (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(line => line.Message);

    private static ServiceProvider NewHost(StallingProxy proxy, Action<LogWriterOptions> configure) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = proxy.ConnectionString;
            options.MinPoolSize = 0;
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
            configure(options.LogWriter);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
