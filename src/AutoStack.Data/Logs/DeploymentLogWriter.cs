using System.Diagnostics;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Logs;

internal sealed partial class DeploymentLogWriter : IDeploymentLogWriter, IAsyncDisposable, IDisposable
{
    private const string ForeignKey = "deployment_logs_deployment_id_fkey";

    // The time in which a server that works stores a batch: FailAfter does not end sooner while an attempt runs.
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(2);

    private readonly LogBuffer buffer;
    private readonly DeploymentLogAppends appends;
    private readonly LogWriterOptions options;
    private readonly LogContext context;
    private readonly ILogger logger;
    private readonly LogWriterMetrics metrics;
    private readonly Outage outage;
    private readonly CancellationTokenSource giveUp = new();
    private readonly Lock gate = new();

    // Guarded by gate; WriteAsync also reads it without, to see that it was set.
    private Task? running;

    public DeploymentLogWriter(Db db, LogContext context, ILogger logger)
    {
        (options, this.context, this.logger) = (context.Writer, context, logger);
        buffer = new LogBuffer(options);
        appends = new DeploymentLogAppends(db, context);
        metrics = new LogWriterMetrics(buffer);
        outage = new Outage(exception => LogAway(logger, exception), () => LogBack(logger));
    }

    /// <summary>Shows that the writer moves.</summary>
    public Pulse Pulse { get; } = new();

    public Task WriteAsync(Guid deploymentId, NewDeploymentLog line, CancellationToken cancellationToken)
    {
        var message = line?.Message ?? throw new ArgumentException("The line is null or has no message.", nameof(line));
        if (line.Id is { } id)
        {
            Ids.Check(id, "line.Id");
        }

        var level = line.Level is { } given ? P.Written(given, "line.Level") : null;
        var time = Time.ToColumn(line.Timestamp ?? context.Clock.GetUtcNow());
        message = context.Secrets.MaskLine(deploymentId, message, options.MaxLineBytes, out var bytes);
        var adding = buffer.AddAsync(deploymentId, line.Id, time, level, message, bytes, cancellationToken);
        if (Volatile.Read(ref running) is null)
        {
            Start();
        }

        return adding;
    }

    public Task FlushAsync(CancellationToken cancellationToken) => buffer.FlushAsync(deploymentId: null, cancellationToken);

    public Task FlushAsync(Guid deploymentId, CancellationToken cancellationToken) => buffer.FlushAsync(deploymentId, cancellationToken);

    // The drain runs on pool threads without a synchronization context, so that blocking on it cannot deadlock.
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Refuses further lines and stores the buffered ones.</summary>
    public async ValueTask DisposeAsync()
    {
        buffer.End();
        Task? last;
        lock (gate)
        {
            last = running;
        }

        if (last is not null)
        {
            giveUp.CancelAfter(options.DrainTimeout);
            await last.ConfigureAwait(false);
        }

        metrics.Dispose();
    }

    private void Start()
    {
        lock (gate)
        {
            if (running is null)
            {
                running = Background.Run(RunAsync);
            }
        }
    }

    private async Task RunAsync()
    {
        var (batch, next) = (new LogBatch(), new LogBatch());
        try
        {
            while (await buffer.WaitForWorkAsync(giveUp.Token).ConfigureAwait(false))
            {
                Pulse.Beat();
                for (var isMore = buffer.Take(next, evenIfFew: true); isMore;)
                {
                    (batch, next) = (next, batch);
                    var started = Stopwatch.GetTimestamp();
                    var left = new LogRest();
                    var storing = StoreAsync(batch.Lines, left, started);

                    // Under load the next batch is prepared while the server stores this one.
                    isMore = buffer.Take(next, evenIfFew: false);
                    await storing.ConfigureAwait(false);
                    LogWriterMetrics.Flushed(started);
                    buffer.Done(batch, left);
                    batch.Clear();
                    next.LeaveOutHeldBack();
                }

                Pulse.Rest();
            }
        }
#pragma warning disable CA1031 // Any failure that the end of the drain caused.
        catch (Exception exception) when (giveUp.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogLost(logger, buffer.Count);
            buffer.Fail(new ObjectDisposedException("The services were disposed before all lines were stored.", exception));
        }
    }

