using System.Globalization;

namespace AutoStack.Data.Postgres;

// The calls that hold a connection, the longest first: what is reported of them, and what becomes of them when their server is the primary
// no longer.
internal sealed partial class Pool
{
    /// <summary>Who uses the pool, for the messages of calls that wait for it.</summary>
    public string Describe()
    {
        lock (gate)
        {
            var holders = new List<string>();
            for (var call = first; call is not null && holders.Count < 3; call = call.NextHolder)
            {
                holders.Add(string.Create(CultureInfo.InvariantCulture, $"{call.Name} for {call.Held.TotalSeconds:0.#} s"));
            }

            return DescribeSize() + (holders.Count == 0 ? "" : $", the longest by {string.Join(", ", holders)}");
        }
    }

    private void Hold(Call call)
    {
        lock (gate)
        {
            call.IsLeftBehind = false;
            call.PreviousHolder = last;
            if (last is null)
            {
                first = call;
            }
            else
            {
                last.NextHolder = call;
            }

            last = call;
            if (!isTicking)
            {
                isTicking = true;
                timer ??= Background.Timer(static own => ((Pool)own!).Tick(), this);
                var tick = TimeSpan.FromMilliseconds(Math.Clamp(limits.LongUse.TotalMilliseconds / 10, 10, followsPrimary ? 250 : 1000));
                timer.Change(tick, tick);
            }
        }
    }

    // Returns false when the call has lost its place among the connections in use.
    private bool Drop(Call call)
    {
        lock (gate)
        {
            if (call.IsLeftBehind)
            {
                return false;
            }

            (call.PreviousHolder is null ? ref first : ref call.PreviousHolder.NextHolder) = call.NextHolder;
            (call.NextHolder is null ? ref last : ref call.NextHolder.PreviousHolder) = call.PreviousHolder;
            call.PreviousHolder = call.NextHolder = null;
            return true;
        }
    }

    private void Tick()
    {
        List<(string Name, TimeSpan Held)> reports = [];
        HashSet<(string? Host, int Port)>? silent = null;
        lock (gate)
        {
            if (first is null)
            {
                isTicking = false;
                timer!.Change(Timeout.Infinite, Timeout.Infinite);
                return;
            }

            Grow();
            for (var call = first; followsPrimary && call is not null && call.Held >= PrimaryWatch.Silence; call = call.NextHolder)
            {
                (silent ??= []).Add(call.Server);
            }

            for (var call = first; call is not null && call.Held >= limits.LongUse; call = call.NextHolder)
            {
                if (!call.IsReported)
                {
                    call.IsReported = true;
                    reports.Add((call.Name, call.Held));
                }
            }
        }

        reports.ForEach(report => telemetry.HeldLong(report.Name, report.Held));
        if (silent is not null)
        {
            (watch ??= new PrimaryWatch(driver, LeaveBehind)).Ask(silent);
        }
    }

    // The connections to a former primary do not count any more, so that other calls need not wait for them.
    private void LeaveBehind((string? Host, int Port) server)
    {
        var calls = new List<Call>();
        lock (gate)
        {
            for (var call = first; call is not null; call = call.NextHolder)
            {
                if (IsSilent(call))
                {
                    calls.Add(call);
                }
            }
        }

        Clear();
        foreach (var call in calls)
        {
            // Its connection may have been closed by now.
            bool hasPlace;
            lock (gate)
            {
                hasPlace = IsHolder(call) && IsSilent(call) && Drop(call);
                call.IsLeftBehind |= hasPlace;
            }

            if (hasPlace)
            {
                Leave();
                call.LeaveBehind();
            }
        }

        // A call that has just begun may still be writing its statement.
        bool IsSilent(Call call) => call.Server == server && call.Held >= PrimaryWatch.Silence;
    }

    private bool IsHolder(Call call) => call.PreviousHolder is not null || first == call;
}
