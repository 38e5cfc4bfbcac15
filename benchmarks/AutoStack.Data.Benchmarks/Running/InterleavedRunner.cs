using System.Diagnostics;

namespace AutoStack.Data.Benchmarks.Running;

/// <summary>How long is measured.</summary>
/// <param name="PerCase">All subjects of a case together, after warming up.</param>
/// <param name="WarmUp">Each subject.</param>
/// <param name="Batch">One measurement of one subject: calls that are timed together.</param>
/// <param name="LeastRounds">Measurements of every subject, however long they take.</param>
internal sealed record Pace(TimeSpan PerCase, TimeSpan WarmUp, TimeSpan Batch, int LeastRounds)
{
    public static Pace Quick { get; } = new(
        TimeSpan.FromSeconds(8), TimeSpan.FromSeconds(0.6), TimeSpan.FromMilliseconds(8), LeastRounds: 5);
}

/// <summary>Subjects of a case are not asked the same.</summary>
internal sealed class NotComparableException(string message) : Exception(message);

/// <summary>
/// Measures the subjects of a case in turn, in many short batches, so that whatever else the machine does meets all of them alike. Each
/// call is timed by itself, and the result is the median call: one that another process has interrupted does not show.
/// </summary>
internal sealed class InterleavedRunner(Pace pace, Action<string> progress)
{
    public async Task<IReadOnlyList<Measurement>> RunAsync(IEnumerable<Type> questions)
    {
        var measurements = new List<Measurement>();
        foreach (var question in questions.SelectMany(Case.Of))
        {
            await using var running = await question.StartAsync();
            var results = await MeasureAsync(question.Name, running);
            progress(
                $"{question.Name}: {string.Join(", ", Comparison.Of(results).Select(c => $"{c.Measurement.Subject} {c.TimeRatio:0.00}"))}");
            measurements.AddRange(results);
        }

        return measurements;
    }

    /// <summary>Measures one case.</summary>
    /// <exception cref="NotComparableException">The subjects report different numbers of rows.</exception>
    public async Task<IReadOnlyList<Measurement>> MeasureAsync(string name, RunningCase running)
    {
        Samples[] subjects = [.. running.Subjects.Select(subject => new Samples(subject, running.Prepare))];
        foreach (var samples in subjects)
        {
            await samples.WarmUpAsync(pace);
            if (samples.Rows != subjects[0].Rows)
            {
                throw new NotComparableException(
                    $"{name}: {samples.Subject.Name} came to {samples.Rows} rows, {subjects[0].Subject.Name} to {subjects[0].Rows}.");
            }
        }

        Samples[] reported = [.. subjects];
        var order = new Random(Seed: 1);
        var started = Stopwatch.StartNew();
        for (var round = 0; round < pace.LeastRounds || started.Elapsed < pace.PerCase; round++)
        {
            // Nobody always comes after the same other one, and clears up after it.
            order.Shuffle(subjects);
            foreach (var samples in subjects)
            {
                await samples.TakeAsync();
            }
        }

        return [.. reported.Select(s => new Measurement(name, s.Subject.Name, s.Subject.IsBaseline, s.Nanoseconds, s.Bytes))];
    }
}
