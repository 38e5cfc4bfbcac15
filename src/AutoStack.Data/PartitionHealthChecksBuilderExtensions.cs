using AutoStack.Data;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the health check of the feature <c>log-partitions</c>.</summary>
public static class PartitionHealthChecksBuilderExtensions
{
    /// <summary>The tag of the check.</summary>
    public const string PartitionsTag = "partitions";

    /// <summary>
    /// Adds the check <c>autostack-data-partitions</c>, with the tag <see cref="PartitionsTag"/>: degraded when a table of logs has
    /// partitions for less than a week, so that somebody creates them before new rows go into the default partition. The service works in
    /// any case. Healthy without the feature.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHealthChecksBuilder AddAutoStackDataPartitions(this IHealthChecksBuilder builder) =>
        builder.AddPartitions(AutoStackDataServiceCollectionExtensions.DefaultKey, suffix: "");

    /// <summary>
    /// Adds the check of a database that <c>AddKeyedAutoStackData</c> registered under a key, whose name ends in <c>-</c> and the key.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="key">The key.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="key"/> is null.</exception>
    public static IHealthChecksBuilder AddKeyedAutoStackDataPartitions(this IHealthChecksBuilder builder, object key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return builder.AddPartitions(key, $"-{key}");
    }

    private static IHealthChecksBuilder AddPartitions(this IHealthChecksBuilder builder, object databaseKey, string suffix)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            $"autostack-data-partitions{suffix}",
            provider => provider.GetRequiredKeyedService<Database>(databaseKey).CreatePartitionCheck(),
            HealthStatus.Degraded,
            [PartitionsTag]));
    }
}
