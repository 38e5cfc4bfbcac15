namespace AutoStack.Data.Cli.Bench;

/// <summary>Measures pools of one size in every instance; a seed makes a load.</summary>
internal interface IPoolLoad
{
    /// <summary>The statements per second of all instances in a closed loop.</summary>
    Task<double> SaturateAsync(int poolSize, int seed, CancellationToken cancellationToken);

    /// <summary>One measurement of all instances at a rate for all of them together.</summary>
    Task<PoolPoint> MeasureAsync(int poolSize, double rate, int seed, CancellationToken cancellationToken);
}
