using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Postgres;

/// <summary>
/// The one connection of a database that listens, shared by everybody in the process who waits for a notification. It is made for the first
/// of them, and again when it is lost. Notifications are lost with it: once it listens again, whoever waits is woken and looks.
/// </summary>
/// <param name="dataSource">Where the connection comes from; null: nobody listens, whoever waits looks from time to time.</param>
/// <param name="logger">Told when the connection is lost.</param>
internal sealed partial class Notifications(NpgsqlDataSource? dataSource, ILogger logger) : IAsyncDisposable, IDisposable
{
    // A dead connection says nothing: as often, the server is asked for a sign of life.
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(30);

    private readonly Lock gate = new();
    private readonly Dictionary<(string Channel, string? Payload), List<Wakeup>> waiting = [];
    private readonly CancellationTokenSource stopping = new();
    private CancellationTokenSource changed = new();
    private Task? running;
    private int failures;

    /// <summary>
    /// Joins those who wait. The wakeup is raised by each notification, and whenever one may have been missed. Look after this call, then
    /// wait.
    /// </summary>
    /// <param name="channel">The channel: a constant of this library, since it becomes part of a statement.</param>
    /// <param name="payload">Only notifications with this payload; null for all.</param>
    /// <param name="wakeup">What to raise.</param>
    /// <returns>Ends the waiting when disposed.</returns>
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
                    // Not under the lock: what waits for it goes on at once.
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
        stopping.Cancel();
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

        await (last ?? Task.CompletedTask).ConfigureAwait(false);
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
#pragma warning disable CA1031 // Whatever it is: those who wait go on by looking from time to time, and this tries again.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                if (stopping.IsCancellationRequested)
                {
                    return;
                }

                if (failures++ == 0)
                {
                    LogLost(logger, exception);
                }
            }

            await Task.Delay(Backoff.Reconnect.Delay(failures - 1), stopping.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // Until the end, or until the connection is lost.
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
                // A pool of the host's gets it back as it was.
                await ExecuteAsync(connection, "UNLISTEN *", CancellationToken.None).ConfigureAwait(false);
                return;
            }

            var added = wanted.Except(listened).ToList();
            var statements = added.Select(channel => $"LISTEN {channel}").Concat(listened.Except(wanted).Select(channel => $"UNLISTEN {channel}"));
            if (string.Join("; ", statements) is { Length: > 0 } sql)
            {
                await ExecuteAsync(connection, sql, stopping.Token).ConfigureAwait(false);
                listened = [.. wanted];
                if (failures > 0)
                {
                    LogBack(logger);
                    failures = 0;
                }

                // What was committed before the server listened was not told.
                Raise(KeysOf(added));
            }

            try
            {
                if (!await connection.WaitAsync(ProbeEvery, change).ConfigureAwait(false))
                {
                    await ExecuteAsync(connection, "SELECT 1", stopping.Token).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException)
            {
                // A channel came, or it is over.
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

    // A pooler answers with a number of its own. In transaction mode it takes LISTEN and never delivers anything.
    private async Task<bool> IsPooledByAnotherAsync(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand("SELECT pg_catalog.pg_backend_pid()", connection);
        return await command.ExecuteScalarAsync(stopping.Token).ConfigureAwait(false) is int processId && processId != connection.ProcessID;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    [LoggerMessage(2, LogLevel.Warning, "The connection that listens for notifications was lost. Until it is back, the database is asked from time to time.")]
    private static partial void LogLost(ILogger logger, Exception exception);

    [LoggerMessage(3, LogLevel.Information, "The connection that listens for notifications is back.")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "A pooler stands before the database, so that notifications may not arrive: the database is asked from time to time. Set ListenForNotifications to false, or connect directly.")]
    private static partial void LogPooler(ILogger logger);

    private sealed class Subscription(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
