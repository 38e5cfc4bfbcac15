using System.Diagnostics;
using System.Text;
using AutoStack.Data.Internal;
using Microsoft.Extensions.Logging;

namespace AutoStack.Data.Deployments;

internal sealed partial class DeploymentLogWriter : IDeploymentLogWriter, IAsyncDisposable, IDisposable
{
    private const string ForeignKey = "deployment_logs_deployment_id_fkey";
    private static readonly Backoff Backoff = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5));

    private readonly LogBuffer buffer;
    private readonly DeploymentLogAppends appends;
    private readonly LogWriterOptions options;
    private readonly Context context;
    private readonly ILogger logger;
    private readonly LogWriterMetrics metrics;
    private readonly CancellationTokenSource giveUp = new();
    private readonly Lock gate = new();
    private Task? running;

    public DeploymentLogWriter(Db db, LogWriterOptions options, Context context, ILogger logger)
    {
        (this.options, this.context, this.logger) = (options, context, logger);
        buffer = new LogBuffer(options);
        appends = new DeploymentLogAppends(db);
        metrics = new LogWriterMetrics(() => buffer.Count);
    }

    public Task WriteAsync(Guid deploymentId, NewDeploymentLog line, CancellationToken cancellationToken)
    {
        var message = line?.Message ?? throw new ArgumentException("The line is null or has no message.", nameof(line));
        var level = line.Level is { } given ? P.Written(given, nameof(line)) : null;
        var time = Time.ToColumn(line.Timestamp ?? context.Clock.GetUtcNow());
        message = context.LogSecrets.Mask(deploymentId, Text.Clean(message));
        var bytes = Encoding.UTF8.GetByteCount(message);
        if (bytes > options.MaxLineBytes)
        {
            message = Cut(message, bytes, options.MaxLineBytes);
            bytes = Encoding.UTF8.GetByteCount(message);
        }

        var adding = buffer.AddAsync(deploymentId, line.Id, time, level, message, bytes, cancellationToken);
        if (Volatile.Read(ref running) is null)
        {
            Start();
        }

        return adding;
    }

    public Task FlushAsync(CancellationToken cancellationToken) => buffer.FlushAsync(deploymentId: null, cancellationToken);

    public Task FlushAsync(Guid deploymentId, CancellationToken cancellationToken) => buffer.FlushAsync(deploymentId, cancellationToken);

    // Its work is on threads of the pool, and comes back to no context.
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Takes no more lines, and stores what is held.</summary>
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

    private static string Cut(string message, int bytes, int most)
    {
        var room = new byte[most - Mark(bytes).Length];
        Encoding.UTF8.GetEncoder().Convert(message, room, flush: false, out var used, out _, out _);
        var kept = message[..(used > 0 && char.IsHighSurrogate(message[used - 1]) ? used - 1 : used)];
        return kept + Mark(bytes - Encoding.UTF8.GetByteCount(kept));

        static string Mark(int bytes) => $" [{bytes} bytes cut]";
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
        var held = new List<HeldLine>();
        var (lines, next) = (new LogLines(), new LogLines());
        try
        {
            while (await buffer.WaitForWorkAsync(giveUp.Token).ConfigureAwait(false))
            {
                for (var isMore = Prepare(evenIfFew: true); isMore;)
                {
                    (lines, next) = (next, lines);
                    var started = Stopwatch.GetTimestamp();
                    var storing = StoreAsync(lines);

                    // Under load the next lines are made ready while the server is at these.
                    isMore = Prepare(evenIfFew: false);
                    await storing.ConfigureAwait(false);
                    LogWriterMetrics.Flushed(started);
                    buffer.Done();
                    lines.Clear();
                }
            }

            bool Prepare(bool evenIfFew)
            {
                var isMore = buffer.Take(held, evenIfFew);
                next.Fill(held);
                held.Clear();
                return isMore;
            }
        }
#pragma warning disable CA1031 // Whatever it is that the end has cut off.
        catch (Exception exception) when (giveUp.IsCancellationRequested)
#pragma warning restore CA1031
        {
            LogLost(logger, buffer.Count);
            buffer.Fail(new ObjectDisposedException("The services were disposed while the database was away.", exception));
        }
    }

    // Until it is stored, or refused for what is in it: then line by line as far as need be, so that all others are stored.
    private async Task StoreAsync(LogLines lines)
    {
        var started = Stopwatch.GetTimestamp();
        for (var failures = 0; ; failures++)
        {
            try
            {
                var missing = await appends.AppendManyAsync(lines, context.Clock.Now(), giveUp.Token).ConfigureAwait(false);
                var stored = lines.Count;
                foreach (var deploymentId in missing)
                {
                    var refused = lines.DeploymentIds.Count(id => id == deploymentId);
                    Refuse(deploymentId, refused, MissingReferenceException.Of(ForeignKey));
                    stored -= refused;
                }

                LogWriterMetrics.Stored(stored);
                context.LogNotifier.Mark(lines.DeploymentIds);
                if (failures > 0)
                {
                    LogBack(logger);
                }

                return;
            }
#pragma warning disable CA1031 // Whatever it is: no line is lost for it.
            catch (Exception exception) when (!giveUp.IsCancellationRequested)
#pragma warning restore CA1031
            {
                lines.MayBeStored = true;
                if (SqlErrors.IsOfTheValues(exception))
                {
                    if (lines.Count == 1)
                    {
                        Refuse(lines.DeploymentIds[0], 1, exception);
                        return;
                    }

                    var (first, second) = lines.Split();
                    await StoreAsync(first).ConfigureAwait(false);
                    await StoreAsync(second).ConfigureAwait(false);
                    return;
                }

                if (failures == 0)
                {
                    LogAway(logger, exception);
                }

                if (Stopwatch.GetElapsedTime(started) >= options.FailAfter)
                {
                    buffer.Fail(exception);
                }
            }

            await Task.Delay(Backoff.Pause(failures), giveUp.Token).ConfigureAwait(false);
        }
    }

    private void Refuse(Guid deploymentId, int count, Exception cause)
    {
        LogRefused(logger, count, deploymentId, cause.Message);
        LogWriterMetrics.Refused(count);
        buffer.Refuse(deploymentId, count, cause);
    }

    [LoggerMessage(10, LogLevel.Warning, "Log lines cannot be stored; they are held until the database is back.")]
    private static partial void LogAway(ILogger logger, Exception exception);

    [LoggerMessage(11, LogLevel.Information, "Log lines are stored again.")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(12, LogLevel.Warning, "{Count} log lines of deployment {DeploymentId} were refused: {Reason}")]
    private static partial void LogRefused(ILogger logger, int count, Guid deploymentId, string reason);

    [LoggerMessage(13, LogLevel.Error, "{Count} log lines are lost: the database was away until the services were disposed.")]
    private static partial void LogLost(ILogger logger, int count);
}
