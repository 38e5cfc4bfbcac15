using System.Collections.Concurrent;

namespace AutoStack.Data.Postgres;

/// <summary>A metric that is read at each collection, over all registered databases of the process.</summary>
internal sealed class Gauge
{
    private readonly ConcurrentDictionary<Subscription, Func<double>> sources = new();

    private Gauge(string name, string unit, string description, Func<IEnumerable<double>, double> combine) =>
        Telemetry.Meter.CreateObservableGauge(name, () => combine(sources.Values.Select(read => read())), unit, description);

    /// <summary>A gauge with the sum over the databases.</summary>
    public static Gauge Sum(string name, string unit, string description) => new(name, unit, description, Enumerable.Sum);

    /// <summary>A gauge with the largest value of a database.</summary>
    public static Gauge Max(string name, string unit, string description) =>
        new(name, unit, description, values => values.DefaultIfEmpty().Max());

    /// <summary>Adds the value of a database; disposing the result removes it.</summary>
    public IDisposable Add(Func<double> read)
    {
        var subscription = new Subscription(this);
        sources[subscription] = read;
        return subscription;
    }

    private sealed class Subscription(Gauge gauge) : IDisposable
    {
        public void Dispose() => gauge.sources.TryRemove(this, out _);
    }
}
