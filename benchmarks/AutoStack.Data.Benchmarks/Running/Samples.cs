using System.Diagnostics;

namespace AutoStack.Data.Benchmarks.Running;

/// <summary>What one subject took in one case.</summary>
internal sealed class Samples(RunningSubject subject, Action? prepare)
{
    private readonly List<double> times = [];
    private readonly List<double> bytes = [];
    private double[] batch = new double[1];

    public RunningSubject Subject => subject;

    /// <summary>How many rows its first call read or wrote.</summary>
    public int Rows { get; private set; }

    /// <summary>The median of its calls, for one operation.</summary>
    public double Nanoseconds => Median(times);

    /// <summary>The median of its batches, for one operation; allocated by the process, whichever thread went on with the call.</summary>
    public double Bytes => Median(bytes);

    /// <summary>Calls until the code is compiled for good, and finds out how many calls make a batch.</summary>
    public async Task WarmUpAsync(Pace pace)
    {
        prepare?.Invoke();
        Rows = await subject.AskAsync();
        var elapsed = Stopwatch.StartNew();
        while (elapsed.Elapsed < pace.WarmUp)
        {
            await TakeAsync();
        }

        if (prepare is null && times.Count > 0)
        {
            batch = new double[Math.Max(1, (int)(pace.Batch.TotalNanoseconds / (Nanoseconds * subject.Operations)))];
        }

        times.Clear();
        bytes.Clear();
    }

    /// <summary>Makes the calls of a batch.</summary>
    public async Task TakeAsync()
    {
        prepare?.Invoke();
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < batch.Length; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await subject.AskAsync();
            batch[i] = Stopwatch.GetElapsedTime(started).TotalNanoseconds / subject.Operations;
        }

        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        bytes.Add((double)allocated / batch.Length / subject.Operations);
        times.AddRange(batch);
    }

    internal static double Median(IReadOnlyCollection<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
