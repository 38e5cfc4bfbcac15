using System.Collections.Concurrent;
using System.Diagnostics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Hosts;

public sealed class FailoverTests : ReplicationTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(8);

    [TestCase("killed")]
    [TestCase("hung")]
    public async Task Writes_go_on_at_a_promoted_standby_and_lose_nothing_acknowledged(string primary)
    {
        await using var servers = await StartAsync(isSynchronous: true);
        await using var host = HostOf(servers, options => options.OperationTimeout = Deadline);
        var users = host.GetRequiredService<IUserRepository>();
        await users.AddAsync(NewUser(), Token);

        // A write begins every 50 ms, as requests do, whatever became of the others.
        var writes = new ConcurrentBag<(long Started, long Ended, Guid? Stored)>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var load = Task.Run(async () =>
        {
            var running = new List<Task>();
            while (!stop.IsCancellationRequested)
            {
                running.Add(Task.Run(WriteAsync, CancellationToken.None));
                await Task.Delay(50, CancellationToken.None);
            }

            await Task.WhenAll(running);
        }, CancellationToken.None);
        await Task.Delay(1000, Token);

        await (primary == "hung" ? servers.FreezePrimaryAsync(Token) : servers.KillPrimaryAsync(Token));
        await Task.Delay(3000, Token);
        await servers.PromoteAsync(Token);
        var promoted = Stopwatch.GetTimestamp();
        while (writes.Count(write => write.Started > promoted && write.Stored is not null) < 80)
        {
            await Task.Delay(20, Token);
        }

        await stop.CancelAsync();
        await load;
        var stored = writes.Where(write => write.Stored is not null).ToList();
        var later = stored.Where(write => write.Started > promoted).ToList();
        TestContext.Out.WriteLine(
            $"{primary}: first of {stored.Count} stored {Seconds(promoted, stored.Where(w => w.Ended > promoted).Min(w => w.Ended))} "
            + $"after the promotion; of those begun then the first took {Took(later.MinBy(w => w.Started))}, "
            + $"the longest {later.Select(Took).Max()}; {writes.Count - stored.Count} failed; longest call {writes.Select(Took).Max()}");
        var rows = (Guid[])(await OnStandbyAsync(servers, "SELECT array_agg(id) FROM users"))!;
        Assert.That(stored.Select(write => write.Stored!.Value).Except(rows), Is.Empty);

        static string Seconds(long from, long to) => $"{Stopwatch.GetElapsedTime(from, to).TotalSeconds:00.00} s";

        static string Took((long Started, long Ended, Guid? Stored) write) => Seconds(write.Started, write.Ended);

        async Task WriteAsync()
        {
            var started = Stopwatch.GetTimestamp();
            Guid? id = null;
            try
            {
                id = (await users.AddAsync(NewUser(), CancellationToken.None)).Id;
            }
            catch (DatabaseUnavailableException)
            {
                // The next write is another user.
            }

            writes.Add((started, Stopwatch.GetTimestamp(), id));
        }
    }

    [Test]
    public async Task Waiters_for_notifications_follow_a_failover()
    {
        await using var servers = await StartAsync();
        await using var host = HostOf(servers);
        var user = await host.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
        var project = await host.GetRequiredService<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
        await servers.UntilAppliedAsync(Token);
        await using var turns = host.GetRequiredService<IDeploymentQueueWatcher>().WatchAsync(TimeSpan.FromHours(1), Token)
            .GetAsyncEnumerator(Token);
        await turns.MoveNextAsync();
        await turns.MoveNextAsync();

        await servers.KillPrimaryAsync(Token);
        await servers.PromoteAsync(Token);

        // The new connection yields a turn; then each commit does.
        await turns.MoveNextAsync();
        await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = user.Id }, Token);
        await turns.MoveNextAsync();
    }

    [Test]
    public async Task A_read_only_period_refuses_writes_and_ends_with_the_setting()
    {
        await using var servers = await StartAsync();
        await using var before = HostOf(servers);
        var user = await before.GetRequiredService<IUserRepository>().AddAsync(NewUser(), Token);
        await OnPrimaryAsync(servers, "ALTER ROLE autostack SET default_transaction_read_only = on");
        await using var host = HostOf(servers);
        var users = host.GetRequiredService<IUserRepository>();

        Assert.That(
            () => users.AddAsync(NewUser(), Token),
            Throws.TypeOf<DatabaseUnavailableException>().With.Property("OutcomeUnknown").False.And.Property("IsTransient").True);
        Assert.That(await users.FindAsync(user.Id, Token), Is.Not.Null);
        await servers.UntilAppliedAsync(Token);
        Assert.That(await host.GetRequiredService<IStandbyReads>().Get<IUserRepository>().FindAsync(user.Id, Token), Is.Not.Null);

        // A session keeps the setting with which it began: the pool has to open another one.
        await OnPrimaryAsync(servers, "ALTER ROLE autostack RESET default_transaction_read_only");
        await users.AddAsync(NewUser(), Token);
    }

    [Test]
    public async Task A_refused_role_is_reported_although_another_host_is_away()
    {
        await using var servers = await StartAsync();
        await servers.StopStandbyAsync(Token);
        await using var host = HostOf(servers, options => options.ConnectionString =
            servers.ConnectionString.Replace("Username=autostack", "Username=nobody", StringComparison.Ordinal));

        var started = Stopwatch.GetTimestamp();
        var failure = Assert.CatchAsync(() => host.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), Token));

        Assert.That(failure, Is.InstanceOf<Npgsql.NpgsqlException>(), $"after {Stopwatch.GetElapsedTime(started)}");
        Assert.That(failure!.ToString(), Does.Contain("28000"));
    }
}
