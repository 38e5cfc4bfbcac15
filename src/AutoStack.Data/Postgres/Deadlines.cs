using System.Diagnostics;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Ends the calls that reach their time limit. One timer serves all calls: a timer for each would be the most expensive part of a call
/// outside the driver.
/// </summary>
#pragma warning disable CA1001 // The timer rests while there is no call, and goes with its owner.
internal sealed class Deadlines
#pragma warning restore CA1001
{
    private readonly Lock gate = new();
    private readonly long bound;
    private readonly TimeSpan tick;
    private readonly Timer timer;

    // Guarded by gate. All calls have the same limit, so that the first is due first.
    private PendingCall? first;
    private PendingCall? last;
    private bool isTicking;

    public Deadlines(TimeSpan bound)
    {
        this.bound = (long)(bound.TotalSeconds * Stopwatch.Frequency);
        tick = TimeSpan.FromMilliseconds(Math.Clamp(bound.TotalMilliseconds / 20, 10, 250));
        timer = Background.Timer(static own => ((Deadlines)own!).Tick(), this);
    }

    public void Add(PendingCall call)
    {
        lock (gate)
        {
            call.Previous = last;
            (last is null ? ref first : ref last.Next) = call;
            last = call;
            if (!isTicking)
            {
                isTicking = true;
                timer.Change(tick, tick);
            }
        }
    }

    public void Remove(PendingCall call)
    {
        lock (gate)
        {
            if (call.Previous is null && first != call)
            {
                return;
            }

            (call.Previous is null ? ref first : ref call.Previous.Next) = call.Next;
            (call.Next is null ? ref last : ref call.Next.Previous) = call.Previous;
            call.Previous = call.Next = null;
        }
    }

    private void Tick()
    {
        while (true)
        {
            PendingCall call;
            lock (gate)
            {
                if (first is null)
                {
                    isTicking = false;
                    timer.Change(Timeout.Infinite, Timeout.Infinite);
                    return;
                }

                if (Stopwatch.GetTimestamp() - first.Started < bound)
                {
                    return;
                }

                call = first;
                Remove(call);
            }

            // The caller continues on a thread of its own: the next call is due as well.
            ThreadPool.UnsafeQueueUserWorkItem(static due => due.Expire(), call, preferLocal: false);
        }
    }
}
