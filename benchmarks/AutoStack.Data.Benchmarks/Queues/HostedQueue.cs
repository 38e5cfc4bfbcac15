using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>
/// The library with the worker that a host registers: one loop claims for all builds, each build has a heartbeat and a log, and the loop
/// waits for one notification instead of eight.
/// </summary>
internal sealed class HostedQueue(string connectionString) : LibraryQueue(connectionString)
{
    public override string Name => "AutoStack.Data, hosted worker";

    protected override IServiceCollection Register(IServiceCollection services, JobWatch watch) => services.AddDeploymentWorker(
        options => (options.Concurrency, options.Lease) = (IJobQueue.Workers, Lease),
        async (job, _, cancellationToken) =>
        {
            watch.Started(job.Deployment.Id);
            await job.EnterAsync(DeploymentStatus.Building, cancellationToken);
            return null;
        });

    protected override async Task StartWorkersAsync(JobWatch watch)
    {
        foreach (var service in Services.GetServices<IHostedService>())
        {
            await service.StartAsync(CancellationToken.None);
        }
    }

    protected override async Task StopWorkersAsync()
    {
        foreach (var service in Services.GetServices<IHostedService>().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
        }
    }
}
