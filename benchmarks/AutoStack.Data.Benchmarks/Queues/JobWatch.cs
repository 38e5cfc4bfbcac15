using System.Collections.Concurrent;
using System.Diagnostics;

namespace AutoStack.Data.Benchmarks.Queues;

/// <summary>Records when jobs start.</summary>
internal sealed class JobWatch
{
    private readonly ConcurrentDictionary<Guid, long> started = new();

    /// <summary>Records the start of a job; the first one counts.</summary>
    public void Started(Guid id) => started.TryAdd(id, Stopwatch.GetTimestamp());

    /// <summary>The timestamp of <see cref="Stopwatch"/> at which the job started; null for a job that has not started.</summary>
    public long? StartOf(Guid id) => started.TryGetValue(id, out var timestamp) ? timestamp : null;
}
