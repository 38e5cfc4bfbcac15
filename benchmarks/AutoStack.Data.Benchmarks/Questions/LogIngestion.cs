using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Driver;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Logs;
using NpgsqlTypes;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// How many lines a second a thousand builds store through one writer for as long as they like, and whether the memory of the process stays
/// as it is. What counts is the whole stretch, so that it does not run under BenchmarkDotNet.
/// </summary>
internal static class LogIngestion
{
    private const int LinesEach = 20;

    /// <summary>
    /// Writes from all deployments at once, as fast as the writer takes the lines. Before and afterwards the driver copies, sorted, for a
    /// tenth of the time.
    /// </summary>
    /// <returns>What came of it, in a sentence.</returns>
    public static async Task<string> MeasureAsync(TimeSpan duration, Action<string> progress)
    {
        await using var subjects = new Subjects(BenchmarkDatabase.Current.ConnectionString);
        Guid[] deployments = [.. BenchmarkDatabase.Current.Fixtures.Spread.Select(deployment => deployment.Id).Order()];
        string[] messages = [.. Enumerable.Range(1, LinesEach).Select(LogAppend.Message)];

        var before = await CopyAsync(subjects, deployments, messages, duration / 10);
        var memory = new List<(double Heap, double WorkingSet)>();
        var written = await WriteAsync(subjects, deployments, messages, duration, memory, progress);
        var after = await CopyAsync(subjects, deployments, messages, duration / 10);

        var first = memory[..Math.Max(1, memory.Count / 10)];
        var last = memory[^Math.Max(1, memory.Count / 10)..];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"log ingestion, {deployments.Length:N0} deployments on one connection for {duration.TotalSeconds:N0} s: {written:N0} lines a "
            + $"second, the driver's COPY before and after "
            + $"{before:N0} and {after:N0}; managed memory in the first and the last tenth {first.Max(m => m.Heap):0} and "
            + $"{last.Max(m => m.Heap):0} MiB at the most, "
            + $"working set {first.Max(m => m.WorkingSet):0} and {last.Max(m => m.WorkingSet):0} MiB");
    }

    private static async Task<double> CopyAsync(Subjects subjects, Guid[] deployments, string[] messages, TimeSpan duration)
    {
        var lines = 0L;
        var elapsed = Stopwatch.StartNew();
        while (elapsed.Elapsed < duration)
        {
            await RawCopy.AppendAsync(subjects.Raw, deployments, messages);
            lines += deployments.Length * messages.Length;
        }

        return lines / elapsed.Elapsed.TotalSeconds;
    }

    // Numbers have no gaps.
    private static async Task<long> CountAsync(Subjects subjects, Guid[] deployments) => (await Raw.ListAsync(
        subjects.Raw,
        "SELECT coalesce((SELECT max(l.seq) FROM deployment_logs l WHERE l.deployment_id = u.id), 0) FROM unnest($1) AS u (id)",
        row => row.GetInt64(0),
        Raw.Array(deployments, NpgsqlDbType.Uuid))).Sum();

    private static async Task<double> WriteAsync(
        Subjects subjects,
        Guid[] deployments,
        string[] messages,
        TimeSpan duration,
        List<(double Heap, double WorkingSet)> memory,
        Action<string> progress)
    {
        var writer = subjects.Get<IDeploymentLogWriter>();
        var lines = 0L;
        var before = await CountAsync(subjects, deployments);
        var elapsed = Stopwatch.StartNew();
        Task[] builds = [.. deployments.Select(id => Task.Run(() => BuildAsync(id)))];
        var said = TimeSpan.Zero;
        while (elapsed.Elapsed < duration)
        {
            await Task.Delay(TimeSpan.FromSeconds(0.25));
            memory.Add((GC.GetTotalMemory(forceFullCollection: false) / 1048576.0, Environment.WorkingSet / 1048576.0));
            if (elapsed.Elapsed - said >= TimeSpan.FromMinutes(1))
            {
                said = elapsed.Elapsed;
                progress(string.Create(
                    CultureInfo.InvariantCulture,
                    $"log ingestion: {said.TotalMinutes:0} min, {Volatile.Read(ref lines) / said.TotalSeconds:N0} lines a second, "
                        + $"{memory[^1].Heap:0} MiB managed, working set {memory[^1].WorkingSet:0} MiB"));
            }
        }

        await Task.WhenAll(builds);
        await writer.FlushAsync(CancellationToken.None);
        var rate = lines / elapsed.Elapsed.TotalSeconds;
        var stored = await CountAsync(subjects, deployments) - before;
        return stored == lines ? rate : throw new NotComparableException(
            $"log ingestion: {lines} lines were written, {stored} are stored.");

        async Task BuildAsync(Guid id)
        {
            for (var i = 0; elapsed.Elapsed < duration; i++)
            {
                await writer.WriteAsync(
                    id,
                    new NewDeploymentLog { Level = DeploymentLogLevel.Info, Message = messages[i % messages.Length] },
                    CancellationToken.None);
                Interlocked.Increment(ref lines);
            }
        }
    }
}
