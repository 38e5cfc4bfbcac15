using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs scripts on one connection, while another one holds the lock.</summary>
/// <param name="connection">Where the scripts run.</param>
/// <param name="held">The lock, on another connection.</param>
/// <param name="attempts">How often a script is tried that does not get a lock in time.</param>
/// <param name="showValues">Whether the message of a failure may quote values of rows.</param>
/// <param name="progress">Told of each step.</param>
internal sealed class ScriptRunner(NpgsqlConnection connection, MigrationLock held, int attempts, bool showValues, IProgress<MigrationEvent>? progress)
{
    private int processId;
    private string scriptPath = "public";
    private IReadOnlyList<Blocker> blockers = [];

    /// <summary>Throws when the lock is lost.</summary>
    public Task EnsureLockAsync(CancellationToken cancellationToken) => held.EnsureHeldAsync(cancellationToken);

    /// <summary>Sets what all scripts need of their session.</summary>
    public async Task PrepareSessionAsync(CancellationToken cancellationToken)
    {
        // Not connection.ProcessID, which a pooler makes up.
        using (var find = new NpgsqlCommand("SELECT pg_catalog.pg_backend_pid()", connection))
        {
            processId = (int)(await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }

        using (var ask = new NpgsqlCommand(SearchPath.OfScripts, connection))
        {
            scriptPath = (string)(await ask.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }

        await ExecuteAsync(SearchPath.Own, cancellationToken).ConfigureAwait(false);

        // How long a script may take, its header says. Not every version of the server has all of them.
        await ExecuteAsync("""
            SELECT set_config(name, '0', false)
            FROM pg_settings
            WHERE name IN ('idle_in_transaction_session_timeout', 'idle_session_timeout', 'transaction_timeout')
            """, cancellationToken).ConfigureAwait(false);
        try
        {
            // A server that notices a dead client ends its statement, so that a killed migrator does not go on building for nobody.
            await ExecuteAsync("SET client_connection_check_interval = '2s'", cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException)
        {
            // Not every platform of the server can notice it.
        }
    }

    /// <summary>Runs a script with what its header asks for, and notes it; tries again when somebody is in the way.</summary>
    public async Task<AppliedStep> ApplyAsync(MigrationScript script, bool up, CancellationToken cancellationToken)
    {
        var step = up ? script.Up : script.Down;
        progress?.Report(new StepStarted(script.Version, step.FileName));
        var watch = Stopwatch.StartNew();
        var retries = new List<StepRetrying>();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryAsync(script, up, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (PostgresException exception) when (IsInTheWay(exception) && attempt < attempts)
            {
                var delay = TimeSpan.FromMilliseconds(250 * Math.Pow(2, attempt - 1) * (1 + Random.Shared.NextDouble()));
                retries.Add(new StepRetrying(step.FileName, attempt, delay, blockers));
                progress?.Report(retries[^1]);
                await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
            }
            catch when (step.ConcurrentIndex is not null)
            {
                await TryDropInvalidIndexAsync(step.ConcurrentIndex).ConfigureAwait(false);
                throw;
            }
        }

        var applied = new AppliedStep(script.Version, step.FileName, step.Sql, watch.Elapsed) { Retries = retries };
        progress?.Report(new StepFinished(applied));
        return applied;
    }

    private Task TryAsync(MigrationScript script, bool up, CancellationToken cancellationToken) =>
        WatchedAsync(up ? script.Up : script.Down, async step =>
        {
            await SetTimeoutsAsync(step, cancellationToken).ConfigureAwait(false);
            if (step.ConcurrentIndex is not null)
            {
                await DropInvalidIndexAsync(step.ConcurrentIndex, "DROP INDEX CONCURRENTLY", cancellationToken).ConfigureAwait(false);
            }

            if (step.Transactional)
            {
                var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using var ending = transaction.ConfigureAwait(false);
                await RunAsync(transaction, script, step, up, cancellationToken).ConfigureAwait(false);
                // A commit that is cancelled leaves open whether it happened.
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                await RunAsync(transaction: null, script, step, up, cancellationToken).ConfigureAwait(false);
            }
        });

    /// <summary>Runs a script in a transaction that the caller rolls back, in another form where that is needed.</summary>
    public async Task<RehearsedStep> RehearseAsync(NpgsqlTransaction transaction, MigrationScript script, bool up, CancellationToken cancellationToken)
    {
        var written = up ? script.Up : script.Down;
        var rehearsed = new RehearsedStep(script.Version, written.FileName, RehearsalWay.Skipped, null, TimeSpan.Zero);
        progress?.Report(new StepStarted(script.Version, written.FileName));
        if (RehearsalForm.Of(written) is { } step)
        {
            var watch = Stopwatch.StartNew();
            await WatchedAsync(step, async _ =>
            {
                await SetTimeoutsAsync(step, cancellationToken).ConfigureAwait(false);
                if (written.ConcurrentIndex is not null)
                {
                    await DropInvalidIndexAsync(written.ConcurrentIndex, "DROP INDEX", cancellationToken).ConfigureAwait(false);
                }

                await RunAsync(transaction, script, step, up, cancellationToken).ConfigureAwait(false);

                // What a commit would check.
                await ExecuteAsync("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED", cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
            var way = written.Transactional ? RehearsalWay.AsWritten : RehearsalWay.InTransaction;
            rehearsed = rehearsed with { Way = way, Sql = step.Sql, Duration = watch.Elapsed };
        }

        progress?.Report(new StepRehearsed(rehearsed));
        return rehearsed;
    }

    // Remembers who was in the way when it did not get its lock.
    private async Task WatchedAsync(MigrationStep step, Func<MigrationStep, Task> work)
    {
        var watch = new BlockerWatch(held, processId, step.FileName, progress);
        await using var watching = watch.ConfigureAwait(false);
        try
        {
            await work(step).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (IsInTheWay(exception))
        {
            blockers = watch.Blockers;
            throw;
        }
    }

    // No lock in time, or the loser of a deadlock with the application: it was rolled back, and may be tried again.
    private static bool IsInTheWay(PostgresException exception) =>
        exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;

    private async Task RunAsync(
        NpgsqlTransaction? transaction, MigrationScript script, MigrationStep text, bool up, CancellationToken cancellationToken)
    {
        // A step of an adoption names the schema of everything.
        if (script.Version > 0)
        {
            await ExecuteAsync($"SET search_path = {scriptPath}", cancellationToken).ConfigureAwait(false);
        }

        using var step = new DbUpStep(connection, transaction, script, text, up);
        var cancelling = Task.CompletedTask;
        var running = Task.Run(step.Run, CancellationToken.None);
        var registration = cancellationToken.Register(() => cancelling = held.CancelAsync(processId, running));
        try
        {
            await running.ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.QueryCanceled && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(exception.MessageText, exception, cancellationToken);
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
            await cancelling.ConfigureAwait(false);
            await LeaveScriptPathAsync().ConfigureAwait(false);
        }
    }

    // A script that failed in a transaction takes its path back with it.
    private async Task LeaveScriptPathAsync()
    {
        try
        {
            await ExecuteAsync(SearchPath.Own, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // The failure that led here is the one to tell.
        }
    }

    private async Task SetTimeoutsAsync(MigrationStep step, CancellationToken cancellationToken) =>
        await ExecuteAsync($"SET lock_timeout = '{step.LockTimeout}'; SET statement_timeout = '{step.StatementTimeout}'", cancellationToken)
            .ConfigureAwait(false);

    // What a build that failed or was killed leaves behind: IF NOT EXISTS would take it for the index.
    private async Task DropInvalidIndexAsync(string index, string drop, CancellationToken cancellationToken)
    {
        using var find = new NpgsqlCommand("SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(@index) AND NOT indisvalid)", connection);
        find.Parameters.AddWithValue("index", "public." + index);
        if (await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true)
        {
            await ExecuteAsync($"{drop} public.{index}", cancellationToken).ConfigureAwait(false);
        }
    }

    // Nothing half-done is to stay. What cannot be dropped now, because somebody uses the table for long or the server is gone, the next run drops.
    private async Task TryDropInvalidIndexAsync(string index)
    {
        try
        {
            await ExecuteAsync("SET lock_timeout = '2s'; SET statement_timeout = '1min'", CancellationToken.None).ConfigureAwait(false);
            await DropInvalidIndexAsync(index, "DROP INDEX CONCURRENTLY", CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // The failure that led here is the one to tell.
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The exception for a script that failed: its file, the line, what the server said.</summary>
    public MigrationException Failed(MigrationStep step, Exception exception, MigrationReport report, string after = "")
    {
        var message = exception.Message;
        var place = "";
        if (exception is PostgresException postgres)
        {
            // A transactional script is an EXECUTEd string: positions are within it.
            var position = postgres.InternalPosition > 0 ? postgres.InternalPosition : step.Transactional ? 0 : postgres.Position;
            // The server counts characters, and one beyond the basic plane is two of ours.
            place = position > 0 ? $", line {1 + step.Sql.EnumerateRunes().Take(position - 1).Count(rune => rune.Value == '\n')}" : "";
            var inTheWay = IsInTheWay(postgres) ? " " + Blocker.Sentence(blockers) : "";
            message = (ServerError.Describe(postgres, showValues, step.Sql) + inTheWay).TrimEnd();
        }

        // Who logs an exception logs the inner one, too.
        var inner = showValues || exception is not PostgresException quoting || ServerError.IsPlain(quoting, step.Sql) ? exception : null;
        return new MigrationException(MigrationError.ScriptFailed, $"{step.FileName}{place}: {message}{after}", inner) { Report = report };
    }
}
