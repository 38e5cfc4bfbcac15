using AutoStack.Data;
using AutoStack.Data.Hosting;
using AutoStack.Data.Retention;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the hosted services of the library.</summary>
internal static class HostedRegistration
{
    /// <summary>Registers a hosted service that writes to the log of the library.</summary>
    /// <param name="services">The services.</param>
    /// <param name="create">Creates the hosted service.</param>
    public static IServiceCollection AddHosted(
        this IServiceCollection services, Func<IServiceProvider, ILogger, IHostedService> create) =>
        services.AddSingleton(provider => create(
            provider,
            (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger(AutoStackDataTelemetry.LogCategory)));

    /// <summary>Registers a worker with a lease of its own, for the database of a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key of the database; null for the one without a key.</param>
    /// <param name="leaseName">The name of the lease.</param>
    /// <param name="create">Creates the worker.</param>
    public static IServiceCollection AddUpkeep<TMaintenance>(
        this IServiceCollection services, object? key, string leaseName, Func<TMaintenance, UpkeepLeases, ILogger, UpkeepWorker> create)
        where TMaintenance : notnull =>
        services.AddHosted((provider, logger) => create(
            provider.GetRequiredKeyedService<TMaintenance>(key),
            provider.GetRequiredKeyedService<Database>(key ?? AutoStackDataServiceCollectionExtensions.DefaultKey).CreateLeases(leaseName),
            logger));
}
