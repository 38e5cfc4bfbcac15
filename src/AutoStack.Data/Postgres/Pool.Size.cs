using System.Diagnostics;
using System.Globalization;

namespace AutoStack.Data.Postgres;

// The number of connections at once. While the server refuses more, calls wait in line for those that the pool has: each attempt at another
// one costs the server a process, and the driver then closes the idle connections of the pool.
internal sealed partial class Pool
{
    // The time without a refusal after which the pool may have another connection, then two, four and so on.
    private static readonly TimeSpan GrowthPause = TimeSpan.FromSeconds(1);

    // Guarded by gate.
    private int size = limits.Size;
    private int growth = 1;
    private long resized;

    // The server has refused a connection. The pool can have the other connections in use, and no more; without any, one call at a time
    // asks the server again.
    private void LeaveFull()
    {
        lock (gate)
        {
            inUse--;
            size = Math.Max(1, Math.Min(size, inUse));
            growth = 1;
            resized = Stopwatch.GetTimestamp();
            Admit();
        }
    }

    // Called with the gate.
    private void Grow()
    {
        if (size == limits.Size || Stopwatch.GetElapsedTime(resized) < GrowthPause)
        {
            return;
        }

        size = Math.Min(limits.Size, size + growth);
        growth = Math.Min(growth * 2, limits.Size);
        resized = Stopwatch.GetTimestamp();
        Admit();
    }

    // Called with the gate.
    private string DescribeSize() => string.Create(
        CultureInfo.InvariantCulture,
        $"{inUse} of {limits.Size} connections are in use{(size < limits.Size ? ", and the server has no connection left" : "")}");
}
