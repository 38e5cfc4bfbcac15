using AutoStack.Data;
using AutoStack.Data.Hosting;
using AutoStack.Data.Retention;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the retention of old rows as a hosted service.</summary>
public static class RetentionServiceCollectionExtensions
{
    /// <summary>
    /// Registers a hosted service that removes old rows on a schedule, and what <c>AddAutoStackDataWorkers</c> registers. Every instance of
    /// the service may register it: one process runs at a time, and a run is made once.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="schedule">When a run is due, by the clock of the database server.</param>
    /// <param name="pacing">How a run leaves room for others; null for the defaults.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddAutoStackData</c> was not called before.</exception>
    /// <exception cref="ArgumentException">An argument is null, or a value of the policy or the pacing is out of range.</exception>
    public static IServiceCollection AddRetention(
        this IServiceCollection services, RetentionPolicy policy, UpkeepSchedule schedule, RetentionPacing? pacing = null)
    {
        services.AddAutoStackDataWorkers();
        return services.Add(key: null, policy, schedule, pacing, RetentionWorker.LookInterval);
    }

    /// <summary>Registers the hosted service for a database that <c>AddKeyedAutoStackData</c> registered under a key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="policy">The ages at which rows are removed.</param>
    /// <param name="schedule">When a run is due, by the clock of the database server.</param>
    /// <param name="pacing">How a run leaves room for others; null for the defaults.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddKeyedAutoStackData</c> was not called before with this key.</exception>
    /// <exception cref="ArgumentException">An argument is null, or a value of the policy or the pacing is out of range.</exception>
    public static IServiceCollection AddKeyedRetention(
        this IServiceCollection services,
        object key,
        RetentionPolicy policy,
        UpkeepSchedule schedule,
        RetentionPacing? pacing = null)
    {
        services.AddKeyedAutoStackDataWorkers(key);
        return services.Add(key, policy, schedule, pacing, RetentionWorker.LookInterval);
    }

    /// <summary>As the public methods; tests look at the schedule more often.</summary>
    internal static IServiceCollection Add(
        this IServiceCollection services, object? key, RetentionPolicy policy, UpkeepSchedule schedule, RetentionPacing? pacing,
        TimeSpan interval)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(schedule);
        var paced = pacing ?? new RetentionPacing();
        RetentionRules.Of(policy);
        paced.Validate(nameof(pacing));
        return services.AddHosted((provider, logger) =>
            new RetentionWorker(policy, schedule, paced, interval, provider, key, logger));
    }
}
