using System.Diagnostics;

namespace AutoStack.Data.Postgres;

/// <summary>
/// Reports the beginning and the end of an outage, and no failure in between. An outage ends with a success that no failure preceded for
/// some seconds, so that a connection that comes and goes is one outage.
/// </summary>
/// <param name="begins">Runs with the first failure.</param>
/// <param name="ends">Runs at the end.</param>
internal sealed class Outage(Action<Exception> begins, Action ends)
{
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(5);

    // The timestamp of the last failure; 0 while there is no outage.
    private long lastFailure;

    /// <summary>Records a failure.</summary>
    public void Failed(Exception exception)
    {
        if (Interlocked.Exchange(ref lastFailure, Stopwatch.GetTimestamp()) == 0)
        {
            begins(exception);
        }
    }

    /// <summary>Records a success.</summary>
    public void Succeeded()
    {
        var last = Volatile.Read(ref lastFailure);
        if (last != 0 && Stopwatch.GetElapsedTime(last) >= Calm && Interlocked.CompareExchange(ref lastFailure, 0, last) == last)
        {
            ends();
        }
    }
}
