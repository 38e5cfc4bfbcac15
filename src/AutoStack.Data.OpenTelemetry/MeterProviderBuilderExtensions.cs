using AutoStack.Data;

namespace OpenTelemetry.Metrics;

/// <summary>Subscribes metrics to AutoStack.Data.</summary>
public static class AutoStackDataMeterProviderBuilderExtensions
{
    /// <summary>
    /// Adds the metrics of AutoStack.Data: calls and connections of the database, the log writer, followers, workers and retention. The
    /// driver's own, under <c>Npgsql</c>, are not added: its durations would count each call a second time.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static MeterProviderBuilder AddAutoStackData(this MeterProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddMeter(AutoStackDataTelemetry.MeterName);
    }
}
