using System.Diagnostics;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Ends the calls, and the attempts at them, that reach their time limits. One timer serves all calls: a timer for each would be the most
/// expensive part of a call outside the driver.
/// </summary>
#pragma warning disable CA1001 // The timer rests while there is no call, and goes with its owner.
internal sealed class Deadlines
#pragma warning restore CA1001
{
    private readonly Lock gate = new();
    private readonly long bound;
    private readonly long command;
    private readonly TimeSpan tick;
    private readonly Timer timer;

    // Guarded by gate. All calls have the same limit, so that the first is due first.
    private PendingCall? first;
    private PendingCall? last;
    private bool isTicking;

    /// <param name="bound">The limit of a call.</param>
    /// <param name="command">The limit of an attempt; null for none.</param>
    public Deadlines(TimeSpan bound, TimeSpan? command)
    {
        this.bound = (long)(bound.TotalSeconds * Stopwatch.Frequency);
        this.command = command is { } limit ? (long)(limit.TotalSeconds * Stopwatch.Frequency) : long.MaxValue;
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
        EndAttempts();
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

    private void EndAttempts()
    {
        if (command == long.MaxValue)
        {
            return;
        }

        List<PendingCall>? due = null;
        var now = Stopwatch.GetTimestamp();
        lock (gate)
        {
            for (var call = first; call is not null && now - call.Started >= command; call = call.Next)
            {
                (due ??= []).Add(call);
            }
        }

        due?.ForEach(call => call.EndAttempt(now - command));
    }
}
