using System.Diagnostics.Metrics;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Hosting;

/// <summary>The metrics of the hosted workers of this process.</summary>
internal static class WorkerMetrics
{
    private static readonly UpDownCounter<long> Running = Telemetry.Meter.CreateUpDownCounter<long>(
        "autostack.worker.jobs.running", "{job}", "Deployments that hosted workers build.");

    private static readonly Counter<long> Ended = Telemetry.Meter.CreateCounter<long>(
        "autostack.worker.jobs.finished", "{job}", "Deployments that hosted workers no longer build, by outcome.");

    private static readonly Counter<long> Taken = Telemetry.Meter.CreateCounter<long>(
        "autostack.worker.leases.expired", "{lease}", "Expired leases of any worker that hosted workers have taken back.");

    public static void Started() => Running.Add(1);

    public static void Finished(JobEnd end)
    {
        Running.Add(-1);
        Ended.Add(1, new KeyValuePair<string, object?>("outcome", end switch
        {
            JobEnd.Succeeded => "success",
            JobEnd.Failed => "failed",
            JobEnd.Cancelled => "cancelled",
            JobEnd.LeaseLost => "lease_lost",
            JobEnd.Superseded => "superseded",
            JobEnd.HandedBack => "handed_back",
            _ => "abandoned",
        }));
    }

    public static void TookBack(long leases) => Taken.Add(leases);
}

/// <summary>How a job of a hosted worker ended.</summary>
internal enum JobEnd
{
    /// <summary>The deployment succeeded.</summary>
    Succeeded,

    /// <summary>The deployment failed.</summary>
    Failed,

    /// <summary>The owner or another program ended the deployment.</summary>
    Cancelled,

    /// <summary>The deployment was built, and a newer one is live.</summary>
    Superseded,

    /// <summary>Another worker, or the queue, has the deployment.</summary>
    LeaseLost,

    /// <summary>The deployment went back to the queue.</summary>
    HandedBack,

    /// <summary>Nothing was reported; the lease expires.</summary>
    Abandoned,
}
