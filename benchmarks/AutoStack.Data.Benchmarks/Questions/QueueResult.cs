using System.Globalization;
using AutoStack.Data.Benchmarks.Queues;
using AutoStack.Data.Benchmarks.Reporting;
using AutoStack.Data.Benchmarks.Running;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The size of a measurement of queues.</summary>
/// <param name="Rounds">Rounds; in each of them every queue has a turn.</param>
/// <param name="WarmUp">Jobs per round and queue before those that are timed.</param>
/// <param name="Jobs">Jobs per round and queue for the throughput.</param>
/// <param name="Alone">Jobs per round and queue that are enqueued one by one at an idle system.</param>
internal sealed record QueuePlan(int Rounds, int WarmUp, int Jobs, int Alone)
{
    /// <summary>5,000 jobs and 200 single ones for every queue.</summary>
    public static QueuePlan Default { get; } = new(Rounds: 5, WarmUp: 100, Jobs: 1_000, Alone: 40);
}

/// <summary>The result of one queue.</summary>
/// <param name="Name">The queue.</param>
/// <param name="Rates">Jobs per second, of each round.</param>
/// <param name="Delays">Milliseconds from the commit of the enqueue to the start of a single job, in ascending order.</param>
/// <param name="Succeeded">Jobs that the database has as succeeded, in both parts.</param>
internal sealed record QueueResult(string Name, IReadOnlyList<double> Rates, IReadOnlyList<double> Delays, int Succeeded)
{
    /// <summary>The median of the rounds.</summary>
    public double Rate => Samples.Median([.. Rates]);

    /// <summary>All results in a table.</summary>
    public static string Table(IReadOnlyList<QueueResult> results)
    {
        var rows = new List<string[]> { new[] { "queue", "jobs per second", "rounds", $"{results[0].Name} ÷ it", "start: median", "p99" } };
        rows.AddRange(results.Select(result => (string[])
        [
            result.Name,
            Text($"{result.Rate:N0}"),
            Text($"{result.Rates.Min():N0} to {result.Rates.Max():N0}"),
            Text($"{results[0].Rate / result.Rate:0.0}"),
            Text($"{Samples.Median([.. result.Delays]):0.0} ms"),
            Text($"{Percentile.Of(result.Delays, 99):0.0} ms"),
        ]));
        return Text($"""
            {IJobQueue.Workers} workers; {results[0].Succeeded:N0} jobs of each queue, in {results[0].Rates.Count} rounds. Jobs per second:
            the median of the rounds, from the first enqueue to the last acknowledgement. Start: from the commit of an enqueue to the start
            of the job, {results[0].Delays.Count:N0} jobs one by one at an idle system.

            {MarkdownTable.Of(rows)}
            """);
    }

    public override string ToString() => Text(
        $"{Name}: {Rate:N0} jobs a second, start {Samples.Median([.. Delays]):0.0} ms (median), {Percentile.Of(Delays, 99):0.0} ms (p99)");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
