using System.Diagnostics.Metrics;
using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>The server has fewer connections for the role than callers want.</summary>
/// <remarks>Not parallel, because the counter of refusals has no tag for one pool.</remarks>
[NonParallelizable]
public sealed class FullServerTests : DatabaseTests
{
    private string role = "";
    private ServiceProvider host = null!;
    private long refused;
    private MeterListener meters = null!;

    [SetUp]
    public async Task LimitTheRoleAsync()
    {
        role = $"full_{Guid.NewGuid():N}";
        await ExecuteAsync($"CREATE ROLE {role} LOGIN PASSWORD 'full' CONNECTION LIMIT 4");
        await ExecuteAsync($"GRANT pg_read_all_data TO {role}");
        host = Library();
        refused = 0;
        meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "autostack.data.repetitions")
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            },
        };
        meters.SetMeasurementEventCallback<long>((_, count, tags, _) =>
        {
            if (tags.Contains(new KeyValuePair<string, object?>("reason", "not_opened")))
            {
                Interlocked.Add(ref refused, count);
            }
        });
        meters.Start();
    }

    [TearDown]
    public async Task RemoveTheRoleAsync()
    {
        meters.Dispose();
        await host.DisposeAsync();
        await ExecuteAsync($"DROP ROLE {role}");
    }

    // The driver closes its idle connections at each refusal. Without the line, all callers open connections again and again.
    [Test]
    public async Task Callers_wait_in_line_for_the_connections_that_the_server_has()
    {
        var users = host.GetRequiredService<IUserRepository>();

        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                Assert.That(await users.FindAsync(Guid.NewGuid(), Token), Is.Null);
            }
        }, Token)));

        TestContext.Out.WriteLine($"{refused} refused");
        Assert.That(Volatile.Read(ref refused), Is.InRange(1, 100));
    }

    [Test]
    public async Task A_caller_in_line_gets_a_connection_once_the_server_has_one_more()
    {
        var users = host.GetRequiredService<IUserRepository>();
        var work = host.GetRequiredService<IUnitOfWork>();
        var end = new TaskCompletionSource();
        var holders = new List<Task>();
        for (var i = 0; i < 4; i++)
        {
            var begun = new TaskCompletionSource();
            holders.Add(work.RunAsync(async (tx, ct) =>
            {
                await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct);
                begun.SetResult();
                await end.Task;
            }, Token));
            await begun.Task;
        }

        var late = users.FindAsync(Guid.NewGuid(), Token);
        await UntilRefusedAsync(1);
        await ExecuteAsync($"ALTER ROLE {role} CONNECTION LIMIT 5");
        Assert.That(await late, Is.Null);

        end.SetResult();
        await Task.WhenAll(holders);
    }

    // The first calls of a process on a full server: one at a time asks again.
    [Test]
    public async Task Callers_of_a_pool_without_connections_get_the_first_ones()
    {
        await ExecuteAsync($"ALTER ROLE {role} CONNECTION LIMIT 0");
        var users = host.GetRequiredService<IUserRepository>();

        var calls = Enumerable.Range(0, 8).Select(_ => users.FindAsync(Guid.NewGuid(), Token)).ToList();
        await UntilRefusedAsync(8);
        await ExecuteAsync($"ALTER ROLE {role} CONNECTION LIMIT 4");

        Assert.That(await Task.WhenAll(calls), Is.All.Null);
    }

    [Test]
    public async Task A_call_that_waits_too_long_is_told_that_the_server_has_no_connection_left()
    {
        await using var impatient = Library(options => options.PoolTimeout = TimeSpan.FromMilliseconds(100));
        await ExecuteAsync($"ALTER ROLE {role} CONNECTION LIMIT 1");

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => impatient.GetRequiredService<IUnitOfWork>().RunAsync(
            async (tx, ct) =>
            {
                await tx.Get<IUserRepository>().FindAsync(Guid.NewGuid(), ct);
                await impatient.GetRequiredService<IUserRepository>().FindAsync(Guid.NewGuid(), ct);
            }, Token))!;

        Assert.That(failure.Message, Does.Match(
            "^No connection was free within 0.1 s: 1 of 32 connections are in use, and the server has no connection left, "
                + "the longest by "));
    }

    private ServiceProvider Library(Action<AutoStackDataOptions>? configure = null) => new ServiceCollection()
        .AddLogging()
        .AddAutoStackData(options =>
        {
            var connection = new NpgsqlConnectionStringBuilder(Database.ConnectionString) { Username = role, Password = "full" };
            options.ConnectionString = connection.ConnectionString;
            (options.MinPoolSize, options.MaxPoolSize) = (0, 32);
            configure?.Invoke(options);
        })
        .BuildServiceProvider();

    private async Task UntilRefusedAsync(int count)
    {
        while (Volatile.Read(ref refused) < count)
        {
            await Task.Delay(10, Token);
        }
    }
}
