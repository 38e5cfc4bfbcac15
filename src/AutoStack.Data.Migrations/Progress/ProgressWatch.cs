using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Reads, until disposed, how far a running script is, on a session of its own that is opened when the script has run for one interval. A
/// read that fails does not concern the script.
/// </summary>
internal sealed class ProgressWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly Task watching;

    /// <summary>Starts to watch a script.</summary>
    /// <param name="server">Opens the session, on the server that runs the script.</param>
    /// <param name="processId">The server process that runs the script.</param>
    /// <param name="step">The script.</param>
    /// <param name="searchPath">The schemas in which the script looks up names; null for the migrator's own path.</param>
    /// <param name="interval">The time between two reads.</param>
    /// <param name="progress">Receives the progress; null to read nothing.</param>
    public ProgressWatch(
        MigrationServer server, int processId, MigrationStep step, string? searchPath, TimeSpan interval,
        IProgress<MigrationEvent>? progress) =>
        watching = progress is null ? Task.CompletedTask : WatchAsync(server, processId, step, searchPath, interval, progress);

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await watching.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task WatchAsync(
        MigrationServer server, int processId, MigrationStep step, string? searchPath, TimeSpan interval,
        IProgress<MigrationEvent> progress)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            await Task.Delay(interval, stopping.Token).ConfigureAwait(false);
            var connection = await server.ConnectAsync(TimeSpan.Zero, progress: null, stopping.Token).ConfigureAwait(false);
            await using var closing = connection.ConfigureAwait(false);
            IProgressSource[] sources =
                [new ServerProgress(processId), new ValidationProgress(processId, step), new RowProgress(step, searchPath)];
            var rates = new Rates();
            await PrepareAsync(connection).ConfigureAwait(false);
            while (true)
            {
                if (await ReadAsync(sources, connection).ConfigureAwait(false) is { } found)
                {
                    progress.Report(rates.Complete(found with { FileName = step.FileName, Elapsed = watch.Elapsed }));
                }

                await Task.Delay(interval, stopping.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (
            exception is NpgsqlException or MigrationException or OperationCanceledException or InvalidOperationException)
        {
            // The script is done, or this role may not open or use another session: the script runs without progress.
        }
    }

    private async Task<StepProgress?> ReadAsync(IEnumerable<IProgressSource> sources, NpgsqlConnection connection)
    {
        foreach (var source in sources)
        {
            try
            {
                if (await source.ReadAsync(connection, stopping.Token).ConfigureAwait(false) is { } found)
                {
                    return found;
                }
            }
            catch (PostgresException)
            {
                // A table is locked, the time was too short, or this role may not read: another read may succeed.
            }
        }

        return null;
    }

    // The login may see its own sessions' progress; a role that ALTER ROLE … SET role gave it may not. No read keeps anybody waiting.
    private async Task PrepareAsync(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(
            $"SET ROLE NONE; {SearchPath.Own}; SET lock_timeout = '100ms'; SET statement_timeout = '2s'; " +
            $"SET default_transaction_read_only = on; {SessionLimits.Lift}", connection);
        await command.ExecuteNonQueryAsync(stopping.Token).ConfigureAwait(false);
    }

    /// <summary>Adds the rate to each report: from the first report of its activity to this one.</summary>
    private sealed class Rates
    {
        private StepProgress? first;

        public StepProgress Complete(StepProgress now)
        {
            if (first is null || first.Activity != now.Activity || now.Done is null || now.Done < first.Done)
            {
                first = now;
                return now;
            }

            var seconds = (now.Elapsed - first.Elapsed).TotalSeconds;
            return seconds > 0 ? now with { PerSecond = (now.Done.Value - first.Done!.Value) / seconds } : now;
        }
    }
}

/// <summary>One kind of progress that can be read from a server.</summary>
internal interface IProgressSource
{
    /// <summary>Reads the progress now, without file and time; null when the script is at nothing that this source knows.</summary>
    Task<StepProgress?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken);
}
