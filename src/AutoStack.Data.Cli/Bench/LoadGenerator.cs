using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Cli.Bench;

/// <summary>
/// An open-loop load on one pool: statements start when they are meant to, whether or not earlier ones have ended, and their latency counts from that
/// moment. A load that waits for its answers asks less of a slow server, and does not see the worst of it.
/// </summary>
internal sealed class LoadGenerator(NpgsqlDataSource pool, Workload workload)
{
    /// <summary>How long a statement waits for a connection before it is given up.</summary>
    public static readonly TimeSpan WaitLimit = TimeSpan.FromSeconds(5);

    /// <summary>How many statements may be under way. Further ones are refused and count as lost: beyond saturation a backlog grows without end.</summary>
    public const int MaxBacklog = 5_000;

    // Enough for the plans of a connection to settle: a prepared statement is planned afresh five times.
    private const int WarmReads = 6;
    private const int WarmAppends = 2;

    /// <summary>Opens every connection and prepares the statements on it: a service has been running for a while.</summary>
    public async Task PrepareAsync(int poolSize, StatementMix mix, CancellationToken cancellationToken)
    {
        var opened = new List<NpgsqlConnection>();
        try
        {
            // All before the first goes back, so that none is taken twice.
            for (var i = 0; i < poolSize; i++)
            {
                opened.Add(await pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false));
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

    /// <summary>Runs a load and waits until its last statement has ended, or was given up. What is meant to start within the warm-up is not measured.</summary>
    public async Task<LoadResult> RunAsync(IEnumerable<Arrival> arrivals, TimeSpan warmup, TimeSpan duration, CancellationToken cancellationToken)
    {
        var run = new Run(pool, workload, warmup, warmup + duration, cancellationToken);

        // A thread of its own: in the thread pool it would wait behind the statements that it starts.
        await Task.Factory.StartNew(() => run.Dispatch(arrivals), cancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(false);
        await run.DrainedAsync().ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return run.Result(duration);
    }

    /// <summary>As much as a pool of the size carries: that many callers, each of which starts again as soon as it is answered.</summary>
    public async Task<double> SaturateAsync(int callers, StatementMix mix, int seed, TimeSpan warmup, TimeSpan duration, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var done = 0L;
        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
#pragma warning disable CA5394 // The same sequence on every run.
            var random = new Random(seed + caller);
            while (clock.Elapsed < warmup + duration)
            {
                var connection = await pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
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

    private sealed class Run(NpgsqlDataSource pool, Workload workload, TimeSpan from, TimeSpan to, CancellationToken cancellationToken)
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

                        // A thread wakes by the millisecond. Turning in a circle instead would take a processor from what is measured.
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

            // What the warm-up left to do is done besides, and would make a slow pool look quick.
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
                var connection = await pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                var opened = clock.Elapsed;
                waiting = false;
                TimeSpan ended;
                await using (connection.ConfigureAwait(false))
                {
                    await workload.RunAsync(connection, arrival.Statement, arrival.Pick, cancellationToken).ConfigureAwait(false);
                    ended = clock.Elapsed;
                }

                // By its end: whenever it was meant to start, it is work done in this time.
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
#pragma warning disable CA1031 // Whatever goes wrong under load is a result, and must not end the run.
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
                // Of the warm-up.
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

/// <summary>What a load at one rate came to.</summary>
internal sealed class LoadResult
{
    /// <summary>How many were meant to start within the time measured.</summary>
    public required int Arrivals { get; init; }

    /// <summary>How many ended within that time, per second; at most as many as were meant to start in it.</summary>
    public required double Throughput { get; init; }

    /// <summary>For a connection.</summary>
    public required Histogram Wait { get; init; }

    public required Histogram Execution { get; init; }

    /// <summary>From the intended start to the end.</summary>
    public required Histogram Total { get; init; }

    /// <summary>How long after the intended moment this process began.</summary>
    public required Histogram LateStart { get; init; }

    /// <summary>Gave up waiting for a connection.</summary>
    public required int Timeouts { get; init; }

    /// <summary>Not started, since too many were under way.</summary>
    public required int Refused { get; init; }

    /// <summary>By SQLSTATE or the name of the exception.</summary>
    public required IReadOnlyDictionary<string, int> Errors { get; init; }
}
