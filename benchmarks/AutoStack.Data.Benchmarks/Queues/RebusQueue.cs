using Npgsql;
using Rebus.Activation;
using Rebus.Backoff;
using Rebus.Bus;
using Rebus.Config;

namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>Rebus with the transport of Rebus.PostgreSql: a handler runs inside the transaction that receives its message.</summary>
internal sealed class RebusQueue : IJobQueue, IAsyncDisposable
{
    private const string Schema = "rebus";
    private const string Table = "messages";

    // The default is 100 ms, and 250 ms after a second without messages. The transport has no notifications; it gets the interval of
    // Hangfire.
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly NpgsqlDataSource source;
    private readonly OwnRows rows;
    private readonly string connectionString;
    private BuiltinHandlerActivator? activator;
    private IBus? bus;
    private bool isCreated;

    public RebusQueue(string connectionString)
    {
        this.connectionString = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = Name }.ConnectionString;
        source = NpgsqlDataSource.Create(connectionString);
        rows = new OwnRows(source, Schema);
    }

    public string Name => "Rebus.PostgreSql";

    public async Task StartAsync(JobWatch watch)
    {
        if (!isCreated)
        {
            await rows.CreateAsync();
            isCreated = true;
        }

        activator = new BuiltinHandlerActivator();
        activator.Handle<QueuedBuild>(build =>
        {
            watch.Started(build.Id);
            return rows.BuildAsync(build.Id);
        });
        bus = Configure.With(activator)
            .Logging(logging => logging.None())
            .Transport(transport => transport.UsePostgreSql(connectionString, Table, "builds", schemaName: Schema))
            .Options(options =>
            {
                // A worker of Rebus receives; parallelism is the number of handlers that run at once. With fewer workers than that, one
                // thread receives for several handlers.
                options.SetNumberOfWorkers(IJobQueue.Workers);
                options.SetMaxParallelism(IJobQueue.Workers);
                options.SetBackoffTimes(PollInterval);
            })
            .Start();
    }

    // Waits for the handlers.
    public Task StopAsync() => Task.Run(activator!.Dispose);

    public Task PrepareAsync(Guid[] ids) => rows.AddAsync(ids);

    public Task EnqueueAsync(Guid id) => bus!.SendLocal(new QueuedBuild(id));

    public Task<JobCount> CountAsync(Guid[] ids) => rows.CountAsync(ids, $"SELECT count(*) FROM {Schema}.{Table}");

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        await using var connection = new NpgsqlConnection(connectionString);
        NpgsqlConnection.ClearPool(connection);
    }

    private sealed record QueuedBuild(Guid Id);
}
