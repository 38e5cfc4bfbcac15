using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>The hosted worker while its database is away in the middle of a build.</summary>
[CancelAfter(180_000)]
public sealed class DeploymentWorkerOutageTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    // The server hangs: connections stay open and are not answered. A lease of one second expires meanwhile, and is nobody else's.
    [TestCase(3, 60)]
    [TestCase(10, 60)]
    [TestCase(3, 1)]
    public async Task A_build_survives_a_server_that_does_not_answer(int seconds, int lease)
    {
        await using var database = await TestServer.Current.CreateDatabaseAsync();
        await using var proxy = new StallingProxy(database.ConnectionString);
        var (away, back) = (new TaskCompletionSource(), new TaskCompletionSource());
        var attempts = 0;
        await using var worker = await WorkerHost.StartAsync(
            proxy.ConnectionString,
            options => (options.Lease, options.RequeueInterval) = (TimeSpan.FromSeconds(lease), TimeSpan.FromSeconds(30)),
            async (job, log, token) =>
            {
                Interlocked.Increment(ref attempts);
                await job.EnterAsync(DeploymentStatus.Building, token);
                away.SetResult();
                await back.Task.WaitAsync(token);
                await log.WriteAsync("during the outage", token);
                await job.EnterAsync(DeploymentStatus.Copying, token);
                return "https://ada.example.com/";
            }, Token);
        var deployment = await worker.EnqueueAsync(Token);
        await away.Task.WaitAsync(Token);
        proxy.Stall();
        back.SetResult();
        await Task.Delay(TimeSpan.FromSeconds(seconds), Token);
        proxy.Continue();

        var ended = await worker.UntilEndedAsync(deployment, Token);
        Assert.That((ended.Status, ended.DeployedUrl), Is.EqualTo((DeploymentStatus.Success, "https://ada.example.com/")));
        Assert.That(await worker.LogAsync(ended, Token), Is.EqualTo(new[] { "during the outage" }));
        Assert.That(attempts, Is.EqualTo(1));
    }

    // Connections are cut and refused, from the middle of the build.
    [TestCase(3)]
    [TestCase(10)]
    public async Task A_build_survives_a_server_that_is_away(int seconds)
    {
        await using var database = await TestServer.Current.CreateDatabaseAsync();
        await using var proxy = new CuttingProxy(database.ConnectionString) { RefuseAfterCut = true };
        var away = new TaskCompletionSource();
        var attempts = 0;
        await using var worker = await WorkerHost.StartAsync(
            proxy.ConnectionString,
            options => options.Concurrency = 2,
            async (job, log, token) =>
            {
                Interlocked.Increment(ref attempts);
                await job.EnterAsync(DeploymentStatus.Building, token);
                await log.WriteAsync("before", token);
                proxy.CutAnswer(1);
                while (!proxy.Refuse)
                {
                    await Task.Delay(10, token);
                }

                away.SetResult();
                await job.EnterAsync(DeploymentStatus.Copying, token);
                return null;
            }, Token);
        var deployment = await worker.EnqueueAsync(Token);
        await away.Task.WaitAsync(Token);
        await Task.Delay(TimeSpan.FromSeconds(seconds), Token);
        proxy.Refuse = false;

        Assert.That((await worker.UntilEndedAsync(deployment, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
        Assert.That(attempts, Is.EqualTo(1));
    }

    [Test]
    public async Task A_restart_of_the_server_in_the_middle_of_a_build_fails_nothing()
    {
        await using var server = await RestartingServer.StartAsync(Token);
        var building = new TaskCompletionSource();
        var restarted = new TaskCompletionSource();
        await using var worker = await WorkerHost.StartAsync(
            server.ConnectionString,
            _ => { },
            async (job, log, token) =>
            {
                await job.EnterAsync(DeploymentStatus.Building, token);
                building.TrySetResult();
                await restarted.Task.WaitAsync(token);
                await log.WriteAsync("after", token);
                return null;
            }, Token);
        var deployment = await worker.EnqueueAsync(Token);
        await building.Task.WaitAsync(Token);
        await server.StopAsync(Token);
        restarted.SetResult();

        Assert.That((await worker.UntilEndedAsync(deployment, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
        var next = await worker.EnqueueAsync(Token);
        Assert.That((await worker.UntilEndedAsync(next, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
    }
}
