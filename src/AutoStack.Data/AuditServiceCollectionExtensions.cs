using AutoStack.Data;
using AutoStack.Data.Audit;
using AutoStack.Data.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the upkeep of the audit log as a hosted service.</summary>
public static class AuditServiceCollectionExtensions
{
    /// <summary>
    /// Registers a hosted service that seals the entries of the audit log, creates the partitions of the next months and drops old ones on
    /// a schedule, and what <c>AddAutoStackDataWorkers</c> registers. Every instance of the service may register it: one process runs at a
    /// time. In a database without the feature <c>audit</c> the service reads the catalog every five minutes, and does nothing else.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="schedule">When a run is due, by the clock of the database server; null for every hour.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddAutoStackData</c> was not called before.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="services"/> is null.</exception>
    public static IServiceCollection AddAuditMaintenance(this IServiceCollection services, UpkeepSchedule? schedule = null)
    {
        services.AddAutoStackDataWorkers();
        return services.AddAudit(key: null, schedule, AuditWorker.LookInterval);
    }

    /// <summary>Registers the hosted service for a database that <c>AddKeyedAutoStackData</c> registered under a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="schedule">When a run is due, by the clock of the database server; null for every hour.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddKeyedAutoStackData</c> was not called before with this key.</exception>
    /// <exception cref="ArgumentNullException">
    /// <paramref name="services"/> or <paramref name="key"/> is null.
    /// </exception>
    public static IServiceCollection AddKeyedAuditMaintenance(
        this IServiceCollection services, object key, UpkeepSchedule? schedule = null)
    {
        services.AddKeyedAutoStackDataWorkers(key);
        return services.AddAudit(key, schedule, AuditWorker.LookInterval);
    }

    /// <summary>As the public methods; tests look at the schedule more often.</summary>
    internal static IServiceCollection AddAudit(
        this IServiceCollection services, object? key, UpkeepSchedule? schedule, TimeSpan interval) =>
        services.AddUpkeep<IAuditMaintenance>(key, AuditWorker.LeaseName, (maintenance, leases, logger) =>
            new AuditWorker(schedule ?? UpkeepSchedule.Every(TimeSpan.FromHours(1)), interval, maintenance, leases, logger));
}
