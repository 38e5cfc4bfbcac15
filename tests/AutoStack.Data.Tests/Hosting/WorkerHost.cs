using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>A host with one worker, as a service has it, and the machine's clock.</summary>
public sealed class WorkerHost : IAsyncDisposable
{
    private readonly IHost host;

    private WorkerHost(IHost host) => this.host = host;

    /// <summary>Starts the host; without <paramref name="start"/> only its services are used.</summary>
    public static async Task<WorkerHost> StartAsync(
        string connectionString,
        Action<DeploymentWorkerOptions> configure,
        Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build,
        CancellationToken token,
        bool start = true,
        ILoggerProvider? log = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.Services
            .AddAutoStackData(options =>
            {
                (options.ConnectionString, options.MinPoolSize, options.LogPollInterval) = (connectionString, 0, TimeSpan.FromSeconds(1));
                options.ListenForNotifications = false;

                // Shorter than the outages of the tests: a call then fails, and the worker repeats it.
                options.OperationTimeout = TimeSpan.FromSeconds(2);
            })
            .AddDeploymentWorker(
                options =>
                {
                    options.PollInterval = TimeSpan.FromMilliseconds(100);
                    options.RequeueInterval = TimeSpan.FromMilliseconds(200);
                    configure(options);
                }, build);
        var worker = new WorkerHost(builder.Build());
        if (start)
        {
            await worker.StartAsync(token);
        }

        return worker;
    }

    /// <summary>Makes a call of a build; the exception that it throws, or null.</summary>
    public static async Task<Exception?> OutcomeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }

    public T Get<T>()
        where T : notnull => host.Services.GetRequiredService<T>();

    /// <summary>Queues a deployment of a user of its own.</summary>
    public async Task<Deployment> EnqueueAsync(CancellationToken token)
    {
        var user = await Get<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = $"ada-{Guid.NewGuid():N}@example.com" }, token);
        var project = await Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, token);
        return (await Get<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = user.Id }, token))!;
    }

    /// <summary>Waits until the deployment has ended, through outages.</summary>
    public async Task<Deployment> UntilEndedAsync(Deployment deployment, CancellationToken token)
    {
        while (true)
        {
            try
            {
                var found = await Get<IDeploymentRepository>().FindAsync(deployment.Id, deployment.UserId, token);
                if (found!.Status.IsFinished)
                {
                    return found;
                }
            }
            catch (DatabaseUnavailableException)
            {
                // The outage that the test makes.
            }

            await Task.Delay(20, token);
        }
    }

    /// <summary>The messages of the log.</summary>
    public async Task<IReadOnlyList<string>> LogAsync(Deployment deployment, CancellationToken token)
    {
        var page = await Get<IDeploymentLogRepository>().ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, token);
        return [.. page.Items.Select(line => line.Message)];
    }

    public Task StartAsync(CancellationToken token) => host.StartAsync(token);

    /// <summary>Stops the host, as a deployment of the service does.</summary>
    public Task StopAsync(CancellationToken token) => host.StopAsync(token);

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        if (host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }
    }
}
