using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The one connection that listens for notifications, shared by all waiters of the process. The first waiter opens the connection; a lost
/// connection is opened again. Notifications are lost with the connection, so that every waiter is woken once it listens again.
/// </summary>
internal sealed partial class Notifications : IAsyncDisposable, IDisposable
{
    private static readonly Gauge Listening = Gauge.Sum(
        "autostack.data.listening", "{connection}", "Connections that listen for notifications; without one, waiters poll.");

    // A dead connection does not report itself: an idle one is probed at this interval.
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(30);

    // The limit of each statement here, for which a server that works needs milliseconds.
    private const int CommandSeconds = 5;

    // A server that does not answer holds the connection for longer.
    private static readonly TimeSpan DisposalWait = TimeSpan.FromMilliseconds(500);

    private readonly NpgsqlDataSource? dataSource;
    private readonly ILogger logger;
    private readonly Outage outage;
    private readonly IDisposable listening;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource stopping = new();

    // Guarded by gate.
    private readonly Dictionary<(string Channel, string? Payload), List<Wakeup>> waiting = [];
    private CancellationTokenSource changed = new();
    private Task? running;

    // Of the listening task alone.
    private int failures;

    // Written by the listening task, read by the metric: Volatile.
    private bool isListening;

    /// <param name="dataSource">The source of the connection; null when waiters poll.</param>
    /// <param name="logger">Logs the loss and the return of the connection.</param>
    public Notifications(NpgsqlDataSource? dataSource, ILogger logger)
    {
        (this.dataSource, this.logger) = (dataSource, logger);
        outage = new Outage(exception => LogLost(logger, exception), () => LogBack(logger));
        listening = Listening.Add(() => Volatile.Read(ref isListening) ? 1 : 0);
    }

    /// <summary>
    /// Adds a waiter. Each notification raises the wakeup, and so does the return of a lost connection. Poll after this call, then wait.
    /// </summary>
    /// <param name="channel">The channel, a constant of this library: the name becomes part of a statement.</param>
    /// <param name="payload">The payload of the notifications; null for every payload.</param>
    /// <param name="wakeup">The wakeup to raise.</param>
    /// <returns>The subscription; disposing it removes the waiter.</returns>
    public IDisposable Subscribe(string channel, string? payload, Wakeup wakeup)
    {
        lock (gate)
        {
            if (waiting.TryGetValue((channel, payload), out var all))
            {
                all.Add(wakeup);
            }
            else
            {
                var isNew = waiting.Keys.All(key => key.Channel != channel);
                waiting.Add((channel, payload), [wakeup]);
                if (isNew)
                {
                    // CancelAsync, because the continuations of the token must not run under the lock.
                    _ = changed.CancelAsync();
                }
            }

            if (dataSource is not null && !stopping.IsCancellationRequested)
            {
                running ??= Task.Run(() => RunAsync(dataSource), CancellationToken.None);
            }
        }

        return new Subscription(() => End(channel, payload, wakeup));
    }

    public void Dispose()
    {
        listening.Dispose();
        // The driver waits for the server on the thread that cancels.
        _ = stopping.CancelAsync();
        lock (gate)
        {
            _ = changed.CancelAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Dispose();
        Task? last;
        lock (gate)
        {
            last = running;
        }

        if (last is not null)
        {
            await last.WaitAsync(DisposalWait, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task RunAsync(NpgsqlDataSource source)
    {
        while (true)
        {
            try
            {
                var connection = await source.OpenOutsideAsync(stopping.Token).ConfigureAwait(false);
                await using var closing = connection.ConfigureAwait(false);
                if (await IsPooledByAnotherAsync(connection).ConfigureAwait(false))
                {
                    LogPooler(logger);
                    return;
                }

                await ListenAsync(connection).ConfigureAwait(false);
                return;
            }
#pragma warning disable CA1031 // Any failure: waiters poll, and the connection is opened again.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (stopping.IsCancellationRequested)
                {
                    return;
                }

                failures++;
                outage.Failed(exception);
            }
            finally
            {
                Volatile.Write(ref isListening, false);
            }

            await Task.Delay(Backoff.Reconnect.Delay(failures - 1), stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Listens until the disposal or the loss of the connection.
    private async Task ListenAsync(NpgsqlConnection connection)
    {
        connection.Notification += (_, notification) => Raise((notification.Channel, notification.Payload), (notification.Channel, null));
        var listened = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            CancellationToken change;
            string[] wanted;
            lock (gate)
            {
                changed = new CancellationTokenSource();
                change = changed.Token;
                wanted = [.. waiting.Keys.Select(key => key.Channel).Distinct()];
            }

            if (stopping.IsCancellationRequested)
            {
                // A pool of the host gets the connection back unchanged.
                await ExecuteAsync(connection, "UNLISTEN *", CancellationToken.None).ConfigureAwait(false);
                return;
            }

            var added = wanted.Except(listened).ToList();
            var statements = added.Select(channel => $"LISTEN {channel}").Concat(
                listened.Except(wanted).Select(channel => $"UNLISTEN {channel}"));
            if (string.Join("; ", statements) is { Length: > 0 } sql)
            {
                await ExecuteAsync(connection, sql, stopping.Token).ConfigureAwait(false);
                listened = [.. wanted];
                failures = 0;
                Volatile.Write(ref isListening, true);

                // Commits before LISTEN raised no notification.
                Raise(KeysOf(added));
            }

            try
            {
                if (!await connection.WaitAsync(ProbeEvery, change).ConfigureAwait(false))
                {
                    await ExecuteAsync(connection, "SELECT 1", stopping.Token).ConfigureAwait(false);
                }

                // A notification came, or the answer to the probe.
                outage.Succeeded();
            }
            catch (OperationCanceledException)
            {
                // A new channel, or the disposal.
            }
        }
    }

    private (string Channel, string? Payload)[] KeysOf(List<string> channels)
    {
        lock (gate)
        {
            return [.. waiting.Keys.Where(key => channels.Contains(key.Channel))];
        }
    }

    private void Raise(params ReadOnlySpan<(string Channel, string? Payload)> keys)
    {
        lock (gate)
        {
            foreach (var key in keys)
            {
                waiting.GetValueOrDefault(key)?.ForEach(wakeup => wakeup.Raise());
            }
        }
    }

    private void End(string channel, string? payload, Wakeup wakeup)
    {
        lock (gate)
        {
            if (waiting.TryGetValue((channel, payload), out var all) && all.Remove(wakeup) && all.Count == 0)
            {
                waiting.Remove((channel, payload));
            }
        }
    }

    // A pooler reports a process id of its own. In transaction mode a pooler accepts LISTEN and delivers nothing.
    private async Task<bool> IsPooledByAnotherAsync(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT pg_catalog.pg_backend_pid()", connection) { CommandTimeout = CommandSeconds };
        return await command.ExecuteScalarAsync(stopping.Token).ConfigureAwait(false) is int processId && processId != connection.ProcessID;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = CommandSeconds };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(2, LogLevel.Warning, "Lost the connection that listens for notifications; polling until it is back.")]
    private static partial void LogLost(ILogger logger, Exception exception);

    [LoggerMessage(3, LogLevel.Information, "Listening for notifications again.")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning,
        "Connected through a pooler, which may not deliver notifications; polling instead. Set Pooler, or ListenConnectionString.")]
    private static partial void LogPooler(ILogger logger);

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
