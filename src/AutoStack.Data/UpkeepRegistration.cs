using AutoStack.Data;
using AutoStack.Data.Hosting;
using AutoStack.Data.Retention;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the workers that have a lease of their own.</summary>
internal static class UpkeepRegistration
{
    /// <summary>Registers a worker for the database of a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key of the database; null for the one without a key.</param>
    /// <param name="leaseName">The name of the lease.</param>
    /// <param name="create">Creates the worker.</param>
    public static IServiceCollection AddUpkeep<TMaintenance>(
        this IServiceCollection services, object? key, string leaseName, Func<TMaintenance, UpkeepLeases, ILogger, UpkeepWorker> create)
        where TMaintenance : notnull =>
        services.AddSingleton<IHostedService>(provider => create(
            provider.GetRequiredKeyedService<TMaintenance>(key),
            provider.GetRequiredKeyedService<Database>(key ?? AutoStackDataServiceCollectionExtensions.DefaultKey).CreateLeases(leaseName),
            (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("AutoStack.Data")));
}
