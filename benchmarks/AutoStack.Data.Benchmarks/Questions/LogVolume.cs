using System.Globalization;
using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Logs;
using AutoStack.Data.Testing;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// The same calls of the library on few lines and on many, both in partitions: whether a page, a tail, a follower's poll and an append cost
/// the same however many lines are stored.
/// </summary>
internal static class LogVolume
{
    private const int Limit = 200;

    /// <summary>Fills both databases and measures each call on them, in turn.</summary>
    /// <exception cref="NotComparableException">The temporary folder has less space than the plan needs.</exception>
    public static async Task<IReadOnlyList<Measurement>> MeasureAsync(
        PostgresServer server, LogVolumePlan plan, Pace pace, Action<string> progress)
    {
        Require(plan.Bytes, new DriveInfo(Path.GetTempPath()).AvailableFreeSpace);
        await using var few = await LogVolumeDatabase.CreateAsync(server, plan.Few, plan.Longest, progress);
        await using var many = await LogVolumeDatabase.CreateAsync(server, plan.Many, plan.Longest, progress);
        await using var ofFew = new Callers(few);
        await using var ofMany = new Callers(many);
        var runner = new InterleavedRunner(pace, progress);
        var measurements = new List<Measurement>();
        foreach (var (name, call) in Calls(plan.Longest))
        {
            await using var running = new RunningCase(
                [Subject(ofFew, isBaseline: true), Subject(ofMany, isBaseline: false)], Prepare: null, () => Task.CompletedTask);
            measurements.AddRange(await runner.MeasureAsync(name, running));

            RunningSubject Subject(Callers callers, bool isBaseline) =>
                new(callers.Name, isBaseline, Operations: 1, () => call(callers));
        }

        return measurements;
    }

    /// <summary>Throws when less space is free than is needed.</summary>
    internal static void Require(long needed, long free)
    {
        if (free < needed)
        {
            throw new NotComparableException(string.Create(
                CultureInfo.InvariantCulture,
                $"--scale huge needs {needed / 1e9:0} GB in {Path.GetTempPath()}, which has {free / 1e9:0} GB. It was skipped."));
        }
    }

    private static IEnumerable<(string Name, Func<Callers, Task<int>> Call)> Calls(long longest) =>
    [
        ("page of 200 lines, first", callers => callers.PageAsync(callers.Newest, 0)),
        ("page of 200 lines, middle", callers => callers.PageAsync(callers.Newest, longest / 2)),
        ("page of 200 lines, last", callers => callers.PageAsync(callers.Newest, longest - Limit)),
        ("page of 200 lines, any of 1,000 logs", callers => callers.PageAsync(callers.Any(), 400)),
        ("tail of 200 lines", callers => callers.TailAsync(callers.Newest)),
        ("tail of 200 lines, any of 1,000 logs", callers => callers.TailAsync(callers.Any())),
        ("poll of a follower, no new line", callers => callers.PageAsync(callers.Newest, longest)),
        ("append, 1 line", callers => callers.AppendAsync(1)),
        ("append, 100 lines", callers => callers.AppendAsync(100)),
        ("append, 10,000 lines", callers => callers.AppendAsync(10_000)),
    ];

    // The library on one of the databases.
    private sealed class Callers(LogVolumeDatabase database) : IAsyncDisposable
    {
        private readonly Subjects subjects = new(database.ConnectionString);
        private readonly Random random = new(Seed: 1);
        private int appended;

        public string Name { get; } = string.Create(CultureInfo.InvariantCulture, $"{database.LineCount:N0} lines");

        public Owned Newest => database.Logs[^1];

        public Owned Any() => database.Logs[random.Next(database.Logs.Count - 1)];

        public async Task<int> PageAsync(Owned log, long after) => (await subjects.Get<IDeploymentLogRepository>()
            .ListAsync(log.Id, log.OwnerId, Cursor.After(after), Limit, CancellationToken.None)).Items.Count;

        public async Task<int> TailAsync(Owned log) => (await subjects.Get<IDeploymentLogRepository>()
            .ListTailAsync(log.Id, log.OwnerId, Cursor.Start, Limit, CancellationToken.None)).Items.Count;

        // To recent logs in turn: a single one would reach its maximum size.
        public async Task<int> AppendAsync(int lines)
        {
            await subjects.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                database.Logs[^(2 + (appended++ % Math.Min(20, database.Logs.Count - 1)))].Id,
                [.. Enumerable.Range(1, lines).Select(n => new NewDeploymentLog
                {
                    Level = DeploymentLogLevel.Info,
                    Message = LogAppend.Message(n),
                })],
                CancellationToken.None);
            return lines;
        }

        public ValueTask DisposeAsync() => subjects.DisposeAsync();
    }
}
