using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>Builds that ignore their token, block their thread, or whose callbacks block or throw, on a real server.</summary>
[CancelAfter(120_000)]
public sealed class DisobedientBuildTests
{
    private readonly ManualResetEventSlim go = new();

    private TestDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync()
    {
        go.Reset();
        database = await TestServer.Current.CreateDatabaseAsync();
    }

    [TearDown]
    public async Task DropAsync()
    {
        go.Set();
        await database.DisposeAsync();
    }

    [OneTimeTearDown]
    public void Dispose() => go.Dispose();

    // An exception of a callback on the thread of a timer ends the process.
    [Test]
    public async Task A_callback_that_throws_stays_in_its_build_when_the_host_stops()
    {
        var started = new TaskCompletionSource();
        await using var worker = await StartAsync(_ => { }, async (_, _, token) =>
        {
            await using var throwing = token.Register(() => throw new InvalidOperationException("The process has ended."));
            started.SetResult();
            await Task.Delay(Timeout.Infinite, token);
            return null;
        });
        var deployment = await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await worker.StopAsync(Token);

        Assert.That(await StatusAsync(worker, deployment), Is.EqualTo(DeploymentStatus.Queued));
    }

    [Test]
    public async Task A_callback_that_blocks_keeps_no_build_from_going_back_to_the_queue()
    {
        var started = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        var obeyed = new TaskCompletionSource();
        var count = 0;
        await using var worker = await StartAsync(options => options.Concurrency = 2, async (_, _, token) =>
        {
            if (Interlocked.Increment(ref count) == 2)
            {
                _ = token.Register(go.Wait);
                started[1].SetResult();
                await Task.Delay(Timeout.Infinite, CancellationToken.None);
            }

            started[0].SetResult();
            await Task.Delay(Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            obeyed.SetResult();
            token.ThrowIfCancellationRequested();
            return null;
        });

        // A source runs the callback that was registered last first.
        var obedient = await worker.EnqueueAsync(Token);
        await started[0].Task.WaitAsync(Token);
        var blocking = await worker.EnqueueAsync(Token);
        await started[1].Task.WaitAsync(Token);
        await worker.StopAsync(Token);

        Assert.That(await StatusAsync(worker, obedient), Is.EqualTo(DeploymentStatus.Queued));
        Assert.That(await StatusAsync(worker, blocking), Is.EqualTo(DeploymentStatus.Queued));
        await obeyed.Task.WaitAsync(Token);
    }

    [Test]
    public async Task A_build_that_blocks_its_thread_goes_back_to_the_queue_and_its_late_calls_are_refused()
    {
        var (started, late) = (new TaskCompletionSource(), new TaskCompletionSource<Exception?[]>());
        await using var worker = await StartAsync(_ => { }, (job, log, _) =>
        {
            started.SetResult();
            go.Wait(CancellationToken.None);
            return LateAsync(job, log, late);
        });
        var deployment = await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await worker.StopAsync(Token);

        Assert.That(await StatusAsync(worker, deployment), Is.EqualTo(DeploymentStatus.Queued));
        go.Set();
        Assert.That(await late.Task.WaitAsync(Token), Is.All.InstanceOf<OperationCanceledException>());
    }

    // The time to drain is for builds that run.
    [Test]
    public async Task A_claim_that_is_answered_after_the_stop_starts_no_build()
    {
        var builds = 0;
        await using var worker = await WorkerHost.StartAsync(
            database.ConnectionString,
            options => options.DrainTime = TimeSpan.FromMinutes(1),
            (_, _, _) =>
            {
                Interlocked.Increment(ref builds);
                return Task.FromResult<string?>(null);
            }, Token, start: false);
        var deployment = await worker.EnqueueAsync(Token);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var holding = source.CreateCommand("""
            CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock(7);
                RETURN NEW;
            END $$;
            CREATE TRIGGER hold BEFORE INSERT ON deployment_leases FOR EACH ROW EXECUTE FUNCTION hold();
            """);
        await holding.ExecuteNonQueryAsync(Token);
        await using var connection = await source.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var locking = new NpgsqlCommand("SELECT pg_advisory_xact_lock(7)", connection);
        await locking.ExecuteNonQueryAsync(Token);
        await worker.StartAsync(Token);
        await using var waiting = source.CreateCommand(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'");
        while ((long)(await waiting.ExecuteScalarAsync(Token))! == 0)
        {
            await Task.Delay(10, Token);
        }

        // A hosted service has begun to stop when the call returns its task.
        var stopping = worker.Get<IEnumerable<IHostedService>>().OfType<DeploymentWorker>().Single().StopAsync(Token);
        await transaction.RollbackAsync(Token);
        await stopping;

        Assert.That(await StatusAsync(worker, deployment), Is.EqualTo(DeploymentStatus.Queued));
        Assert.That(builds, Is.Zero);
    }

    // The only slot has the build of another deployment, or attempt, while the first build still runs.
    [TestCase(false)]
    [TestCase(true)]
    public async Task A_build_that_ignores_the_end_of_its_deployment_frees_its_slot_and_its_late_calls_are_refused(bool isLost)
    {
        var (started, late) = (new TaskCompletionSource(), new TaskCompletionSource<Exception?[]>());
        IServiceProvider services = null!;
        await using var worker = await StartAsync(
            options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(100),
            async (job, log, token) =>
            {
                if (started.Task.IsCompleted)
                {
                    await log.WriteAsync("next", token);
                    return null;
                }

                services = job.Services;
                _ = job.CancelledByOwner.Register(go.Wait);
                _ = job.LeaseLost.Register(() => throw new InvalidOperationException("The process has ended."));
                started.SetResult();
                await Task.Run(go.Wait, CancellationToken.None);
                return await LateAsync(job, log, late);
            });
        var first = await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        var next = first;
        if (isLost)
        {
            await ExpireUntilFinishedAsync(worker, first);
        }
        else
        {
            await worker.Get<IDeploymentRepository>().CancelAsync(first.Id, first.UserId, "enough", Token);
            next = await worker.EnqueueAsync(Token);
        }

        Assert.That((await worker.UntilEndedAsync(next, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
        Assert.That(() => services.GetRequiredService<IDeploymentLifecycle>(), Throws.Nothing, "The scope ends with the build.");
        go.Set();
        Assert.That(await late.Task.WaitAsync(Token), Is.All.InstanceOf<OperationCanceledException>());
        await worker.StopAsync(Token);
        Assert.That(await worker.LogAsync(next, Token), Is.EqualTo(new[] { "next" }));
        Assert.That(await worker.LogAsync(first, Token), isLost ? Is.EqualTo(new[] { "next" }) : Is.Empty);
    }

    private static async Task<string?> LateAsync(DeploymentJob job, DeploymentJobLog log, TaskCompletionSource<Exception?[]> late)
    {
        late.SetResult(
        [
            await WorkerHost.OutcomeAsync(() => job.EnterAsync(DeploymentStatus.Building, CancellationToken.None)),
            await WorkerHost.OutcomeAsync(() => job.RecordCommitAsync(new CommitInfo("late"), CancellationToken.None)),
            await WorkerHost.OutcomeAsync(() => log.WriteAsync("late", CancellationToken.None)),
        ]);
        throw new IOException("Nobody waits for this build.");
    }

    private static Task<DeploymentStatus?> StatusAsync(WorkerHost worker, Deployment deployment) =>
        worker.Get<IDeploymentLifecycle>().FindStatusAsync(deployment.Id, Token);

    // The heartbeat renews the lease until the worker itself has taken it back.
    private async Task ExpireUntilFinishedAsync(WorkerHost worker, Deployment deployment)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        while (await StatusAsync(worker, deployment) is { IsFinished: false })
        {
            await using var command = source.CreateCommand("UPDATE deployment_leases SET expires_at = '2001-01-01' WHERE attempt = 1");
            await command.ExecuteNonQueryAsync(Token);
            await Task.Delay(10, Token);
        }
    }

    private Task<WorkerHost> StartAsync(
        Action<DeploymentWorkerOptions> configure, Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build) =>
        WorkerHost.StartAsync(
            database.ConnectionString,
            options =>
            {
                options.StopTimeout = TimeSpan.FromMilliseconds(100);
                configure(options);
            }, build, Token);
}
