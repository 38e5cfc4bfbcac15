using Hangfire;
using Hangfire.PostgreSql;
using Hangfire.PostgreSql.Factories;
using Hangfire.States;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>Hangfire with the storage of Hangfire.PostgreSql.</summary>
internal sealed class HangfireQueue : IJobQueue, IAsyncDisposable
{
    private const string Schema = "hangfire";

    private readonly NpgsqlDataSource source;
    private readonly OwnRows rows;
    private readonly string connectionString;
    private readonly PostgreSqlStorageOptions options;
    private PostgreSqlStorage? storage;
    private BackgroundJobServer? server;

    /// <param name="connectionString">The database.</param>
    /// <param name="longPolling">True for notifications beside the polling.</param>
    public HangfireQueue(string connectionString, bool longPolling)
    {
        var schema = longPolling ? $"{Schema}_notified" : Schema;
        Name = longPolling ? "Hangfire.PostgreSql, long polling" : "Hangfire.PostgreSql";

        // The storage enlists its connections in a TransactionScope, which is the default of Hangfire.PostgreSql and of the driver.
        this.connectionString = new NpgsqlConnectionStringBuilder(connectionString) { ApplicationName = Name, Enlist = true }
            .ConnectionString;
        source = NpgsqlDataSource.Create(connectionString);
        rows = new OwnRows(source, $"{schema}_own");
        options = new PostgreSqlStorageOptions
        {
            SchemaName = schema,

            // The default is 15 seconds. This is the shortest interval that Hangfire.PostgreSql accepts without AllowUnsafeValues, and so
            // the shortest latency of a job that another process enqueues. Workers of the enqueuing process are woken without polling.
            QueuePollInterval = TimeSpan.FromMilliseconds(50),

            // LISTEN and NOTIFY: workers of other processes are woken, too. Measured both ways, since each fetch then opens a second
            // connection.
            EnableLongPolling = longPolling,

            // The equivalent of a lease with a heartbeat: a build may take longer than any fixed time.
            UseSlidingInvisibilityTimeout = true,
            InvisibilityTimeout = TimeSpan.FromMinutes(1),
        };
    }

    public string Name { get; }

    private string JobsSchema => options.SchemaName;

    public async Task StartAsync(JobWatch watch)
    {
        if (storage is null)
        {
            await rows.CreateAsync();
            storage = new PostgreSqlStorage(new NpgsqlConnectionFactory(connectionString, options), options);
        }

        server = new BackgroundJobServer(
            new BackgroundJobServerOptions { WorkerCount = IJobQueue.Workers, Activator = new Activator(new HangfireJob(rows, watch)) },
            storage);
    }

    public async Task StopAsync()
    {
        server!.SendStop();
        await server.WaitForShutdownAsync(CancellationToken.None);
        server.Dispose();
    }

    public Task PrepareAsync(Guid[] ids) => rows.AddAsync(ids);

    public Task EnqueueAsync(Guid id)
    {
        new BackgroundJobClient(storage).Create<HangfireJob>(job => job.RunAsync(id), new EnqueuedState());
        return Task.CompletedTask;
    }

    public Task<JobCount> CountAsync(Guid[] ids) => rows.CountAsync(
        ids,
        $"SELECT (SELECT count(*) FROM {JobsSchema}.jobqueue) + (SELECT count(*) FROM {JobsSchema}.job WHERE statename <> 'Succeeded')");

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        await using var connection = new NpgsqlConnection(connectionString);
        NpgsqlConnection.ClearPool(connection);
    }

    private sealed class Activator(HangfireJob job) : JobActivator
    {
        public override object ActivateJob(Type jobType) => job;
    }
}

/// <summary>The job, as Hangfire calls it: the type and the method have to be public.</summary>
public sealed class HangfireJob
{
    private readonly OwnRows rows;
    private readonly JobWatch watch;

    internal HangfireJob(OwnRows rows, JobWatch watch) => (this.rows, this.watch) = (rows, watch);

    /// <summary>Runs the job.</summary>
    /// <param name="id">The row.</param>
    public Task RunAsync(Guid id)
    {
        watch.Started(id);
        return rows.BuildAsync(id);
    }
}
