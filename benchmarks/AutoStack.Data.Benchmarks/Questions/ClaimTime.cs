using System.Globalization;
using AutoStack.Data.Benchmarks.Reporting;
using AutoStack.Data.Benchmarks.Running;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>The size of a measurement of claims.</summary>
/// <param name="Waiting">Deployments that wait.</param>
/// <param name="Claimed">Deployments that are claimed and ended while a snapshot is open.</param>
/// <param name="Samples">Claims that are timed, for each state of the queue and each kind of claim.</param>
internal sealed record ClaimPlan(int Waiting, int Claimed, int Samples)
{
    /// <summary>100,000 waiting deployments; 30,000 are claimed while the snapshot is open.</summary>
    public static ClaimPlan Default { get; } = new(Waiting: 100_000, Claimed: 30_000, Samples: 3_000);
}

/// <summary>The times of one kind of claim in one state of the queue.</summary>
/// <param name="State">The state of the queue.</param>
/// <param name="Limit">The limit of the claim.</param>
/// <param name="Milliseconds">The times in ascending order.</param>
internal sealed record ClaimTime(string State, string Limit, IReadOnlyList<double> Milliseconds)
{
    public double Median => Percentile.Of(Milliseconds, 50);

    public double P99 => Percentile.Of(Milliseconds, 99);

    /// <summary>All times in a table; the first one of each limit is that of the queue with nothing else in it.</summary>
    public static string Table(IReadOnlyList<ClaimTime> times)
    {
        var rows = new List<string[]> { new[] { "queue", "claim", "median", "p99", "longest", "median ÷ alone", "p99 ÷ alone" } };
        rows.AddRange(times.Select(time => (time, alone: times.First(alone => alone.Limit == time.Limit))).Select(pair => (string[])
        [
            pair.time.State,
            pair.time.Limit,
            Text($"{pair.time.Median:0.00} ms"),
            Text($"{pair.time.P99:0.00} ms"),
            Text($"{pair.time.Milliseconds[^1]:0.0} ms"),
            Text($"{pair.time.Median / pair.alone.Median:0.00}"),
            Text($"{pair.time.P99 / pair.alone.P99:0.00}"),
        ]));
        return Text($"""
            Claims by one caller, {times[0].Milliseconds.Count:N0} per row, in turn; eight users and projects are at their limits.

            {MarkdownTable.Of(rows)}
            """);
    }

    public override string ToString() =>
        Text($"{State}, {Limit}: {Median:0.00} ms at the median, {P99:0.00} ms at p99, {Milliseconds[^1]:0.0} ms at most");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
