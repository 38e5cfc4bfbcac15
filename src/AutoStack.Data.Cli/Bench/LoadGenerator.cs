using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// An open-loop load on the pools of one or more instances: each statement starts at its intended time, whether or not earlier ones have
/// ended, and its latency counts from that time. A load that waits for answers sends fewer statements to a slow server and so hides the
/// longest waits.
/// </summary>
internal sealed class LoadGenerator(IReadOnlyList<NpgsqlDataSource> pools, Workload workload)
{
    /// <summary>The longest wait of a statement for a connection.</summary>
    public static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The maximum number of statements under way. Further statements are refused and count as lost, because the backlog of an overloaded
    /// pool grows without end.
    /// </summary>
    public const int MaxBacklog = 5_000;

    // A prepared statement is planned again for its first five executions, and may then get a generic plan.
    private const int WarmReads = 6;
    private const int WarmAppends = 2;

    /// <summary>Opens every connection and prepares the statements on it, as in a service that has been running for a while.</summary>
    public async Task PrepareAsync(int poolSize, StatementMix mix, CancellationToken cancellationToken)
    {
        var opened = new List<NpgsqlConnection>();
        try
        {
            // All are opened before the first is returned, so that no connection is taken twice.
            foreach (var pool in pools)
            {
                for (var i = 0; i < poolSize; i++)
                {
                    opened.Add(await pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false));
                }
            }

            await Task.WhenAll(opened.Select(async (connection, index) =>
            {
                foreach (var (statement, _) in mix.Parts)
                {
                    var times = statement is LoadStatement.Append1 or LoadStatement.Append100 ? WarmAppends : WarmReads;
                    for (var i = 0; i < times; i++)
                    {
                        await workload.RunAsync(connection, statement, index + i, cancellationToken).ConfigureAwait(false);
                    }
                }
            })).ConfigureAwait(false);
        }
        finally
        {
            foreach (var connection in opened)
            {
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>
    /// Runs a load and waits until its last statement has ended or was given up. Statements whose intended start is in the warm-up are not
    /// measured.
    /// </summary>
    public async Task<LoadResult> RunAsync(
        IEnumerable<Arrival> arrivals, TimeSpan warmup, TimeSpan duration, CancellationToken cancellationToken)
    {
        var run = new Run(pools, workload, warmup, warmup + duration, cancellationToken);

        // A thread of its own: in the thread pool the dispatcher would queue behind the statements that it starts.
        await Task.Factory.StartNew(
            () => run.Dispatch(arrivals), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        await run.DrainedAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return run.Result(duration);
    }

    /// <summary>The statements per second of a closed loop: each caller sends its next statement when the last one is answered.</summary>
    public async Task<double> SaturateAsync(
        int callers, StatementMix mix, int seed, TimeSpan warmup, TimeSpan duration, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var done = 0L;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
#pragma warning disable CA5394 // The same sequence on every run.
            var random = new Random(seed + caller);
            while (clock.Elapsed < warmup + duration)
            {
                var connection = await pools[caller % pools.Count].OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    await workload.RunAsync(connection, mix.Next(random), random.Next(), cancellationToken).ConfigureAwait(false);
                }

                if (clock.Elapsed >= warmup && clock.Elapsed < warmup + duration)
                {
                    Interlocked.Increment(ref done);
                }
            }
#pragma warning restore CA5394
        }, cancellationToken))).ConfigureAwait(false);
        return done / duration.TotalSeconds;
    }

    private sealed class Run(
        IReadOnlyList<NpgsqlDataSource> pools, Workload workload, TimeSpan from, TimeSpan to, CancellationToken cancellationToken)
    {
        private static readonly TimeSpan LongestNap = TimeSpan.FromMilliseconds(50);

        private readonly Histogram wait = new();
        private readonly Histogram execution = new();
        private readonly Histogram total = new();
        private readonly Histogram late = new();
        private readonly ConcurrentDictionary<string, int> errors = new();
        private readonly TaskCompletionSource drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private int underWay = 1;
        private int arrived;
        private int completed;
        private int timeouts;
        private int refused;

        public Task DrainedAsync() => drained.Task;

        public void Dispatch(IEnumerable<Arrival> arrivals)
        {
            try
            {
                foreach (var arrival in arrivals)
                {
                    for (var left = arrival.At - clock.Elapsed; left > TimeSpan.Zero; left = arrival.At - clock.Elapsed)
                    {
                        if (cancellationToken.IsCancellationRequested)
                        {
                            return;
                        }

                        // A sleep is exact to about a millisecond. A busy loop would take a processor from the measured server.
                        Thread.Sleep((int)Math.Ceiling(TimeSpan.FromTicks(Math.Min(left.Ticks, LongestNap.Ticks)).TotalMilliseconds));
                    }

                    Start(arrival);
                }
            }
            finally
            {
                End();
            }
        }

        public LoadResult Result(TimeSpan duration) => new()
        {
            Arrivals = arrived,

            // Completions of statements started in the warm-up are excluded, or a slow pool would look fast.
            Throughput = Math.Min(completed, arrived) / duration.TotalSeconds,
            Wait = wait,
            Execution = execution,
            Total = total,
            LateStart = late,
            Timeouts = timeouts,
            Refused = refused,
            Errors = errors.OrderBy(error => error.Key, StringComparer.Ordinal).ToDictionary(error => error.Key, error => error.Value),
        };

        private bool IsMeasured(TimeSpan moment) => moment >= from && moment < to;

        private void Start(Arrival arrival)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                return;
            }

            var measured = IsMeasured(arrival.At);
            arrived += measured ? 1 : 0;
            if (Volatile.Read(ref underWay) > MaxBacklog)
            {
                if (measured)
                {
                    refused++;
                    total.RecordLost();
                }

                return;
            }

            Interlocked.Increment(ref underWay);
            _ = Task.Run(() => ServeAsync(arrival, measured), CancellationToken.None);
        }

        private async Task ServeAsync(Arrival arrival, bool measured)
        {
            var started = clock.Elapsed;
            var waiting = true;
            try
            {
                // Every instance gets the same share at random times. The lower half of the pick selects the row.
                var pool = pools[(arrival.Pick >> 16) % pools.Count];
                var connection = await pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                var opened = clock.Elapsed;
                waiting = false;
                TimeSpan ended;
                await using (connection.ConfigureAwait(false))
                {
                    await workload.RunAsync(connection, arrival.Statement, arrival.Pick, cancellationToken).ConfigureAwait(false);
                    ended = clock.Elapsed;
                }

                // Counted by the end of the statement: work done in the measured time, whenever the statement started.
                if (IsMeasured(ended))
                {
                    Interlocked.Increment(ref completed);
                }

                if (measured)
                {
                    late.Record(Microseconds(started - arrival.At));
                    wait.Record(Microseconds(opened - started));
                    execution.Record(Microseconds(ended - opened));
                    total.Record(Microseconds(ended - arrival.At));
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
            }
#pragma warning disable CA1031 // A failure under load is a result and must not end the run.
            catch (Exception exception) when (measured)
            {
                total.RecordLost();
                if (waiting && exception is NpgsqlException { InnerException: TimeoutException })
                {
                    wait.RecordLost();
                    Interlocked.Increment(ref timeouts);
                }
                else
                {
                    errors.AddOrUpdate(KindOf(exception), 1, (_, count) => count + 1);
                }
            }
            catch (Exception)
            {
                // Failures in the warm-up are not measured.
            }
#pragma warning restore CA1031
            finally
            {
                End();
            }
        }

        // The library wraps some errors of the server in exceptions of its own.
        private static string KindOf(Exception exception) =>
            exception.GetBaseException() is PostgresException server ? server.SqlState : exception.GetBaseException().GetType().Name;

        private static long Microseconds(TimeSpan duration) => duration.Ticks / TimeSpan.TicksPerMicrosecond;

        private void End()
        {
            if (Interlocked.Decrement(ref underWay) == 0)
            {
                drained.TrySetResult();
            }
        }
    }
}

/// <summary>The result of a load at one rate.</summary>
internal sealed class LoadResult
{
    /// <summary>The number of statements whose intended start is in the measured time.</summary>
    public required int Arrivals { get; init; }

    /// <summary>The completions per second in the measured time, at most the number of arrivals.</summary>
    public required double Throughput { get; init; }

    /// <summary>The wait for a connection.</summary>
    public required Histogram Wait { get; init; }

    public required Histogram Execution { get; init; }

    /// <summary>The time from the intended start to the end.</summary>
    public required Histogram Total { get; init; }

    /// <summary>The delay of this process after the intended start.</summary>
    public required Histogram LateStart { get; init; }

    /// <summary>The number of statements that got no connection within the limit.</summary>
    public required int Timeouts { get; init; }

    /// <summary>The number of statements that were not started because too many were under way.</summary>
    public required int Refused { get; init; }

    /// <summary>The number of errors by SQLSTATE or name of the exception.</summary>
    public required IReadOnlyDictionary<string, int> Errors { get; init; }
}
