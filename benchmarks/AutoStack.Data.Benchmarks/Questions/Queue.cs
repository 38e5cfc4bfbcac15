using System.Diagnostics;
using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Queues;
using AutoStack.Data.Benchmarks.Running;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Questions;

/// <summary>
/// Jobs per second of the library's queue beside the queues that a user would choose instead, and the time from an enqueue to the start of
/// the job. Each round is one stretch, so that it does not run under BenchmarkDotNet.
/// </summary>
/// <remarks>
/// Eight callers enqueue, one job per call, while the workers run: the first job is enqueued and the last one acknowledged within the
/// time. In production both happen at once, in one database; a queue that is filled before would hide what an enqueue costs, and what it
/// costs the workers.
/// </remarks>
internal static class Queue
{
    private const int Callers = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Measures the queues in turn, in another order in each round.</summary>
    /// <exception cref="NotComparableException">A queue did not run each job exactly once.</exception>
    public static async Task<IReadOnlyList<QueueResult>> MeasureAsync(QueuePlan plan, Action<string> progress)
    {
        // Hangfire enqueues and fetches synchronously; without spare threads its callers would wait for the thread pool.
        ThreadPool.GetMinThreads(out var workerThreads, out var ioThreads);
        ThreadPool.SetMinThreads(Math.Max(workerThreads, 4 * Callers), ioThreads);

        // The connections of a queue live as long as in a service. Every pool has room for each caller, worker and listener.
        var connectionString = new NpgsqlConnectionStringBuilder(BenchmarkDatabase.Current.ConnectionString) { ConnectionLifetime = 3600 }
            .ConnectionString;
        await using var library = new LibraryQueue(connectionString);
        await using var hosted = new HostedQueue(connectionString);
        await using var hangfire = new HangfireQueue(connectionString, longPolling: false);
        await using var notified = new HangfireQueue(connectionString, longPolling: true);
        await using var rebus = new RebusQueue(connectionString);
        Turn[] turns = [new(library), new(hosted), new(hangfire), new(notified), new(rebus)];
        Turn[] shuffled = [.. turns];
        var random = new Random(Seed: 1);
        for (var round = 1; round <= plan.Rounds; round++)
        {
            random.Shuffle(shuffled);
            foreach (var turn in shuffled)
            {
                await turn.RunAsync(plan, random);
                progress($"queue, round {round}, {turn.Result}");
            }
        }

        ThreadPool.SetMinThreads(workerThreads, ioThreads);
        return [.. turns.Select(turn => turn.Result)];
    }

    private sealed class Turn(IJobQueue queue)
    {
        private readonly List<double> rates = [];
        private readonly List<double> delays = [];
        private readonly JobWatch watch = new();
        private int succeeded;

        public QueueResult Result => new(queue.Name, rates, [.. delays.Order()], succeeded);

        public async Task RunAsync(QueuePlan plan, Random random)
        {
            await queue.StartAsync(watch);
            await ManyAsync(plan.WarmUp);
            rates.Add(await ManyAsync(plan.Jobs));
            succeeded += plan.Jobs;
            for (var i = 0; i < plan.Alone; i++)
            {
                // The job comes at any moment between two polls.
                await Task.Delay(random.Next(30, 130));
                delays.Add(await OneAsync());
                succeeded++;
            }

            await queue.StopAsync();
        }

        private async Task<double> ManyAsync(int jobs)
        {
            Guid[] ids = [.. Enumerable.Range(0, jobs).Select(_ => NewId())];
            await queue.PrepareAsync(ids);
            var next = -1;
            var elapsed = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(async () =>
            {
                for (var i = Interlocked.Increment(ref next); i < ids.Length; i = Interlocked.Increment(ref next))
                {
                    await queue.EnqueueAsync(ids[i]);
                }
            })));
            await UntilSucceededAsync(ids);
            return jobs / elapsed.Elapsed.TotalSeconds;
        }

        private async Task<double> OneAsync()
        {
            Guid[] id = [NewId()];
            await queue.PrepareAsync(id);
            await queue.EnqueueAsync(id[0]);
            var committed = Stopwatch.GetTimestamp();
            await UntilSucceededAsync(id);

            // A job may start before the answer of the enqueue has arrived.
            return Math.Max(0, Stopwatch.GetElapsedTime(committed, watch.StartOf(id[0])!.Value).TotalMilliseconds);
        }

        // The database is asked when every job has started, so that the question does not compete with the work.
        private async Task UntilSucceededAsync(Guid[] ids)
        {
            var waited = Stopwatch.StartNew();
            while (waited.Elapsed < Patience && ids.Any(id => watch.StartOf(id) is null))
            {
                await Task.Delay(5);
            }

            JobCount count;
            while ((count = await queue.CountAsync(ids)) is { } c && (c.Succeeded < ids.Length || c.Queued > 0)
                && waited.Elapsed < Patience)
            {
                await Task.Delay(5);
            }

            if (count != new JobCount(ids.Length, Repeated: 0, Queued: 0))
            {
                throw new NotComparableException($"queue, {queue.Name}: of {ids.Length} jobs: {count}.");
            }
        }

        private static Guid NewId() => UUIDNext.Uuid.NewDatabaseFriendly(UUIDNext.Database.PostgreSql);
    }
}
