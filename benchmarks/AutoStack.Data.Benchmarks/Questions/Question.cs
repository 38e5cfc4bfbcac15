using AutoStack.Data.Benchmarks.Data;
using BenchmarkDotNet.Attributes;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// One question, asked by several subjects on the same rows. Every benchmark returns how many rows it read or wrote: subjects that differ
/// in that are not comparable, and the run says so.
/// </summary>
[MemoryDiagnoser(displayGenColumns: false)]
public abstract class Question
{
    private protected Subjects Subjects { get; private set; } = null!;

    private protected static Fixtures Fixtures => BenchmarkDatabase.Current.Fixtures;

    private protected virtual string ConnectionString => BenchmarkDatabase.Current.ConnectionString;

    [GlobalSetup]
    public virtual Task SetUpAsync()
    {
        Subjects = new Subjects(ConnectionString);
        return Task.CompletedTask;
    }

    [GlobalCleanup]
    public virtual async Task CleanUpAsync() => await Subjects.DisposeAsync();
}

/// <summary>
/// A question of single calls, which the driver is asked twice: as it is set up for itself, and with the settings of the library's pool.
/// </summary>
public abstract class CallQuestion : Question
{
    [Benchmark(Baseline = true, Description = Subjects.Npgsql)]
    public Task<int> Npgsql() => DriverAsync(Subjects.Raw);

    [Benchmark(Description = Subjects.NpgsqlTuned)]
    public Task<int> NpgsqlTuned() => DriverAsync(Subjects.Tuned);

    private protected abstract Task<int> DriverAsync(NpgsqlDataSource source);
}
