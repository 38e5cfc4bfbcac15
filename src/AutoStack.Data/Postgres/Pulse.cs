using System.Diagnostics;

namespace AutoStack.Data.Postgres;

/// <summary>Shows that a loop in the background moves.</summary>
internal sealed class Pulse
{
    // The timestamp of the last step; 0 while the loop has nothing to do.
    private long last;

    /// <summary>The time since the last step; zero while the loop has nothing to do.</summary>
    public TimeSpan Still => Volatile.Read(ref last) is var timestamp and not 0 ? Stopwatch.GetElapsedTime(timestamp) : TimeSpan.Zero;

    /// <summary>Begins a step.</summary>
    public void Beat() => Volatile.Write(ref last, Stopwatch.GetTimestamp());

    /// <summary>Begins a rest, which may last for long.</summary>
    public void Rest() => Volatile.Write(ref last, 0);
}
