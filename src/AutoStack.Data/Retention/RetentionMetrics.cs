using System.Diagnostics.Metrics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Retention;

/// <summary>The metrics of the runs of this process.</summary>
internal static class RetentionMetrics
{
    private static readonly Counter<long> Rows = Telemetry.Meter.CreateCounter<long>(
        "autostack.retention.rows", "{row}", "Rows that retention has removed, by table.");

    private static readonly Counter<long> Runs = Telemetry.Meter.CreateCounter<long>(
        "autostack.retention.runs", "{run}", "Runs of retention that have ended, by outcome.");

    private static readonly Counter<long> Failures = Telemetry.Meter.CreateCounter<long>(
        "autostack.retention.failures", "{failure}", "Tables for which a run of retention has failed, by table.");

    private static readonly Gauge LastSuccess = Gauge.Max(
        "autostack.retention.last_success", "s", "When a run of retention last succeeded in any process, in seconds since 1970.");

    public static void Removed(string table, int rows) => Rows.Add(rows, new KeyValuePair<string, object?>("table", table));

    public static void Finished(RetentionRun run)
    {
        var outcome = run.Outcome switch
        {
            RetentionRunOutcome.Completed => "completed",
            RetentionRunOutcome.Partial => "partial",
            RetentionRunOutcome.Failed => "failed",
            _ => "lease_lost",
        };
        Runs.Add(1, new KeyValuePair<string, object?>("outcome", outcome));
        foreach (var result in run.Results.Where(result => result.Failure is not null))
        {
            Failures.Add(1, new KeyValuePair<string, object?>("table", result.Table));
        }
    }

    /// <summary>Adds the last success that a scheduled process knows, in seconds since 1970; disposing the result removes it.</summary>
    public static IDisposable Watch(Func<double> lastSuccess) => LastSuccess.Add(lastSuccess);
}
