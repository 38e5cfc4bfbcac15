using AutoStack.Data;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the health checks of AutoStack.Data.</summary>
public static class AutoStackDataHealthChecksBuilderExtensions
{
    /// <summary>The tag of the check that says whether the service can serve now.</summary>
    public const string ReadyTag = "ready";

    /// <summary>The tag of the check that says whether the process must be restarted.</summary>
    public const string LiveTag = "live";

    /// <summary>
    /// Adds two checks. <c>autostack-data-ready</c>, with the tag <see cref="ReadyTag"/>: the database answers within 2 s, its schema is
    /// new enough, it accepts changes, and a stored secret opens. <c>autostack-data-live</c>, with the tag <see cref="LiveTag"/>: the log
    /// writer and the log follower move; an outage of the database does not fail it.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="needsWrites">Whether a read-only database, such as a standby, is not ready.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHealthChecksBuilder AddAutoStackData(this IHealthChecksBuilder builder, bool needsWrites = true) =>
        builder.Add(AutoStackDataServiceCollectionExtensions.DefaultKey, suffix: "", needsWrites);

    /// <summary>
    /// Adds the two checks of a database that <c>AddKeyedAutoStackData</c> registered under a key, whose names end in <c>-</c> and the key.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="key">The key.</param>
    /// <param name="needsWrites">Whether a read-only database, such as a standby, is not ready.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="key"/> is null.</exception>
    public static IHealthChecksBuilder AddKeyedAutoStackData(this IHealthChecksBuilder builder, object key, bool needsWrites = true)
    {
        ArgumentNullException.ThrowIfNull(key);
        return builder.Add(key, $"-{key}", needsWrites);
    }

    private static IHealthChecksBuilder Add(this IHealthChecksBuilder builder, object databaseKey, string suffix, bool needsWrites)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Add(new HealthCheckRegistration(
            $"autostack-data-ready{suffix}",
            provider => Find(provider).CreateReadyCheck(needsWrites), HealthStatus.Unhealthy, [ReadyTag]));
        return builder.Add(new HealthCheckRegistration(
            $"autostack-data-live{suffix}", provider => Find(provider).CreateLiveCheck(), HealthStatus.Unhealthy, [LiveTag]));

        Database Find(IServiceProvider provider) => provider.GetRequiredKeyedService<Database>(databaseKey);
    }
}
