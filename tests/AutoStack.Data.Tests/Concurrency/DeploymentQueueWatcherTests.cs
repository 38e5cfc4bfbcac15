using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Nothing here waits for the poll interval: the clock stands still, unless a test moves it.</summary>
public sealed class DeploymentQueueWatcherTests : DatabaseTests
{
    private static readonly string Listens = $"application_name <> 'raw' AND query LIKE '%LISTEN {IDeploymentRepository.QueueChannel}%'";

    private int markers;

    [Test]
    public async Task The_first_turn_comes_immediately_and_the_next_after_an_enqueue()
    {
        await using var host = NewHost();
        await using var watch = await WatchAsync(host);
        var next = watch.Next();
        Assert.That(next.IsCompleted, Is.False);

        await EnqueueAsync();

        Assert.That(await next, Is.EqualTo(3), "the second is for what was queued before the server listened");
    }

    // A process that dies between the commit of an enqueue and its notification.
    [Test]
    public async Task A_deployment_whose_notification_was_never_sent_is_found_after_the_poll_interval()
    {
        await using var host = NewHost();
        await using var dying = NewHost();
        dying.GetRequiredKeyedService<Data.Database>(typeof(Data.Database)).QueueNotifier.Dispose();
        await ExecuteAsync("UPDATE deployments SET status = 'cancelled', completed_at = created_at WHERE status = 'queued'");
        var project = await AddProjectAsync();
        await using var watch = await WatchAsync(host);
        var next = watch.Next();
        var queued = (await dying.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token))!;
        await UntilDeliveredAsync(host);
        Assert.That(next.IsCompleted, Is.False);

        Clock.Advance(IDeploymentQueueWatcher.MaxPollInterval);

