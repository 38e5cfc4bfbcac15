using AutoStack.Data;

namespace OpenTelemetry.Trace;

/// <summary>Subscribes traces to AutoStack.Data.</summary>
public static class AutoStackDataTracerProviderBuilderExtensions
{
    /// <summary>
    /// Adds the spans of AutoStack.Data: one for each call of the database, and one around a unit of work. The driver's spans of the same
    /// calls are left out, also where the host subscribes to <c>Npgsql</c> for connections of its own.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <returns>The builder.</returns>
    public static TracerProviderBuilder AddAutoStackData(this TracerProviderBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddSource(AutoStackDataTelemetry.ActivitySourceName);
    }
}
