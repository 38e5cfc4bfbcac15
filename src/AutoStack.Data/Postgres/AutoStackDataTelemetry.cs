namespace AutoStack.Data;

/// <summary>The names by which a host subscribes to the traces, metrics and logs of the library.</summary>
public static class AutoStackDataTelemetry
{
    /// <summary>The activity source: a span for each operation, each unit of work and its commit.</summary>
    public const string ActivitySourceName = "AutoStack.Data";

    /// <summary>The meter.</summary>
    public const string MeterName = "AutoStack.Data";

    /// <summary>The category of log messages.</summary>
    public const string LogCategory = "AutoStack.Data";
}
