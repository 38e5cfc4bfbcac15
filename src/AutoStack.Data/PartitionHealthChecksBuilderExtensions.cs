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
    /// <param name="key">The key of the database; null for the one that <c>AddAutoStackData</c> registered.</param>
    /// <returns>The health checks.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IHealthChecksBuilder AddAutoStackDataPartitions(this IHealthChecksBuilder builder, object? key = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            $"autostack-data-partitions{(key is null ? "" : $"-{key}")}",
            provider => provider.GetRequiredKeyedService<Database>(key ?? AutoStackDataServiceCollectionExtensions.DefaultKey)
                .CreatePartitionCheck(),
            HealthStatus.Degraded,
            [PartitionsTag]));
    }
}
