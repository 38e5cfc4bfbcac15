using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace AutoStack.Data.Benchmarks.Running;

/// <summary>Measures with BenchmarkDotNet.</summary>
internal static class DotNetRunner
{
    public static IReadOnlyList<Measurement> Run(IEnumerable<Type> questions, string? output)
    {
        // In this process: the server is started and filled once, not for each subject, and nothing is built or restored on the way.
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.DontLogOutput))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddColumn(StatisticColumn.Median)
            .AddLogger(ConsoleLogger.Default)
            .AddExporter(MarkdownExporter.GitHub)
            .WithOptions(ConfigOptions.DisableOptimizationsValidator);
        if (output is not null)
        {
            config.WithArtifactsPath(output);
        }

        return [.. questions.SelectMany(question => Measurements(BenchmarkRunner.Run(question, config)))];
    }

    private static IEnumerable<Measurement> Measurements(Summary summary) =>
        from report in summary.Reports
        let statistics = report.ResultStatistics
        where statistics is not null
        let benchmark = report.BenchmarkCase
        select new Measurement(
            Case.NameOf(benchmark),
            Case.SubjectOf(benchmark),
            benchmark.Descriptor.Baseline,
            statistics.Median,
            report.GcStats.GetBytesAllocatedPerOperation(benchmark) ?? 0);
}
