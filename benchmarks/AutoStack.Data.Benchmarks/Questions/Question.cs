using AutoStack.Data.Benchmarks.Data;
using BenchmarkDotNet.Attributes;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// One question, asked by several subjects on the same rows. Every benchmark returns how many rows it read or wrote: subjects that differ in
/// that are not comparable, and the run says so.
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
