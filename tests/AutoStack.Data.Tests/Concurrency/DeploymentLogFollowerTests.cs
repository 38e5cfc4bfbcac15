using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Nothing here waits for the poll interval: the clock stands still, unless a test moves it.</summary>
[CancelAfter(120_000)]
public sealed class DeploymentLogFollowerTests : DatabaseTests
{
    [Test]
    public async Task Stored_lines_come_first_and_appended_lines_follow()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1", "2");
        await using var follow = new Following(host, deployment, Cursor.Start);
        Assert.That(await follow.NextAsync(2), Is.EqualTo(new[] { "1", "2" }));

        for (var i = 3; i < 10; i++)
        {
            var next = follow.NextAsync(1);
            Assert.That(next.IsCompleted, Is.False);
            await AppendAsync(deployment, $"{i}");
            Assert.That(await next, Is.EqualTo(new[] { $"{i}" }));
        }
    }

    [Test]
    public async Task Following_starts_at_any_cursor()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, [.. Enumerable.Range(1, 450).Select(i => $"{i}")]);
        await using var all = new Following(host, deployment, Cursor.Start);
        await using var middle = new Following(host, deployment, Cursor.After(448));
        var tail = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token);
        await using var end = new Following(host, deployment, tail.After);
        Assert.That(await all.NextAsync(450), Is.EqualTo(Enumerable.Range(1, 450).Select(i => $"{i}")), "more than a page");
        Assert.That(await middle.NextAsync(2), Is.EqualTo(new[] { "449", "450" }));
        await AppendAsync(deployment, "451");
        Assert.That(await end.NextAsync(1), Is.EqualTo(new[] { "451" }));
        await using var resumed = new Following(host, deployment, all.Last.Cursor);
        Assert.That(await resumed.NextAsync(1), Is.EqualTo(new[] { "451" }));
    }

    [Test]
    public async Task Lines_of_many_writers_come_once_and_in_order()
    {
        const int Writers = 6;
        const int Rounds = 20;
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await using var follow = new Following(host, deployment, Cursor.Start);
        await using var second = new Following(host, deployment, Cursor.Start);
        var (one, two) = (follow.NextAsync((Writers * Rounds) + 1), second.NextAsync((Writers * Rounds) + 1));
        var buffered = host.GetRequiredService<IDeploymentLogWriter>();

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Writers, CancellationToken = Token };
        await Parallel.ForAsync(0, Writers, parallel, async (w, token) =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                await (w switch
                {
                    0 => ExecuteAsync(
                        "INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at) VALUES (gen_random_uuid(), $1, "
                            + "now(), $2, now())",
                        deployment.Id, $"{w}/{i}"),
                    < 3 => buffered.WriteAsync(deployment.Id, new NewDeploymentLog { Message = $"{w}/{i}" }, token),
                    _ => PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = $"{w}/{i}" }], token),
                });
            }
        });
        await buffered.FlushAsync(Token);
        await AppendAsync(deployment, "last");

        var lines = await one;
        Assert.That(await two, Is.EqualTo(lines));
        Assert.That(lines[^1], Is.EqualTo("last"));
        Assert.That(follow.Seqs, Is.EqualTo(Enumerable.Range(1, (Writers * Rounds) + 1).Select(i => (long)i)));
        for (var w = 0; w < Writers; w++)
        {
            Assert.That(
                lines.Where(l => l.StartsWith($"{w}/", StringComparison.Ordinal)),
                Is.EqualTo(Enumerable.Range(0, Rounds).Select(i => $"{w}/{i}")));
        }
    }

    [Test]
    public async Task Lost_connections_lose_no_line()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await using var follow = new Following(host, deployment, Cursor.Start);
        for (var round = 0; round < 3; round++)
        {
            var next = follow.NextAsync(2);
            await AppendAsync(deployment, $"before {round}");
            await ExecuteAsync(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
                    + "'follower'");
            await AppendAsync(deployment, $"after {round}");

            Assert.That(await next, Is.EqualTo(new[] { $"before {round}", $"after {round}" }));
        }

        Assert.That(follow.Seqs, Is.EqualTo(new long[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public async Task Lines_that_a_failover_lost_are_followed_by_those_that_get_their_numbers([Values] bool listen)
    {
        await using var host = NewHost(o => (o.ListenForNotifications, o.LogPollInterval) = (listen, TimeSpan.FromHours(1)));
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1", "2", "lost 3", "lost 4", "lost 5");
        await using var follow = new Following(host, deployment, Cursor.Start);
        await follow.NextAsync(5);

        await SetBackAsync(deployment, 2);
        var next = follow.NextAsync(1);
        await AppendAsync(deployment, "3");
        await MoveClockAsync(TimeSpan.FromHours(1), next);
        Assert.That(await next, Is.EqualTo(new[] { "3" }), "fewer lines than were delivered");

        next = follow.NextAsync(3);
        await AppendAsync(deployment, "4", "5", "6");
        await MoveClockAsync(TimeSpan.FromHours(1), next);
        Assert.That(await next, Is.EqualTo(new[] { "4", "5", "6" }));
        Assert.That(follow.Seqs, Is.EqualTo(new long[] { 1, 2, 3, 4, 5, 3, 4, 5, 6 }));
    }

    [Test]
    public async Task As_many_other_lines_as_were_lost_are_told_from_them()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1", "lost 2", "lost 3");
        await using var follow = new Following(host, deployment, Cursor.Start);
        await follow.NextAsync(3);

        await SetBackAsync(deployment, 1, "2", "3");

        Assert.That(await follow.NextAsync(2), Is.EqualTo(new[] { "2", "3" }));
    }

    [Test]
    public async Task A_log_that_was_set_back_far_is_read_from_the_oldest_line_that_is_remembered()
    {
        const int Lines = 1000;
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, [.. Enumerable.Range(1, Lines).Select(i => $"lost {i}")]);
        await using var follow = new Following(host, deployment, Cursor.Start);
        await follow.NextAsync(Lines);

        await SetBackAsync(deployment, 10, [.. Enumerable.Range(11, Lines).Select(i => $"{i}")]);
        await follow.NextAsync(1);

        Assert.That(follow.Last.Seq, Is.InRange(Lines - 512, Lines - 255));
        Assert.That(follow.Last.Message, Is.EqualTo($"{follow.Last.Seq}"));
    }

    [Test]
    public async Task A_cursor_behind_the_end_of_a_log_misses_no_later_line()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1", "2");
        await using var follow = new Following(host, deployment, Cursor.After(4));
        var next = follow.NextAsync(2);
        var follower = (DeploymentLogFollower)host.GetRequiredService<IDeploymentLogFollower>();
        while (follower.Count == 0 || follower.Lag > TimeSpan.Zero)
        {
            await Task.Delay(5, Token);
        }

        await AppendAsync(deployment, "3", "4");

        Assert.That(await next, Is.EqualTo(new[] { "3", "4" }));
    }

    [Test]
    public async Task A_line_is_delivered_once_also_when_lines_before_it_are_removed_or_come_back()
    {
        await using var host = NewHost();
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1", "2", "3", "4");
        await using var follow = new Following(host, deployment, Cursor.Start);
        await follow.NextAsync(4);
        await ExecuteAsync("CREATE TABLE kept AS SELECT * FROM deployment_logs");

        await ExecuteAsync("DELETE FROM deployment_logs WHERE seq IN (2, 4)");
        await AppendAsync(deployment, "other 4");
        Assert.That(await follow.NextAsync(1), Is.EqualTo(new[] { "other 4" }));
        await ExecuteAsync("DELETE FROM deployment_logs WHERE seq < 4");
        await AppendAsync(deployment, "5");
        Assert.That(await follow.NextAsync(1), Is.EqualTo(new[] { "5" }));
        await SetBackAsync(deployment, 0);
        await ExecuteAsync("INSERT INTO deployment_logs SELECT * FROM kept");
        await AppendAsync(deployment, "another 5");

        Assert.That(await follow.NextAsync(2), Is.EqualTo(new[] { "4", "another 5" }));
    }

    [Test]
    public async Task Late_lines_come_also_when_the_clock_of_the_host_is_ahead()
    {
        var interval = TimeSpan.FromMilliseconds(500);
        await using var host = NewHost(o => o.LogPollInterval = interval, new SkewedClock(TimeSpan.FromMilliseconds(900), Clock));
        var deployment = await EnqueueAsync();
        await ExecuteAsync("UPDATE deployments SET status = 'building', started_at = created_at WHERE id = $1", deployment.Id);
        await AppendAsync(deployment, "1");
        await using var follow = new Following(host, deployment, Cursor.Start);
        await follow.NextAsync(1);
        var next = follow.NextAsync(2);
        var follower = (DeploymentLogFollower)host.GetRequiredService<IDeploymentLogFollower>();

        await ExecuteAsync(
            "UPDATE deployments SET status = 'success', completed_at = now() AT TIME ZONE 'UTC' WHERE id = $1", deployment.Id);
        await ExecuteAsync($"NOTIFY {IDeploymentLogRepository.Channel}, '{deployment.Id}'");
        for (var looks = 0; looks < 20 && !next.IsCompleted; looks++)
        {
            await Task.Delay(5, Token);
        }

        await AppendAsync(deployment, "late");
        await MoveClockAsync(interval, next);
        Assert.That(await next, Is.EqualTo(new[] { "late" }));
    }

    [Test]
    public async Task Lines_without_a_notification_come_by_polling([Values] bool listen)
    {
        await using var host = NewHost(o => (o.ListenForNotifications, o.LogPollInterval) = (listen, TimeSpan.FromHours(1)));
        var deployment = await EnqueueAsync();
        await using var follow = new Following(host, deployment, Cursor.Start);
        await AppendAsync(deployment, "1");
        await follow.NextAsync(1);
        var next = follow.NextAsync(1);

        await ExecuteAsync(
            "INSERT INTO deployment_logs (id, deployment_id, timestamp, message, created_at) VALUES (gen_random_uuid(), $1, now(), "
                + "'python', now())",
            deployment.Id);
        await MoveClockAsync(TimeSpan.FromHours(1), next);

        Assert.That(await next, Is.EqualTo(new[] { "python" }));
    }

    [Test]
    public async Task Following_ends_after_the_deployment_and_includes_late_lines()
    {
        await using var host = NewHost(o => o.LogPollInterval = TimeSpan.FromHours(1));
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await using var follow = new Following(host, deployment, Cursor.Start);
        await AppendAsync(deployment, "1");
        await follow.NextAsync(1);
        await Lifecycle.SucceedAsync(deployment.Id, null, Token);
        var next = follow.NextAsync(2);

        await AppendAsync(deployment, "late");
        while (!next.IsCompleted && !follow.Messages.Contains("late"))
        {
            await Task.Delay(5, Token);
        }

        Assert.That(next.IsCompleted, Is.False, "something may still come");
        await MoveClockAsync(TimeSpan.FromHours(1), next);

        Assert.That(await next, Is.EqualTo(new[] { "late" }), "and no second one");
    }

    [TestCase("failed")]
    [TestCase("Success", Description = "as another program may write it")]
    public async Task The_log_of_a_deployment_that_ended_long_ago_ends_immediately(string status)
    {
        await using var host = NewHost();
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await AppendAsync(deployment, [.. Enumerable.Range(1, 200).Select(i => $"{i}")]);
        await Lifecycle.FailAsync(deployment.Id, "x", Token);
        await ExecuteAsync(
            "UPDATE deployments SET completed_at = completed_at - interval '2 days', status = $2 WHERE id = $1", deployment.Id, status);
        await using var follow = new Following(host, deployment, Cursor.Start);

        Assert.That(await follow.NextAsync(1000), Has.Count.EqualTo(200));
    }

    // The notification of the last line has come and gone: the poll for all followers finds the end.
    [Test]
    public async Task The_poll_finds_an_end_that_another_program_has_written_in_its_own_case()
    {
        await using var host = NewHost(o => (o.LogPollInterval, o.ListenForNotifications) = (TimeSpan.FromHours(1), false));
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await AppendAsync(deployment, "1");
        await using var follow = new Following(host, deployment, Cursor.Start);
        await follow.NextAsync(1);
        var next = follow.NextAsync(1);
        await ExecuteAsync(
            "UPDATE deployments SET status = 'Cancelled', completed_at = now() - interval '2 days' WHERE id = $1", deployment.Id);

        await MoveClockAsync(TimeSpan.FromHours(1), next);

        Assert.That(await next, Is.Empty);
    }

    [Test]
    public async Task Unknown_and_foreign_deployments_have_no_lines_and_deleted_ones_end()
    {
        await using var host = NewHost(o => o.LogPollInterval = TimeSpan.FromHours(1));
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1");
        await using var nothing = new Following(host, deployment with { Id = Guid.NewGuid() }, Cursor.Start);
        await using var stranger = new Following(host, deployment with { UserId = (await AddUserAsync()).Id }, Cursor.Start);
        Assert.That(await nothing.NextAsync(1), Is.Empty);
        Assert.That(await stranger.NextAsync(1), Is.Empty);

        await using var follow = new Following(host, deployment, Cursor.Start);
        var next = follow.NextAsync(2);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        await MoveClockAsync(TimeSpan.FromHours(1), next);

        Assert.That(await next, Has.Count.LessThanOrEqualTo(1));
    }

    [Test]
    public async Task A_found_log_is_told_from_none_and_misses_no_line()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        var (ownerId, deleted, stranger) = (deployment.UserId, await EnqueueAsync(), await AddUserAsync());
        await Deployments.SoftDeleteAsync(deleted.Id, deleted.UserId, Token);
        var follower = Get<IDeploymentLogFollower>();

        Assert.That(await follower.FindAsync(deployment.Id, stranger.Id, Cursor.Start, Token), Is.Null);
        Assert.That(await follower.FindAsync(Guid.NewGuid(), ownerId, Cursor.Start, Token), Is.Null);
        Assert.That(await follower.FindAsync(deleted.Id, deleted.UserId, Cursor.Start, Token), Is.Null);
        Assert.That(
            () => follower.FindAsync(deployment.Id, ownerId, Cursor.After(Guid.NewGuid()), Token), Throws.ArgumentException);

        // Lines that are committed before the stream is read come without a notification, and without a poll: the clock stands still.
        var empty = (await follower.FindAsync(deployment.Id, ownerId, Cursor.Start, Token))!;
        await AppendAsync(deployment, "first");
        var filled = (await follower.FindAsync(deployment.Id, ownerId, Cursor.Start, Token))!;
        await AppendAsync(deployment, "second");
        await Lifecycle.SucceedAsync(deployment.Id, null, Token);
        foreach (var lines in new[] { empty, filled })
        {
            var read = new List<string>();
            await foreach (var line in lines)
            {
                read.Add(line.Message);
                if (read.Count == 2)
                {
                    break;
                }
            }

            Assert.That(read, Is.EqualTo(new[] { "first", "second" }));
        }
    }

    [Test]
    public async Task Each_enumeration_begins_at_the_cursor()
    {
        var deployment = await StartedAsync(DeploymentStatus.Building);
        await AppendAsync(deployment, "1", "2", "3");
        await Lifecycle.SucceedAsync(deployment.Id, null, Token);
        var follower = Get<IDeploymentLogFollower>();
        var followed = follower.FollowAsync(deployment.Id, deployment.UserId, Cursor.After(1), Token);
        var found = (await follower.FindAsync(deployment.Id, deployment.UserId, Cursor.After(1), Token))!;
        foreach (var lines in new[] { followed, followed, found, found })
        {
            var read = new List<string>();
            await foreach (var line in lines)
            {
                read.Add(line.Message);
                if (read.Count == 2)
                {
                    break;
                }
            }

            Assert.That(read, Is.EqualTo(new[] { "2", "3" }));
        }
    }

    [Test]
    public async Task Following_waits_for_an_unreachable_server()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { Refuse = true };
        await using var host = NewHost(o => o.ConnectionString = proxy.ConnectionString);
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, "1");
        await using var follow = new Following(host, deployment, Cursor.Start);
        var next = follow.NextAsync(1);
        while (proxy.Refused < 3)
        {
            await Task.Delay(10, Token);
        }

        Assert.That(next.IsCompleted, Is.False);
        proxy.Refuse = false;

        Assert.That(await next, Is.EqualTo(new[] { "1" }));
    }

    [Test]
    public async Task A_thousand_followers_share_one_connection_and_leave_the_pool_free()
    {
        await using var host = NewHost(o => o.MaxPoolSize = 8);
        var project = await AddProjectAsync();
        var deployments = new List<Deployment>();
        for (var i = 0; i < 20; i++)
        {
            deployments.Add(await EnqueueAsync(project));
        }

        var all = Enumerable.Range(0, 1000).Select(i => new Following(host, deployments[i % 20], Cursor.Start)).ToList();
        var first = all.Select(f => f.NextAsync(1)).ToList();
        foreach (var deployment in deployments)
        {
            await AppendAsync(deployment, "first");
        }

        await Task.WhenAll(first);
        var second = all.Select(f => f.NextAsync(1)).ToList();

        // Every read stands still; a quarter of the pool is theirs, and another caller gets through.
        await using (var connection = await Raw.OpenConnectionAsync(Token))
        {
            await using var stop = new NpgsqlCommand("BEGIN; LOCK TABLE deployments", connection);
            await stop.ExecuteNonQueryAsync(Token);
            await ExecuteAsync(
                $"SELECT pg_notify('{IDeploymentLogRepository.Channel}', id::text) FROM unnest($1) AS id",
                deployments.Select(d => d.Id).ToArray());
            await UntilSomeoneWaitsAsync(2);
            for (var i = 0; i < 10; i++)
            {
                await host.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token).WaitAsync(
                    TimeSpan.FromSeconds(20), Token);
            }

            Assert.That(
                await ScalarAsync("SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND application_name = "
                    + "'follower' AND wait_event_type = 'Lock'"),
                Is.EqualTo(2));
        }

        foreach (var deployment in deployments)
        {
            await AppendAsync(deployment, "second");
        }

        Assert.That((await Task.WhenAll(second)).Select(lines => lines.Single()), Is.All.EqualTo("second"));
        Assert.That(
            await ScalarAsync("SELECT count(*)::int FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"),
            Is.EqualTo(1));
        foreach (var follow in all)
        {
            await follow.DisposeAsync();
        }
    }

    [Test]
    public async Task Following_ends_with_its_token_and_on_disposal()
    {
        var host = NewHost();
        var deployment = await EnqueueAsync();
        await using var cancelled = new Following(host, deployment, Cursor.Start);
        await using var left = new Following(host, deployment, Cursor.Start);
        var (one, two) = (cancelled.NextAsync(1), left.NextAsync(1));
        await cancelled.CancelAsync();
        Assert.That(() => one, Throws.InstanceOf<OperationCanceledException>());

        await host.DisposeAsync();

        Assert.That(() => two, Throws.TypeOf<ObjectDisposedException>());
    }

    private ServiceProvider NewHost(Action<AutoStackDataOptions>? configure = null, TimeProvider? clock = null) => new ServiceCollection()
        .AddSingleton(clock ?? Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = $"{Database.ConnectionString};Application Name=follower";
            options.MinPoolSize = 0;
            options.LogPollInterval = TimeSpan.FromDays(1);
            options.LogWriter.FlushInterval = TimeSpan.FromMilliseconds(1);
            configure?.Invoke(options);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private Task AppendAsync(Deployment deployment, params string[] messages) =>
        PlatformLogs.AppendAsync(deployment.Id, [.. messages.Select(m => new NewDeploymentLog { Message = m })], Token);

    // As after a failover that lost the lines after one, whose numbers later lines get.
    private async Task SetBackAsync(Deployment deployment, long seq, params string[] messages)
    {
        await ExecuteAsync("DELETE FROM deployment_logs WHERE deployment_id = $1 AND seq > $2", deployment.Id, seq);
        if (messages.Length > 0)
        {
            await AppendAsync(deployment, messages);
        }
    }

    // Whoever waits for the time may begin to wait a little later.
    private async Task MoveClockAsync(TimeSpan time, Task until)
    {
        while (!until.IsCompleted)
        {
            Clock.Advance(time);
            await Task.Delay(5, Token);
        }
    }

    /// <summary>One who follows.</summary>
    private sealed class Following : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        private readonly IAsyncEnumerator<DeploymentLog> lines;
        private readonly List<DeploymentLog> seen = [];
        private Task last = Task.CompletedTask;

        public Following(ServiceProvider host, Deployment deployment, Cursor from) =>
            lines = host.GetRequiredService<IDeploymentLogFollower>()
                .FollowAsync(deployment.Id, deployment.UserId, from, stop.Token).GetAsyncEnumerator(CancellationToken.None);

        public IEnumerable<long> Seqs => seen.Select(l => l.Seq);

        public DeploymentLog Last => seen[^1];

        public string[] Messages
        {
            get
            {
                lock (seen)
                {
                    return [.. seen.Select(l => l.Message)];
                }
            }
        }

        /// <summary>So many more lines; fewer when it has ended.</summary>
        public Task<List<string>> NextAsync(int count)
        {
            var next = ReadAsync(count);
            last = next;
            return next;
        }

        public Task CancelAsync() => stop.CancelAsync();

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await last.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await lines.DisposeAsync();
            stop.Dispose();
        }

        private async Task<List<string>> ReadAsync(int count)
        {
            var messages = new List<string>();
            while (messages.Count < count)
            {
                if (!await lines.MoveNextAsync())
                {
                    break;
                }

                messages.Add(lines.Current.Message);
                lock (seen)
                {
                    seen.Add(lines.Current);
                }
            }

            return messages;
        }
    }
}
