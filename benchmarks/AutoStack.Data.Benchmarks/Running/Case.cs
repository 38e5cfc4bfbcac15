using System.Globalization;
using System.Reflection;
using System.Text.Json;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Parameters;
using BenchmarkDotNet.Running;

namespace AutoStack.Data.Benchmarks.Running;

/// <summary>A question with its parameters, as BenchmarkDotNet finds it: both runners call the same methods.</summary>
internal sealed class Case
{
    private readonly IReadOnlyList<BenchmarkCase> benchmarks;

    private Case(IReadOnlyList<BenchmarkCase> benchmarks) => this.benchmarks = benchmarks;

    public string Name => NameOf(benchmarks[0]);

    public static IReadOnlyList<Case> Of(Type question) =>
        [.. BenchmarkConverter.TypeToBenchmarks(question, ManualConfig.CreateEmpty().AddJob(BenchmarkDotNet.Jobs.Job.Default))
            .BenchmarksCases
            .GroupBy(NameOf)
            .Select(group => new Case([.. group]))];

    /// <summary>The question in words, and its parameters: <c>log page, place first</c>.</summary>
    public static string NameOf(BenchmarkCase benchmark) => string.Join(
        ", ",
        new[] { Words(benchmark.Descriptor.Type.Name) }.Concat(benchmark.Parameters.Items.Select(item =>
            $"{Words(item.Name)} {Convert.ToString(item.Value, CultureInfo.InvariantCulture)!.ToLowerInvariant()}")));

    public static string SubjectOf(BenchmarkCase benchmark) => benchmark.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');

    /// <summary>The question, ready to be asked.</summary>
    public async Task<RunningCase> StartAsync()
    {
        var descriptor = benchmarks[0].Descriptor;
        var question = Activator.CreateInstance(descriptor.Type)!;
        foreach (ParameterInstance item in benchmarks[0].Parameters.Items)
        {
            descriptor.Type.GetProperty(item.Name)!.SetValue(question, item.Value);
        }

        await CallAsync(descriptor.GlobalSetupMethod);
        return new RunningCase(
            [.. benchmarks.Select(b => new RunningSubject(
                SubjectOf(b),
                b.Descriptor.Baseline,
                b.Descriptor.OperationsPerInvoke,
                b.Descriptor.WorkloadMethod.CreateDelegate<Func<Task<int>>>(question)))],
            descriptor.IterationSetupMethod?.CreateDelegate<Action>(question),
            () => CallAsync(descriptor.GlobalCleanupMethod));

        async Task CallAsync(MethodInfo? method) => await ((Task?)method?.Invoke(question, null) ?? Task.CompletedTask);
    }

    private static string Words(string name) => JsonNamingPolicy.SnakeCaseLower.ConvertName(name).Replace('_', ' ');
}

/// <summary>One who is asked.</summary>
/// <param name="Name">Who.</param>
/// <param name="IsBaseline">True for the one that the others are compared with.</param>
/// <param name="Operations">How many operations one call is.</param>
/// <param name="AskAsync">The call: how many rows it read or wrote.</param>
internal sealed record RunningSubject(string Name, bool IsBaseline, int Operations, Func<Task<int>> AskAsync);

/// <summary>A case that has been set up.</summary>
/// <param name="Subjects">Who are asked.</param>
/// <param name="Prepare">Must run before each call, when it is there.</param>
/// <param name="CleanUpAsync">Undoes the setting up.</param>
internal sealed record RunningCase(IReadOnlyList<RunningSubject> Subjects, Action? Prepare, Func<Task> CleanUpAsync) : IAsyncDisposable
{
    public async ValueTask DisposeAsync() => await CleanUpAsync();
}
