using AutoStack.Data;
using AutoStack.Data.Hosting;
using AutoStack.Data.Partitions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the maintenance of the partitions of logs as a hosted service.</summary>
public static class PartitionServiceCollectionExtensions
{
    /// <summary>
    /// Registers a hosted service that creates the partitions of the next periods on a schedule, and what <c>AddAutoStackDataWorkers</c>
    /// registers. Every instance of the service may register it: one process runs at a time, and a run is made once. In a database without
    /// the feature <c>log-partitions</c> the service reads the catalog every five minutes, and does nothing else.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="schedule">When a run is due, by the clock of the database server; null for every 6 hours.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddAutoStackData</c> was not called before.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddPartitionMaintenance(this IServiceCollection services, UpkeepSchedule? schedule = null)
    {
        services.AddAutoStackDataWorkers();
        return services.AddPartitions(key: null, schedule, PartitionWorker.LookInterval);
    }

    /// <summary>Registers the hosted service for a database that <c>AddKeyedAutoStackData</c> registered under a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="schedule">When a run is due, by the clock of the database server; null for every 6 hours.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddKeyedAutoStackData</c> was not called before with this key.</exception>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="services"/> or <paramref name="key"/> is null.
    /// </exception>
    public static IServiceCollection AddKeyedPartitionMaintenance(
        this IServiceCollection services, object key, UpkeepSchedule? schedule = null)
    {
        services.AddKeyedAutoStackDataWorkers(key);
        return services.AddPartitions(key, schedule, PartitionWorker.LookInterval);
    }

    /// <summary>As the public methods; tests look at the schedule more often.</summary>
    internal static IServiceCollection AddPartitions(
        this IServiceCollection services, object? key, UpkeepSchedule? schedule, TimeSpan interval) =>
        services.AddUpkeep<IPartitionMaintenance>(key, PartitionWorker.LeaseName, (maintenance, leases, logger) =>
            new PartitionWorker(schedule ?? UpkeepSchedule.Every(TimeSpan.FromHours(6)), interval, maintenance, leases, logger));
}
