using System.Reflection;
using AutoStack.Data.Deployments;
using AutoStack.Data.Postgres;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Npgsql;

namespace AutoStack.Data.Tests.Postgres;

/// <summary>Notifications are sent after commits, merged while they follow each other, and repeated until they are sent.</summary>
[CancelAfter(120_000)]
public sealed class NotifierTests : DatabaseTests
{
    private const string Channel = "test_notifier";

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private readonly List<string> received = [];
    private NpgsqlConnection listener = null!;

    [SetUp]
    public async Task ListenAsync()
    {
        received.Clear();
        listener = await Raw.OpenConnectionAsync(Token);
        listener.Notification += (_, notification) => received.Add(notification.Payload);
        await using var command = new NpgsqlCommand($"LISTEN {Channel}; LISTEN {IDeploymentRepository.QueueChannel}", listener);
        await command.ExecuteNonQueryAsync(Token);
    }

    [TearDown]
    public async Task StopAsync() => await listener.DisposeAsync();

    // The clock stands still: a thousand changes within the pause are one notification.
    [Test]
    public async Task The_first_change_is_sent_immediately_and_those_within_the_pause_together()
    {
        var clock = new FakeTimeProvider();
        await using var host = Library(Database.ConnectionString);
        await using var notifier = new Notifier(DbOf(host), Channel, Pause, clock);
        notifier.Record("first");
        await ReceivedAsync("first");
        for (var i = 0; i < 1000; i++)
        {
            notifier.Record("many", $"each {i % 2}");
        }

        await ExecuteAsync($"NOTIFY {Channel}, 'sent by the test'");
        await ReceivedAsync("sent by the test");
        while (!received.Contains("many"))
        {
            clock.Advance(Pause);
            await listener.WaitAsync(10, Token);
        }

        await notifier.DisposeAsync();
        await ExecuteAsync($"NOTIFY {Channel}, 'end'");
        await ReceivedAsync("end");
        Assert.That(received, Is.EqualTo(new[] { "first", "sent by the test", "many", "each 0", "each 1", "end" }));
    }

    [Test]
    public async Task Disposal_sends_what_is_recorded_and_refuses_more()
    {
        await using var host = Library(Database.ConnectionString);
        var notifier = new Notifier(DbOf(host), Channel, Pause, new FakeTimeProvider());
        notifier.Record("first");
        await ReceivedAsync("first");
        notifier.Record("within the pause");
        await notifier.DisposeAsync();
        notifier.Record("too late");
        await notifier.SentAsync();
        await ExecuteAsync($"NOTIFY {Channel}, 'end'");
        await ReceivedAsync("end");

        Assert.That(received, Is.EqualTo(new[] { "first", "within the pause", "end" }));
    }

    [Test]
    public async Task Services_that_are_disposed_after_an_enqueue_have_sent_its_notification([Values] bool isAsynchronous)
    {
        var project = await AddProjectAsync();
        var host = Library(Database.ConnectionString);
        await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token);
        if (isAsynchronous)
        {
            await host.DisposeAsync();
        }
        else
        {
            host.Dispose();
        }

        await ExecuteAsync($"NOTIFY {Channel}, 'end'");
        await ReceivedAsync("end");
        Assert.That(received, Is.EqualTo(new[] { "", "end" }));
    }

    // A call sends a lost statement once more: the notifier itself has to repeat it as well.
    [Test]
    public async Task A_notification_whose_connections_are_lost_is_repeated_until_it_is_sent()
    {
        var project = await AddProjectAsync();
        await using var proxy = new LosingProxy(Database.ConnectionString, "pg_notify", times: 5);
        await using var host = Library(proxy.ConnectionString);
        await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token);

        await ReceivedAsync("");
        Assert.That(proxy.Left, Is.Zero);
    }

    [Test]
    public async Task An_enqueue_whose_answer_is_lost_notifies()
    {
        var project = await AddProjectAsync();
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var host = Library(proxy.ConnectionString);
        await host.GetRequiredService<IDeploymentRepository>().ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 1, Token);
        proxy.CutAnswer(1);

        // The library sends the enqueue again, and finds the row.
        await host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token);

        Assert.That(proxy.Cuts, Is.EqualTo(1));
        await ReceivedAsync("");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task An_enqueue_of_unknown_outcome_notifies(bool inUnitOfWork)
    {
        var project = await AddProjectAsync();
        var deployment = new NewDeployment { ProjectId = project.Id, UserId = project.UserId };
        await using var proxy = new CuttingProxy(Database.ConnectionString) { RefuseAfterCut = true };
        await using var host = Library(proxy.ConnectionString);
        await host.GetRequiredService<IDeploymentRepository>().ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 1, Token);
        proxy.CutAnswer(1);

        var failure = Assert.ThrowsAsync<DatabaseUnavailableException>(() => inUnitOfWork
            ? host.GetRequiredService<IUnitOfWork>().RunAsync(
                (tx, token) => tx.Get<IDeploymentRepository>().EnqueueAsync(deployment, token), Token)
            : host.GetRequiredService<IDeploymentRepository>().EnqueueAsync(deployment, Token));

        Assert.That(failure!.OutcomeUnknown, Is.True);
        proxy.Refuse = false;
        await ReceivedAsync("");
    }

    private static ServiceProvider Library(string connectionString) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            (options.ConnectionString, options.MinPoolSize) = (connectionString, 0);
            options.OperationTimeout = TimeSpan.FromSeconds(2);
        })
        .BuildServiceProvider();

    private static Db DbOf(ServiceProvider host)
    {
        var database = host.GetRequiredKeyedService<Data.Database>(AutoStackDataServiceCollectionExtensions.DefaultKey);
        var field = typeof(Data.Database).GetField("executor", BindingFlags.NonPublic | BindingFlags.Instance)!;
        return new Db((Executor)field.GetValue(database)!, new Subject("Test", table: null));
    }

    private async Task ReceivedAsync(string payload)
    {
        while (!received.Contains(payload))
        {
            await listener.WaitAsync(Token);
        }
    }

    /// <summary>Closes connections that carry a text to the server, instead of passing it on.</summary>
    private sealed class LosingProxy(string connectionString, string text, int times) : ServerProxy(connectionString)
    {
        private readonly byte[] text = System.Text.Encoding.ASCII.GetBytes(text);
        private int left = times;

        /// <summary>The number of connections that are still to be closed.</summary>
        public int Left => Volatile.Read(ref left);

        protected override ValueTask<bool> PassUpAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
        {
            if (Left == 0 || packet.Span.IndexOf(text) < 0)
            {
                return base.PassUpAsync(link, packet);
            }

            Interlocked.Decrement(ref left);
            return new(false);
        }
    }
}
