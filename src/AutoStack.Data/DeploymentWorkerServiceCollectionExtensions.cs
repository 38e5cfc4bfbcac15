using AutoStack.Data.Hosting;
using Microsoft.Extensions.Options;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers hosted workers that build deployments.</summary>
public static class DeploymentWorkerServiceCollectionExtensions
{
    /// <summary>
    /// Registers a hosted worker, and what <c>AddAutoStackDataWorkers</c> registers. The worker claims queued deployments, builds each of
    /// them with <paramref name="build"/>, renews its lease meanwhile, and reports the outcome.
    /// </summary>
    /// <remarks>
    /// <para>The build returns the address of the result, or null; or throws: <see cref="DeploymentFailedException"/> with a reason that
    /// the owner reads, anything else for a general one. Its token is cancelled when the owner cancels the deployment, when the lease is
    /// lost, and when the host stops; the deployment then goes back to the queue.</para>
    /// <para>An outage of the database ends neither the worker nor a build: calls of the job and its log wait, and the outcome is reported
    /// until it is answered or the lease is lost. A call may be made again for each worker that a process runs.</para>
    /// </remarks>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options. The host checks them at its start.</param>
    /// <param name="build">Builds one deployment.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddAutoStackData</c> was not called before.</exception>
    public static IServiceCollection AddDeploymentWorker(
        this IServiceCollection services,
        Action<DeploymentWorkerOptions> configure,
        Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build)
    {
        services.AddAutoStackDataWorkers();
        return services.Add(key: null, configure, build);
    }

    /// <summary>Registers a hosted worker for a database that <c>AddKeyedAutoStackData</c> registered under a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="configure">Sets the options. The host checks them at its start.</param>
    /// <param name="build">Builds one deployment.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddKeyedAutoStackData</c> was not called before with this key.</exception>
    public static IServiceCollection AddKeyedDeploymentWorker(
        this IServiceCollection services,
        object key,
        Action<DeploymentWorkerOptions> configure,
        Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build)
    {
        services.AddKeyedAutoStackDataWorkers(key);
        return services.Add(key, configure, build);
    }

    private static IServiceCollection Add(
        this IServiceCollection services,
        object? key,
        Action<DeploymentWorkerOptions> configure,
        Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build)
    {
        ArgumentNullException.ThrowIfNull(configure);
        ArgumentNullException.ThrowIfNull(build);
        var name = $"AutoStack.Data:{Guid.NewGuid():N}";
        services.AddOptions<DeploymentWorkerOptions>(name).Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DeploymentWorkerOptions>>(new DeploymentWorkerOptions.Validator(name));
        return services.AddHosted((provider, logger) => new DeploymentWorker(
            provider.GetRequiredService<IOptionsMonitor<DeploymentWorkerOptions>>().Get(name), build, provider, key, logger));
    }
}