        await next;
        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(queued.Id));
    }

    [Test]
    public async Task Enqueues_since_the_previous_turn_are_one_turn()
    {
        await using var host = NewHost();
        await using var watch = await WatchAsync(host);
        var project = await AddProjectAsync();
        await EnqueueAsync(project);
        await EnqueueAsync(project);
        await HeardAsync(host);

        await watch.Next();

        Assert.That(watch.Next().IsCompleted, Is.False);
    }

    [Test]
    public async Task A_lost_connection_loses_no_turn()
    {
        await using var host = NewHost();
        await using var watch = await WatchAsync(host);
        for (var round = 0; round < 3; round++)
        {
            // What is queued now may be told to nobody: there is a turn when the connection is back.
            var next = watch.Next();
            await ExecuteAsync(
                $"SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE a.datname = current_database() AND {Listens}");
            await next;

            await SettledAsync(host, watch);
            next = watch.Next();
            Assert.That(next.IsCompleted, Is.False);
            await EnqueueAsync();
            await next;
        }
    }

    [Test]
    public async Task All_watchers_share_one_connection_outside_of_the_pool()
    {
        await using var host = NewHost(options => options.MaxPoolSize = 1);
        await using var first = await WatchAsync(host);
        await using var second = await WatchAsync(host);
        var (one, two) = (first.Next(), second.Next());

        var project = await AddProjectAsync();
        await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token);

        await Task.WhenAll(one, two);
        Assert.That(await CountAsync("application_name = 'watcher'"), Is.EqualTo(2), "the one that listens, and the only one of the pool");
    }

    [Test]
    public async Task With_a_data_source_of_the_host_its_connection_listens()
    {
        await using var source = NpgsqlDataSource.Create($"{Database.ConnectionString};Application Name=watcher;No Reset On Close=true");
        var services = new ServiceCollection().AddSingleton<TimeProvider>(Clock).AddAutoStackData(source).AddAutoStackDataWorkers();
        await using (var host = services.BuildServiceProvider())
        {
            await using var watch = await WatchAsync(host);
            var next = watch.Next();

            await EnqueueAsync();

            await next;
        }

        await using var connection = await source.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("SELECT count(*)::int FROM pg_listening_channels()", connection);
        Assert.That(await command.ExecuteScalarAsync(Token), Is.Zero, "given back as it was");
    }

    [Test]
    public async Task Watching_ends_with_its_token_and_disposal_closes_the_connection()
    {
        var host = NewHost();
        await using (var watch = await WatchAsync(host))
        {
            var next = watch.Next();
            await watch.CancelAsync();
            Assert.That(() => next, Throws.InstanceOf<OperationCanceledException>());
        }

        await host.DisposeAsync();

        while (await CountAsync("application_name = 'watcher'") > 0)
        {
            await Task.Delay(10, Token);
        }
    }

    [Test]
    public async Task Without_listening_turns_come_by_polling()
    {
        await using var host = NewHost(options =>
        {
            options.ConnectionString = $"{Database.ConnectionString};Application Name=deaf";
            options.ListenForNotifications = false;
        });
        await using var watch = new Watch(host, TimeSpan.FromHours(1), Token);
        await watch.Next();
        var next = watch.Next();

        await EnqueueAsync();
        Assert.That(next.IsCompleted, Is.False);
        Clock.Advance(TimeSpan.FromHours(1));

        Assert.That(await next, Is.EqualTo(2));
        Assert.That(await CountAsync("application_name = 'deaf' AND query LIKE '%LISTEN%'"), Is.Zero);
    }

    [Test]
    public async Task A_server_that_starts_later_is_listened_to()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { Refuse = true };
        await using var host = NewHost(options => options.ConnectionString = proxy.ConnectionString);
        await using var watch = new Watch(host, IDeploymentQueueWatcher.MaxPollInterval, Token);
        await watch.Next();
        var next = watch.Next();
        while (proxy.Refused < 2)
        {
            await Task.Delay(10, Token);
        }

        Assert.That(next.IsCompleted, Is.False);
        proxy.Refuse = false;

        await next;
    }

    [Test]
    public async Task A_turn_comes_at_the_start_of_a_scheduled_deployment()
    {
        await using var host = NewHost();
        await ExecuteAsync("UPDATE deployments SET status = 'cancelled', completed_at = created_at WHERE status = 'queued'");
        await using var watch = await WatchAsync(host);
        var next = watch.Next();
        var project = await AddProjectAsync();
        var start = Clock.GetUtcNow().AddHours(2);
        var scheduled = (await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, StartAt = start }, Token))!;
        await next;
        Assert.That(await host.GetRequiredService<IDeploymentLifecycle>().ClaimNextAsync(Token), Is.Null);

        // The look for the next start that was left out is made up for within a second.
        next = watch.Next();
        await AdvanceAsync(next, TimeSpan.FromSeconds(2));
        Assert.That(next.IsCompleted, Is.False);
        await AdvanceAsync(next, TimeSpan.FromHours(2));

        await next;
        Assert.That(
            (await host.GetRequiredService<IDeploymentLifecycle>().ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(scheduled.Id));
    }

    [Test]
    public async Task A_turn_comes_when_a_pause_ends([Values] bool ofProject)
    {
        Guid? project = ofProject ? (await AddProjectAsync()).Id : null;
        var queue = Get<IQueuePauseRepository>();
        await using var host = NewHost();
        await using var watch = await WatchAsync(host);
        var next = watch.Next();
        await queue.PauseAsync(project, "Ada", null, Token);
        Assert.That(next.IsCompleted, Is.False);

        await queue.ResumeAsync(project, Token);

        await next.WaitAsync(TimeSpan.FromSeconds(30), Token);
    }

    [Test]
    public async Task A_start_at_the_end_of_the_calendar_does_not_stop_the_turns()
    {
        await using var host = NewHost();
        await ExecuteAsync("UPDATE deployments SET status = 'cancelled', completed_at = created_at WHERE status = 'queued'");
        var project = await AddProjectAsync();
        await Deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId, StartAt = DateTimeOffset.MaxValue }, Token);
        await NotifiedAsync();
        await using var watch = await WatchAsync(host);
        var next = watch.Next();
        await AdvanceAsync(next, TimeSpan.FromSeconds(2));
        Assert.That(next.IsCompleted, Is.False);

        await AdvanceAsync(next, IDeploymentQueueWatcher.MaxPollInterval);

        await next;
    }

    [Test]
    public void A_poll_interval_out_of_range_is_refused([Values(0, -1, 86401)] int seconds) =>
        Assert.That(
            () => Get<IDeploymentQueueWatcher>().WatchAsync(TimeSpan.FromSeconds(seconds), Token),
            Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("pollInterval"));

    // Moves the clock, and gives the watcher the time of some of its looks.
    private async Task AdvanceAsync(Task next, TimeSpan time)
    {
        Clock.Advance(time);
        for (var i = 0; i < 20 && !next.IsCompleted; i++)
        {
            await Task.Delay(10, Token);
        }
    }

    private ServiceProvider NewHost(Action<AutoStackDataOptions>? configure = null) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = $"{Database.ConnectionString};Application Name=watcher";
            options.MinPoolSize = 0;
            configure?.Invoke(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    /// <summary>One who has had the first turn, and the one that comes when the server listens.</summary>
    private async Task<Watch> WatchAsync(ServiceProvider host)
    {
        var watch = new Watch(host, IDeploymentQueueWatcher.MaxPollInterval, Token);
        Assert.That(await watch.Next(), Is.EqualTo(1));
        await SettledAsync(host, watch);
        return watch;
    }

    // The first marker may be raised because the server listens now; then the second one is not, and comes after everything else.
    private async Task SettledAsync(ServiceProvider host, Watch watch)
    {
        await HeardAsync(host);
        await HeardAsync(host);
        await watch.Next();
    }

    // Notifications come in the order of commits: what was committed before has been told when this one is.
    private async Task HeardAsync(ServiceProvider host)
    {
        await NotifiedAsync();
        var marker = $"marker {++markers}";
        var wakeup = new Wakeup();
        var database = host.GetRequiredKeyedService<Data.Database>(typeof(Data.Database));
        using var subscription = database.Notifications.Subscribe(IDeploymentRepository.QueueChannel, marker, wakeup);
        while (await CountAsync(Listens) == 0)
        {
            await Task.Delay(10, Token);
        }

        await ExecuteAsync($"NOTIFY {IDeploymentRepository.QueueChannel}, '{marker}'");
        await wakeup.WaitAsync(IDeploymentQueueWatcher.MaxPollInterval, Clock, Token);
    }

    // As HeardAsync, on another channel, so that no watcher gets a turn. The first wait may end because the server listens to that channel
    // now; the next one ends with a notification that was sent here.
    private async Task UntilDeliveredAsync(ServiceProvider host)
    {
        var marker = $"marker {++markers}";
        var wakeup = new Wakeup();
        var database = host.GetRequiredKeyedService<Data.Database>(typeof(Data.Database));
        using var subscription = database.Notifications.Subscribe(IDeploymentLogRepository.Channel, marker, wakeup);
        for (var i = 0; i < 2; i++)
        {
            await ExecuteAsync($"NOTIFY {IDeploymentLogRepository.Channel}, '{marker}'");
            await wakeup.WaitAsync(IDeploymentQueueWatcher.MaxPollInterval, TimeProvider.System, Token);
        }
    }

    private async Task<int> CountAsync(string which) =>
        (int)(await ScalarAsync($"SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND {which}"))!;

    /// <summary>One loop of a worker.</summary>
    private sealed class Watch : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop;
        private readonly IAsyncEnumerator<long> turns;
        private Task<long> next = Task.FromResult(0L);

        public Watch(ServiceProvider host, TimeSpan pollInterval, CancellationToken token)
        {
            stop = CancellationTokenSource.CreateLinkedTokenSource(token);
            turns = host.GetRequiredService<IDeploymentQueueWatcher>().WatchAsync(pollInterval, stop.Token).GetAsyncEnumerator(
                CancellationToken.None);
        }

        public Task<long> Next() => next = NextAsync();

        public Task CancelAsync() => stop.CancelAsync();

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await turns.DisposeAsync();
            stop.Dispose();
        }

        private async Task<long> NextAsync()
        {
            Assert.That(await turns.MoveNextAsync(), Is.True);
            return turns.Current;
        }
    }
}
