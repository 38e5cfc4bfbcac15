using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Threading.Channels;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>
/// The hosted worker on a real server; each test has a database of its own, since a worker takes every deployment that waits.
/// </summary>
[CancelAfter(120_000)]
public sealed class DeploymentWorkerTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1);

    private TestDatabase database = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync() => database = await TestServer.Current.CreateDatabaseAsync();

    [TearDown]
    public async Task DropAsync() => await database.DisposeAsync();

    [Test]
    public async Task A_build_goes_from_the_queue_to_its_end_with_its_log()
    {
        await using var worker = await StartAsync(_ => { }, async (job, log, token) =>
        {
            await job.EnterAsync(DeploymentStatus.Building, token);
            await job.RecordCommitAsync(new CommitInfo("abc"), token);
            await log.WriteAsync("one", token);
            await log.WriteAsync("two", token);
            return $"https://{job.Project.Name}.example.com/";
        });
        var ended = await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token);

        Assert.That(
            (ended.Status, ended.DeployedUrl, ended.CommitHash),
            Is.EqualTo((DeploymentStatus.Success, "https://site.example.com/", "abc")));
        Assert.That(await worker.LogAsync(ended, Token), Is.EqualTo(new[] { "one", "two" }));
        Assert.That(await CountAsync("deployment_leases"), Is.Zero);
    }

    [Test]
    public async Task A_build_that_reports_no_step_succeeds()
    {
        await using var worker = await StartAsync(_ => { }, (_, _, _) => Task.FromResult<string?>(null));

        Assert.That(
            (await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token)).Status, Is.EqualTo(DeploymentStatus.Success));
    }

    [TestCase(true, "exit code 1")]
    [TestCase(false, "The build ended with an unexpected error.")]
    public async Task A_build_that_throws_fails_and_only_a_meant_reason_is_shown(bool isMeant, string reason)
    {
        await using var worker = await StartAsync(_ => { }, (_, _, _) => throw (isMeant
            ? new DeploymentFailedException("exit code 1", new IOException("/srv/secret"))
            : new IOException("/srv/secret")));
        var ended = await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token);

        Assert.That((ended.Status, ended.FailedReason), Is.EqualTo((DeploymentStatus.Failed, reason)));
        Assert.That(await worker.LogAsync(ended, Token), Is.EqualTo(new[] { reason }));
    }

    [Test]
    public async Task An_address_that_cannot_be_stored_fails_the_build()
    {
        await using var worker = await StartAsync(_ => { }, (_, _, _) => Task.FromResult<string?>(new string('x', 3000)));
        var ended = await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token);

        Assert.That(
            (ended.Status, ended.FailedReason), Is.EqualTo((DeploymentStatus.Failed, "The address of the result cannot be stored.")));
    }

    [Test]
    public async Task A_cancel_of_the_owner_stops_the_build_and_stays()
    {
        var (started, stopped) = (new TaskCompletionSource(), new TaskCompletionSource<bool>());
        await using var worker = await StartAsync(
            options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(100),
            async (job, _, token) =>
            {
                started.SetResult();
                await Task.Delay(Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stopped.SetResult(job.CancelledByOwner.IsCancellationRequested && !job.LeaseLost.IsCancellationRequested);
                return null;
            });
        var deployment = await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await worker.Get<IDeploymentRepository>().CancelAsync(deployment.Id, deployment.UserId, "enough", Token);

        Assert.That(await stopped.Task.WaitAsync(Token), Is.True);
        await worker.StopAsync(Token);
        var found = (await worker.Get<IDeploymentRepository>().FindAsync(deployment.Id, deployment.UserId, Token))!;
        Assert.That((found.Status, found.FailedReason), Is.EqualTo((DeploymentStatus.Cancelled, "enough")));
    }

    [Test]
    public async Task A_stopping_host_hands_its_deployment_back_and_another_worker_finishes_it()
    {
        var started = new TaskCompletionSource();
        var attempts = new ConcurrentQueue<int>();
        await using var first = await StartAsync(_ => { }, async (job, log, token) =>
        {
            attempts.Enqueue(job.Attempt);
            await job.EnterAsync(DeploymentStatus.Building, token);
            await log.WriteAsync("first", token);
            started.SetResult();
            await Task.Delay(Timeout.Infinite, token);
            return null;
        });
        var deployment = await first.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await first.StopAsync(Token);

        Assert.That(await first.Get<IDeploymentLifecycle>().FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
        await using var second = await StartAsync(_ => { }, async (job, log, token) =>
        {
            attempts.Enqueue(job.Attempt);
            await log.WriteAsync("second", token);
            return null;
        });
        Assert.That((await second.UntilEndedAsync(deployment, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
        Assert.That(await second.LogAsync(deployment, Token), Is.EqualTo(new[] { "first", "second" }));
        Assert.That(attempts, Is.EqualTo(new[] { 1, 1 }), "A release does not count.");
    }

    [Test]
    public async Task A_stopping_host_that_has_lost_its_lease_does_not_report_that_it_handed_the_deployment_back()
    {
        using var log = new RecordedLog();
        var started = new TaskCompletionSource();
        await using var worker = await WorkerHost.StartAsync(
            database.ConnectionString,
            _ => { },
            async (_, _, token) =>
            {
                started.SetResult();
                await Task.Delay(Timeout.Infinite, token);
                return null;
            },
            Token,
            log: log);
        await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await ExecuteAsync("UPDATE deployment_leases SET claim_key = gen_random_uuid()");

        await worker.StopAsync(Token);

        Assert.That(log.Lines, Has.Some.Contains("another worker, or the queue, has it"));
        Assert.That(log.Lines, Has.None.Contains("returned to the queue"));
    }

    [Test]
    public async Task A_stopping_host_does_not_wait_for_a_build_that_ignores_its_token()
    {
        var (started, late) = (new TaskCompletionSource(), new TaskCompletionSource<Exception?>());
        var go = new TaskCompletionSource();
        await using var worker = await StartAsync(
            options => options.StopTimeout = TimeSpan.FromMilliseconds(100),
            async (job, _, _) =>
            {
                started.SetResult();
                await go.Task;
                late.SetResult(await WorkerHost.OutcomeAsync(() => job.EnterAsync(DeploymentStatus.Building, CancellationToken.None)));
                return null;
            });
        var deployment = await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await worker.StopAsync(Token);
        go.SetResult();

        Assert.That(await late.Task.WaitAsync(Token), Is.InstanceOf<OperationCanceledException>());
        Assert.That(await worker.Get<IDeploymentLifecycle>().FindStatusAsync(deployment.Id, Token), Is.EqualTo(DeploymentStatus.Queued));
    }

    // A killed process renews nothing; here the claim of one that is gone.
    [Test]
    public async Task The_deployment_of_a_killed_worker_is_built_by_another_and_its_late_steps_lose()
    {
        await using var worker = await StartAsync(_ => { }, (_, _, _) => Task.FromResult<string?>(null), start: false);
        var deployment = await worker.EnqueueAsync(Token);
        var lifecycle = worker.Get<IDeploymentLifecycle>();
        var killed = (await lifecycle.ClaimNextAsync(new ClaimOptions { Worker = "killed", Lease = Short }, Token))!;
        await lifecycle.AdvanceAsync(killed.Claim, DeploymentStatus.Building, Token);
        await using var second = await StartAsync(_ => { }, async (job, _, token) =>
        {
            await job.EnterAsync(DeploymentStatus.Installing, token);
            return $"https://attempt-{job.Attempt}.example.com/";
        });

        var ended = await second.UntilEndedAsync(deployment, Token);

        Assert.That((ended.Status, ended.DeployedUrl), Is.EqualTo((DeploymentStatus.Success, "https://attempt-2.example.com/")));
        Assert.That(
            await lifecycle.FailAsync(killed.Claim, "late", Token), Is.EqualTo(TransitionOutcome.AlreadyFinished));
    }

    [Test]
    public async Task A_deployment_that_no_worker_finishes_fails_after_the_maximum_of_attempts()
    {
        await using var worker = await StartAsync(
            options => (options.Lease, options.HeartbeatInterval, options.MaxAttempts) = (Short, TimeSpan.FromMilliseconds(200), 2),
            (_, _, _) => throw DatabaseUnavailable());
        var ended = await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token);

        Assert.That(
            (ended.Status, ended.FailedReason),
            Is.EqualTo((DeploymentStatus.Failed, "The deployment was given up after 2 attempts: each time the worker stopped answering.")));
    }

    [Test]
    public async Task A_lost_lease_stops_the_build()
    {
        var (started, stopped) = (new TaskCompletionSource(), new TaskCompletionSource<bool>());
        await using var worker = await StartAsync(
            options => options.HeartbeatInterval = TimeSpan.FromMilliseconds(100),
            async (job, _, token) =>
            {
                if (!started.TrySetResult())
                {
                    return null;
                }

                await Task.Delay(Timeout.Infinite, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                stopped.SetResult(job.LeaseLost.IsCancellationRequested && !job.CancelledByOwner.IsCancellationRequested);
                throw new IOException("The build noticed.");
            });
        var deployment = await worker.EnqueueAsync(Token);
        await started.Task.WaitAsync(Token);
        await ExecuteAsync("UPDATE deployment_leases SET expires_at = '2001-01-01'");
        while (!stopped.Task.IsCompleted)
        {
            await ExecuteAsync("UPDATE deployment_leases SET expires_at = '2001-01-01' WHERE attempt = 1");
            await Task.Delay(10, Token);
        }

        Assert.That(await stopped.Task.WaitAsync(Token), Is.True);
        Assert.That((await worker.UntilEndedAsync(deployment, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
    }

    [Test]
    public async Task Two_workers_build_each_of_many_deployments_once()
    {
        const int Deployments = 60;
        var built = new ConcurrentDictionary<Guid, int>();
        await using var first = await StartAsync(options => options.Concurrency = 4, BuildAsync);
        await using var second = await StartAsync(
            options => (options.Concurrency, options.MaxPerProject, options.MaxPerUser) = (4, 5, 5), BuildAsync);
        var queued = await Task.WhenAll(Enumerable.Range(0, Deployments).Select(_ => first.EnqueueAsync(Token)));
        foreach (var deployment in queued)
        {
            Assert.That((await first.UntilEndedAsync(deployment, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
        }

        Assert.That(built, Has.Count.EqualTo(Deployments));
        Assert.That(built.Values, Is.All.EqualTo(1));

        async Task<string?> BuildAsync(DeploymentJob job, DeploymentJobLog log, CancellationToken token)
        {
            built.AddOrUpdate(job.Deployment.Id, 1, (_, count) => count + 1);
            await log.WriteAsync("built", token);
            return null;
        }
    }

    // The slots claim beside each other while all are in use.
    [Test]
    public async Task A_claim_that_waits_does_not_keep_the_other_slots_from_claiming()
    {
        var ends = new ConcurrentDictionary<Guid, TaskCompletionSource>();
        var started = Channel.CreateUnbounded<Guid>();
        await using var worker = await StartAsync(options => options.Concurrency = 2, async (job, _, token) =>
        {
            await started.Writer.WriteAsync(job.Deployment.Id, token);
            await (ends.TryGetValue(job.Deployment.Id, out var end) ? end.Task.WaitAsync(token) : Task.CompletedTask);
            return null;
        }, start: false);
        var (first, second) = (await worker.EnqueueAsync(Token), await worker.EnqueueAsync(Token));
        (ends[first.Id], ends[second.Id]) = (new(), new());
        await worker.StartAsync(Token);
        await started.Reader.ReadAsync(Token);
        await started.Reader.ReadAsync(Token);
        var (held, next) = (await worker.EnqueueAsync(Token), await worker.EnqueueAsync(Token));
        await ExecuteAsync($"""
            CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                PERFORM pg_advisory_xact_lock(7);
                RETURN NEW;
            END $$;
            CREATE TRIGGER hold BEFORE INSERT ON deployment_leases
                FOR EACH ROW WHEN (NEW.deployment_id = '{held.Id}') EXECUTE FUNCTION hold();
            """);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var connection = await source.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var locking = new NpgsqlCommand("SELECT pg_advisory_xact_lock(7)", connection);
        await locking.ExecuteNonQueryAsync(Token);
        ends[first.Id].SetResult();
        while (await CountAsync("pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'") == 0)
        {
            await Task.Delay(10, Token);
        }

        ends[second.Id].SetResult();

        Assert.That(await started.Reader.ReadAsync(Token), Is.EqualTo(next.Id));
        await transaction.RollbackAsync(Token);
        Assert.That((await worker.UntilEndedAsync(held, Token)).Status, Is.EqualTo(DeploymentStatus.Success));
    }

    [Test]
    public async Task Jobs_are_counted_by_their_outcome()
    {
        var (running, finished) = (0L, new ConcurrentQueue<string>());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name.StartsWith("autostack.worker.jobs.", StringComparison.Ordinal))
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (instrument.Name == "autostack.worker.jobs.running")
            {
                Interlocked.Add(ref running, value);
            }
            else if (instrument.Name == "autostack.worker.jobs.finished")
            {
                finished.Enqueue((string)tags[0].Value!);
            }
        });
        listener.Start();
        var count = 0;
        await using (var worker = await StartAsync(_ => { }, (_, _, _) => Interlocked.Increment(ref count) == 1
            ? Task.FromResult<string?>(null)
            : throw new DeploymentFailedException("no")))
        {
            await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token);
            await worker.UntilEndedAsync(await worker.EnqueueAsync(Token), Token);
        }

        // Other tests may run workers at the same time.
        Assert.That(finished, Does.Contain("success").And.Contain("failed"));
    }

    [TestCase(nameof(DeploymentWorkerOptions.Concurrency), 0)]
    [TestCase(nameof(DeploymentWorkerOptions.MaxAttempts), 0)]
    [TestCase(nameof(DeploymentWorkerOptions.MaxPerProject), 0)]
    [TestCase(nameof(DeploymentWorkerOptions.MaxPerUser), -1)]
    [TestCase(nameof(DeploymentWorkerOptions.Lease), 0)]
    [TestCase(nameof(DeploymentWorkerOptions.HeartbeatInterval), 31)]
    [TestCase(nameof(DeploymentWorkerOptions.PollInterval), 0)]
    [TestCase(nameof(DeploymentWorkerOptions.RequeueInterval), -1)]
    [TestCase(nameof(DeploymentWorkerOptions.DrainTime), -1)]
    [TestCase(nameof(DeploymentWorkerOptions.StopTimeout), 0)]
    [TestCase(nameof(DeploymentWorkerOptions.Name), " ")]
    public void A_wrong_setting_stops_the_host_and_is_named(string setting, object value)
    {
        var property = typeof(DeploymentWorkerOptions).GetProperty(setting)!;
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        Assert.That(
            () => StartAsync(
                options => property.SetValue(options, type == typeof(TimeSpan) ? TimeSpan.FromSeconds((int)value) : value),
                (_, _, _) => Task.FromResult<string?>(null)),
            Throws.InstanceOf<Microsoft.Extensions.Options.OptionsValidationException>()
                .With.Message.Contains($"DeploymentWorkerOptions.{setting} "));
    }

    [Test]
    public void A_time_that_may_be_zero_is_refused_with_its_range() =>
        Assert.That(
            () => StartAsync(options => options.DrainTime = TimeSpan.FromTicks(-1), (_, _, _) => Task.FromResult<string?>(null)),
            Throws.InstanceOf<Microsoft.Extensions.Options.OptionsValidationException>()
                .With.Message.Contains("DeploymentWorkerOptions.DrainTime is -00:00:00.0000001; it is 0 to 1.00:00:00."));

    private static DatabaseUnavailableException DatabaseUnavailable() =>
        (DatabaseUnavailableException)System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(
            typeof(DatabaseUnavailableException));

    private async Task<WorkerHost> StartAsync(
        Action<DeploymentWorkerOptions> configure,
        Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build,
        bool start = true) =>
        await WorkerHost.StartAsync(database.ConnectionString, configure, build, Token, start);

    private async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<long> CountAsync(string table)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand($"SELECT count(*) FROM {table}");
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }
}