    // Repeats until each line is stored, held back or refused. Lines with refused values are split off until they are alone, so that all
    // others are stored. Lines that reach the command timeout are split off until they are of one deployment, which is then held back.
    private async Task StoreAsync(LogLines lines, LogRest left, long started)
    {
        for (var failures = 0; lines.Count > 0; failures++)
        {
            Pulse.Beat();
            var sent = Stopwatch.GetTimestamp();
            try
            {
                Settle(lines, await AppendAsync(lines, started).ConfigureAwait(false), left);
                outage.Succeeded();
                return;
            }
#pragma warning disable CA1031 // Any failure: no line may be lost by it.
            catch (Exception exception) when (!giveUp.IsCancellationRequested)
#pragma warning restore CA1031
            {
                if (exception is not AutoStackDataException { OutcomeUnknown: false })
                {
                    lines.MayBeStored = left.MayBeStored = true;
                }

                var isOfTheValues = SqlErrors.IsOfTheValues(exception);
                if (isOfTheValues && lines.Count == 1)
                {
                    Refuse(lines.DeploymentIds[0], 1, exception);
                    return;
                }

                var timedOut = exception is StatementTimeoutException;
                if (timedOut && lines.IsOfOneDeployment)
                {
                    LogSlow(logger, lines.Count, lines.DeploymentIds[0]);
                    left.Add(lines.DeploymentIds[0], lines.Count, new(lines.Count, Stopwatch.GetElapsedTime(sent), exception));
                    return;
                }

                if (timedOut
                    || (lines.Count > 1 && (isOfTheValues || exception is PostgresException { SqlState: PostgresErrorCodes.OutOfMemory })))
                {
                    var (first, second) = timedOut ? lines.SplitBetweenDeployments() : lines.Split();
                    await StoreAsync(first, left, started).ConfigureAwait(false);
                    LeaveOut(second, left);
                    await StoreAsync(second, left, started).ConfigureAwait(false);
                    return;
                }

                outage.Failed(exception);

                if (Stopwatch.GetElapsedTime(started) >= options.FailAfter)
                {
                    buffer.Fail(exception);
                }
            }

            await Task.Delay(Backoff.Reconnect.Delay(failures), giveUp.Token).ConfigureAwait(false);
        }
    }

    // An attempt on a server that does not answer continues after its callers have stopped waiting.
    private async Task<LogAppend> AppendAsync(LogLines lines, long started)
    {
        var appending = appends.AppendManyAsync(lines, context.Clock.Now(), giveUp.Token);
        if (options.FailAfter is { } limit)
        {
            var rest = limit - Stopwatch.GetElapsedTime(started);
            await ((Task)appending).WaitAsync(rest > Prompt ? rest : Prompt).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!appending.IsCompleted)
            {
                buffer.Fail(DatabaseUnavailableException.TooLate(limit, sent: true, mayChange: true));
            }
        }

        return await appending.ConfigureAwait(false);
    }

    // The lines of a log are stored in order: lines after held-back lines wait too.
    private static void LeaveOut(LogLines lines, LogRest left)
    {
        if (left.IsEmpty)
        {
            return;
        }

        foreach (var id in lines.DeploymentIds.Where(left.Contains))
        {
            left.Add(id, 1);
        }

        lines.Keep(id => !left.Contains(id));
    }

    private void Settle(LogLines lines, LogAppend append, LogRest left)
    {
        left.MayBeStored |= append.IsRepeated;
        var results = append.Results;
        var counts = results.Count == 0 ? [] : lines.DeploymentIds.CountBy(id => id).ToDictionary();
        var stored = lines.Count;
        foreach (var (deploymentId, outcome, dropped) in results)
        {
            var count = counts[deploymentId];
            switch (outcome)
            {
                case LogAppendOutcome.Missing:
                    Refuse(deploymentId, count, MissingReferenceException.Of(ForeignKey));
                    stored -= count;
                    break;
                case LogAppendOutcome.Held:
                    left.Add(deploymentId, count);
                    stored -= count;
                    break;
                default:
                    LogWriterMetrics.Truncated(dropped);
                    buffer.End(deploymentId);
                    stored -= dropped;
                    break;
            }
        }

        LogWriterMetrics.Stored(stored);
        context.Notifier.Record(lines.DeploymentIds.Distinct().Where(id => !left.Contains(id)).Select(id => id.ToString()));
    }

    private void Refuse(Guid deploymentId, int count, Exception cause)
    {
        LogRefused(logger, count, deploymentId, cause.Message);
        LogWriterMetrics.Refused(count);
        buffer.Refuse(deploymentId, count, cause);
    }

    [LoggerMessage(10, LogLevel.Warning, "Log lines cannot be stored; they stay buffered until the database is reachable again.")]
    private static partial void LogAway(ILogger logger, Exception exception);

    [LoggerMessage(11, LogLevel.Information, "Log lines are stored again.")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(12, LogLevel.Warning, "{Count} log lines of deployment {DeploymentId} were refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, int count, Guid deploymentId, string reason);

    [LoggerMessage(16, LogLevel.Warning,
        "{Count} log lines of deployment {DeploymentId} reached the command timeout; they are tried again in smaller parts.")]
    private static partial void LogSlow(ILogger logger, int count, Guid deploymentId);

    [LoggerMessage(13, LogLevel.Error, "{Count} log lines were lost: they could not be stored before the services were disposed.")]
    private static partial void LogLost(ILogger logger, int count);
}
