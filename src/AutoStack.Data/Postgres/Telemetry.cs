using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Traces an operation of the library: a span, a duration, and a warning when the operation is slow. Never a parameter.
/// </summary>
internal sealed partial class Telemetry(ILogger logger, TimeSpan slowThreshold)
{
    private const string Name = "AutoStack.Data";

    /// <summary>The meter of all metrics of the library.</summary>
    public static Meter Meter { get; } = new(Name);

    private static readonly ActivitySource Source = new(Name);
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(
        "db.client.operation.duration", "s", "Duration of database operations, including the wait for a connection.");

    public static Activity? Start(string operation, Statement[] statements)
    {
        var activity = Source.StartActivity(operation, ActivityKind.Client);
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("db.system.name", "postgresql").SetTag("db.operation.name", operation);
            activity.SetTag("db.query.text", string.Join(";\n", statements.Select(s => s.Sql)));
        }

        return activity;
    }

    public void Stop(Activity? activity, string operation, long started, Exception? exception)
    {
        var elapsed = Stopwatch.GetElapsedTime(started);
        if (Duration.Enabled)
        {
            Duration.Record(
                elapsed.TotalSeconds,
                new("db.system.name", "postgresql"),
                new("db.operation.name", operation),
                new("error.type", exception?.GetType().Name));
        }

        if (elapsed >= slowThreshold)
        {
            LogSlow(logger, operation, elapsed.TotalMilliseconds);
        }

        if (activity is not null)
        {
            if (exception is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);
            }

            activity.Dispose();
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "{Operation} took {Milliseconds:0} ms.")]
    private static partial void LogSlow(ILogger logger, string operation, double milliseconds);
}
