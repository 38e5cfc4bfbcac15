using System.Diagnostics;
using System.Diagnostics.Metrics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Logs;

/// <summary>The metrics of the writers of this process.</summary>
internal sealed class LogWriterMetrics : IDisposable
{
    private static readonly Gauge Held = Gauge.Sum("autostack.log_writer.held", "{line}", "Buffered log lines.");
    private static readonly Gauge Age = Gauge.Max("autostack.log_writer.age", "s", "Time since the oldest buffered line was buffered.");

    private static readonly Histogram<double> Duration = Telemetry.Meter.CreateHistogram<double>(
        "autostack.log_writer.flush.duration", "s", "Duration of a flush of log lines, including retries.");

    private static readonly Counter<long> Lines =
        Telemetry.Meter.CreateCounter<long>("autostack.log_writer.lines", "{line}", "Log lines that were stored.");

    private static readonly Counter<long> Dropped = Telemetry.Meter.CreateCounter<long>(
        "autostack.log_writer.refused", "{line}", "Log lines that were not stored: the database refused them, or their log was full.");

    private readonly IDisposable[] gauges;

    public LogWriterMetrics(LogBuffer buffer) => gauges = [Held.Add(() => buffer.Count), Age.Add(() => buffer.Age.TotalSeconds)];

    public static void Flushed(long started) => Duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);

    public static void Stored(long lines) => Lines.Add(lines);

    public static void Refused(long lines) => Dropped.Add(lines, new KeyValuePair<string, object?>("reason", "refused"));

    public static void Truncated(long lines) => Dropped.Add(lines, new KeyValuePair<string, object?>("reason", "truncated"));

    public void Dispose() => Array.ForEach(gauges, gauge => gauge.Dispose());
}
