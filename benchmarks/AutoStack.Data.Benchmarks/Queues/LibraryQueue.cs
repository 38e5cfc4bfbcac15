using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Deployments;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>
/// The library: the queue is the table of deployments, with all its indexes, and users take turns. The workers are loops over
/// <see cref="IDeploymentLifecycle"/>, each woken by <see cref="IDeploymentQueueWatcher"/>.
/// </summary>
internal class LibraryQueue : IJobQueue, IAsyncDisposable
{
    /// <summary>The default of the hosted worker.</summary>
    protected static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);

    private readonly NpgsqlDataSource source;
    private ServiceProvider? provider;
    private IDeploymentRepository? deployments;
    private CancellationTokenSource? stop;
    private Task[] workers = [];
    private Owned[] projects = [];
    private int enqueued;

    public LibraryQueue(string connectionString) =>
        (ConnectionString, source) = (connectionString, NpgsqlDataSource.Create(connectionString));

    public virtual string Name => "AutoStack.Data";

    protected string ConnectionString { get; }

    protected IServiceProvider Services => provider ?? throw new InvalidOperationException("The queue is not started.");

    public async Task StartAsync(JobWatch watch)
    {
        projects = await ListProjectsAsync(source);
        provider = Register(new ServiceCollection().AddAutoStackData(ConnectionString), watch).BuildServiceProvider();
        deployments = provider.GetRequiredService<IDeploymentRepository>();
        await StartWorkersAsync(watch);
    }

    public async Task StopAsync()
    {
        await StopWorkersAsync();
        await provider!.DisposeAsync();
    }

    public Task PrepareAsync(Guid[] ids) => Task.CompletedTask;

    public async Task EnqueueAsync(Guid id)
    {
        var project = projects[(uint)Interlocked.Increment(ref enqueued) % projects.Length];
        var deployment = new NewDeployment { Id = id, ProjectId = project.Id, UserId = project.OwnerId };
        _ = await deployments!.EnqueueAsync(deployment) ?? throw new InvalidOperationException("The project does not exist.");
    }

    // A job that ends after a newer one of its project is cancelled.
    public async Task<JobCount> CountAsync(Guid[] ids) => (await Raw.ListAsync(
        source,
        """
        SELECT count(*) FILTER (WHERE d.status IN ('success', 'cancelled')), count(*) FILTER (WHERE l.attempt > 1),
            count(*) FILTER (WHERE d.completed_at IS NULL)
        FROM deployments d
        LEFT JOIN deployment_leases l ON l.deployment_id = d.id
        WHERE d.id = ANY ($1)
        """,
        row => new JobCount((int)row.GetInt64(0), (int)row.GetInt64(1), (int)row.GetInt64(2)),
        Raw.Array(ids, NpgsqlDbType.Uuid)))[0];

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        stop?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A project of each of a hundred users: the deployments of the jobs belong to many users, who take turns.</summary>
    internal static async Task<Owned[]> ListProjectsAsync(NpgsqlDataSource source) => [.. await Raw.ListAsync(
        source,
        "SELECT DISTINCT ON (p.user_id) p.id, p.user_id FROM projects p ORDER BY p.user_id, p.id LIMIT 100",
        row => new Owned(row.GetGuid(0), row.GetGuid(1)))];

    protected virtual IServiceCollection Register(IServiceCollection services, JobWatch watch) => services.AddAutoStackDataWorkers();

    protected virtual Task StartWorkersAsync(JobWatch watch)
    {
        stop = new CancellationTokenSource();
        workers = [.. Enumerable.Range(0, IJobQueue.Workers).Select(_ => Task.Run(() => WorkAsync(watch, stop.Token)))];
        return Task.CompletedTask;
    }

    protected virtual async Task StopWorkersAsync()
    {
        await stop!.CancelAsync();
        await Task.WhenAll(workers);
    }

    private async Task WorkAsync(JobWatch watch, CancellationToken stopping)
    {
        var lifecycle = Services.GetRequiredService<IDeploymentLifecycle>();
        var options = new ClaimOptions { Lease = Lease };
        try
        {
            // The poll interval that the hosted worker has by default.
            await foreach (var _ in Services.GetRequiredService<IDeploymentQueueWatcher>()
                .WatchAsync(TimeSpan.FromSeconds(10), stopping))
            {
                while (await lifecycle.ClaimNextAsync(options, CancellationToken.None) is { } claimed)
                {
                    watch.Started(claimed.Deployment.Id);
                    await lifecycle.AdvanceAsync(claimed.Claim, DeploymentStatus.Building, CancellationToken.None);
                    await lifecycle.SucceedAsync(claimed.Claim, deployedUrl: null, CancellationToken.None);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The workers are stopped.
        }
    }
}
