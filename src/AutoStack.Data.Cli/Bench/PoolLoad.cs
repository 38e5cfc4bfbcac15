using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>Measures on the benchmark's tables: a pool for each instance, all in this process.</summary>
internal sealed class PoolLoad(BenchDatabase database, Workload workload, PoolPlan plan) : IPoolLoad
{
    public Task<double> SaturateAsync(int poolSize, int seed, CancellationToken cancellationToken) => WithPoolsAsync(
        poolSize,
        generator => generator.SaturateAsync(
            plan.Instances * poolSize, plan.Mix, seed, plan.Warmup, plan.Duration, cancellationToken),
        cancellationToken);

    public async Task<PoolPoint> MeasureAsync(int poolSize, double rate, int seed, CancellationToken cancellationToken)
    {
        var arrivals = Arrivals.Of(rate, plan.Warmup + plan.Duration, seed, plan.Mix);
        var result = await WithPoolsAsync(
            poolSize,
            generator => generator.RunAsync(arrivals, plan.Warmup, plan.Duration, cancellationToken),
            cancellationToken).ConfigureAwait(false);
        return PoolPoint.Of(poolSize, rate, result);
    }

    private async Task<T> WithPoolsAsync<T>(int poolSize, Func<LoadGenerator, Task<T>> measure, CancellationToken cancellationToken)
    {
        var pools = new List<NpgsqlDataSource>();
        try
        {
            for (var instance = 0; instance < plan.Instances; instance++)
            {
                pools.Add(database.OpenPool(poolSize));
            }

            var generator = new LoadGenerator(pools, workload);
            await PrepareAsync(generator, poolSize, cancellationToken).ConfigureAwait(false);
            return await measure(generator).ConfigureAwait(false);
        }
        finally
        {
            foreach (var pool in pools)
            {
                await pool.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private async Task PrepareAsync(LoadGenerator generator, int size, CancellationToken cancellationToken)
    {
        try
        {
            await generator.PrepareAsync(size, plan.Mix, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.TooManyConnections)
        {
            throw new CliException(new Failure(ExitCode.Failed, "unexpected",
                $"The server had fewer than {plan.Instances * size} connections left for the load: {exception.MessageText}."));
        }
        catch (Exception exception) when (exception is NpgsqlException or DatabaseUnavailableException)
        {
            // A connection was lost; the pool replaces it, and the load counts further failures.
        }
    }
}
