using AutoStack.Data.Cli.Bench;

namespace AutoStack.Data.Migrations.Tests.Bench;

/// <summary>
/// Computes what a server would answer. Each connection executes <c>perConnection</c> statements per second, and all together at most
/// <c>saturation</c>; the latency grows as the load approaches that. The noise of a measurement follows from a seed.
/// </summary>
internal sealed class FakeServer(double perConnection, double saturation, int instances = 1, double noise = 0) : IPoolLoad
{
    public List<(int Size, double Rate, int Seed)> Measured { get; } = [];

    public List<int> Saturated { get; } = [];

    public Task<double> SaturateAsync(int poolSize, int seed, CancellationToken cancellationToken)
    {
        Saturated.Add(poolSize);
        return Task.FromResult(Capacity(poolSize) * Disturbance(poolSize, 0, seed, noise / 10));
    }

    public Task<PoolPoint> MeasureAsync(int poolSize, double rate, int seed, CancellationToken cancellationToken)
    {
        Measured.Add((poolSize, rate, seed));
        var load = rate / Capacity(poolSize);
        double? p99 = load >= 1 ? null : 3 / (1 - load) * Disturbance(poolSize, rate, seed, noise);
        return Task.FromResult(new PoolPoint
        {
            PoolSize = poolSize,
            Rate = rate,
            Arrivals = (int)rate,
            Throughput = Math.Min(rate, Capacity(poolSize)) * Disturbance(poolSize + 1, rate, seed, noise / 20),
            Wait = new Latency(0.1, p99 / 2),
            Execution = new Latency(0.3, 2),
            Total = new Latency(p99 / 3, p99),
            MaxMs = p99 * 2 ?? 5000,
            LateStartP99Ms = 1,
            Timeouts = load >= 1 ? 1 : 0,
            Refused = 0,
            Errors = new Dictionary<string, int>(),
        });
    }

    // More connections than the server needs cost a little.
    private double Capacity(int poolSize)
    {
        var connections = instances * poolSize;
        var needed = saturation / perConnection;
        return Math.Min(connections * perConnection, saturation) * (connections > needed ? 1 - (0.001 * (connections - needed)) : 1);
    }

    // Normal on a logarithmic scale (Box and Muller).
    private static double Disturbance(int poolSize, double rate, int seed, double deviation)
    {
#pragma warning disable CA5394 // The same disturbance on every run.
        var random = new Random(unchecked((poolSize * 7_919) + ((int)rate * 104_729) + (seed * 1_299_709)));
        var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
#pragma warning restore CA5394
        return Math.Exp(deviation * normal);
    }
}
