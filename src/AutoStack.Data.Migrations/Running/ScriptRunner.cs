using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs scripts on one session, while another one holds the lock.</summary>
internal sealed partial class ScriptRunner
{
    private readonly NpgsqlConnection connection;
    private readonly MigrationLock held;
    private readonly SessionState state;
    private readonly MigrationServer server;
    private readonly TimeSpan progressInterval;
    private readonly int attempts;
    private readonly bool showValues;
    private readonly string? reason;
    private readonly IReadOnlyDictionary<string, string> variables;
    private readonly IProgress<MigrationEvent>? progress;

    private int processId;
    private string scriptPath = "public";
    private IReadOnlyList<Blocker> blockers = [];
    private bool lockLost;

    private ScriptRunner(LockedSession session, MigratorContext context, int attempts, IProgress<MigrationEvent>? progress)
    {
        (server, progressInterval) = (context.Server.Of(session.Connection), context.Options.ProgressInterval);
        (connection, held, state) = (session.Connection, session.Lock, new SessionState(session.Connection));
        (this.attempts, this.progress) = (attempts, progress);
        (showValues, reason, variables) = (context.Options.ShowValues, context.Options.Reason, context.Options.Variables);
    }

    /// <summary>Prepares the working session for scripts, and refuses foreign objects.</summary>
    /// <param name="session">The locked session; the caller closes it.</param>
    /// <param name="context">The options of the migrator.</param>
    /// <param name="attempts">How often a script is attempted that does not get a lock in time.</param>
    /// <param name="progress">Receives each step.</param>
    /// <param name="cancellationToken">Cancels the queries.</param>
    /// <exception cref="MigrationException"><see cref="MigrationError.ForeignObjects"/>.</exception>
    public static async Task<ScriptRunner> StartAsync(
        LockedSession session,
        MigratorContext context,
        int attempts,
        IProgress<MigrationEvent>? progress,
        CancellationToken cancellationToken)
    {
        var runner = new ScriptRunner(session, context, attempts, progress);
        await runner.PrepareSessionAsync(cancellationToken).ConfigureAwait(false);
        await context.RefuseForeignObjectsAsync(session.Connection, progress, cancellationToken).ConfigureAwait(false);
        return runner;
    }

    /// <summary>What another migrator did that made a script fail; null when the script failed for another reason.</summary>
    public Task<string?> FindOtherAsync(MigrationScript script, bool up, Exception exception) => exception is PostgresException postgres
        ? OtherMigrator.FindAsync(connection, script, up, postgres) : Task.FromResult<string?>(null);

    /// <summary>Throws when the lock is lost.</summary>
    public Task EnsureLockAsync(CancellationToken cancellationToken) => held.EnsureHeldAsync(cancellationToken);

    private async Task PrepareSessionAsync(CancellationToken cancellationToken)
    {
        // Not connection.ProcessID: a pooler invents that number.
        using (var find = new NpgsqlCommand("SELECT pg_catalog.pg_backend_pid()", connection))
        {
            processId = (int)(await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }

        using (var ask = new NpgsqlCommand(SearchPath.OfScripts, connection))
        {
            scriptPath = (string)(await ask.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        }

        await state.PrepareAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Runs a script with the settings of its header and records it in the journal; retries when another session blocks it.
    /// </summary>
    public async Task<AppliedStep> ApplyAsync(MigrationScript script, bool up, CancellationToken cancellationToken)
    {
        var step = up ? script.Up : script.Down;
        progress?.Report(new StepStarted(script.Version, step.FileName) { Set = script.Set });
        var watch = Stopwatch.StartNew();
        var retries = new List<StepRetrying>();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryAsync(script, up, cancellationToken).ConfigureAwait(false);
                break;
            }
            catch (PostgresException exception) when (IsBlocked(exception) && attempt < attempts && !lockLost)
            {
                var delay = JournalShape.Pause(attempt) * (1 + Random.Shared.NextDouble());
                retries.Add(new StepRetrying(step.FileName, attempt, delay, blockers));
                progress?.Report(retries[^1]);
                await Task.Delay(delay, cancellationToken).ConfigureAwait(false);
            }
            catch when (step.ConcurrentIndex is not null && !lockLost)
            {
                // Without the lock the index may already be that of another migrator.
                await InvalidIndex.TryDropAsync(connection, step.ConcurrentIndex).ConfigureAwait(false);
                throw;
            }
        }

        var applied = new AppliedStep(script.Version, step.FileName, step.Sql, watch.Elapsed) { Retries = retries, Set = script.Set };
        progress?.Report(new StepFinished(applied));
        return applied;
    }

    private Task TryAsync(MigrationScript script, bool up, CancellationToken cancellationToken) =>
        WatchedAsync(up ? script.Up : script.Down, async (written, lost) =>
        {
            await RenewAsync(cancellationToken).ConfigureAwait(false);
            await SetTimeoutsAsync(written, cancellationToken).ConfigureAwait(false);
            var step = await PartitionedIndex.PrepareAsync(connection, written, scriptPath, cancellationToken).ConfigureAwait(false);
            if (step != written)
            {
                await SetTimeoutsAsync(step, cancellationToken).ConfigureAwait(false);
            }

            await SetVariablesAsync(step, cancellationToken).ConfigureAwait(false);
            if (step.ConcurrentIndex is not null)
            {
                await InvalidIndex.DropAsync(connection, step.ConcurrentIndex, "DROP INDEX CONCURRENTLY", cancellationToken)
                    .ConfigureAwait(false);
            }

            if (step.Transactional)
            {
                var transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                await using var ending = transaction.ConfigureAwait(false);
                await RunAsync(transaction, script, step, up, lost, cancellationToken).ConfigureAwait(false);

                // A cancelled COMMIT leaves open whether the transaction was committed.
                await transaction.CommitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                await RunAsync(transaction: null, script, step, up, lost, cancellationToken).ConfigureAwait(false);
                await KeepLockAsync(step).ConfigureAwait(false);
            }
        });

    // Such a script may have called pg_advisory_unlock_all().
    private async Task KeepLockAsync(MigrationStep step)
    {
        if (!await state.KeepLockAsync(CancellationToken.None).ConfigureAwait(false))
        {
            lockLost = true;
            throw new MigrationException(MigrationError.LockLost, OtherMigrator.Released(step));
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (!await state.RenewAsync(cancellationToken).ConfigureAwait(false))
        {
            lockLost = true;
            throw new NpgsqlException("Another migrator works.");
        }
    }

    // Keeps the blockers of a script that did not get its lock, for the retry event and the error, and whether the migration lock was lost.
    private async Task WatchedAsync(MigrationStep step, Func<MigrationStep, CancellationToken, Task> work)
    {
        var watch = new BlockerWatch(held, processId, step.FileName, progress);
        await using var watching = watch.ConfigureAwait(false);
        var following = new ProgressWatch(server, processId, step, scriptPath, progressInterval, progress);
        await using var ending = following.ConfigureAwait(false);
        try
        {
            await work(step, watch.Lost).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException)
        {
            lockLost |= watch.Lost.IsCancellationRequested;
            blockers = watch.Blockers;
            throw;
        }
    }

    // No lock in time, or the victim of a deadlock with the application: the server rolled the script back, so a retry is safe.
    private static bool IsBlocked(PostgresException exception) =>
        exception.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;

    private async Task RunAsync(
        NpgsqlTransaction? transaction,
        MigrationScript script,
        MigrationStep text,
        bool up,
        CancellationToken lost,
        CancellationToken cancellationToken)
    {
        // The steps of an adoption qualify every name with its schema and need no search path. A script that releases all advisory locks
        // does not release that of its transaction.
        if (script.IsJournaled)
        {
            await ExecuteAsync(
                $"SELECT pg_catalog.pg_advisory_xact_lock({LockedSession.WorkKey}); SET search_path = {scriptPath}", cancellationToken)
                .ConfigureAwait(false);
        }

        using var step = new DbUpStep(connection, transaction, script, text, up, reason);
        var (cancelling, stopping) = (Task.CompletedTask, Task.CompletedTask);
        var running = Task.Run(step.Run, CancellationToken.None);
        var registration = cancellationToken.Register(() => cancelling = held.CancelAsync(processId, running));
        var onLost = lost.Register(() => stopping = step.CancelAsync(running));
        try
        {
            await running.ConfigureAwait(false);
        }
        catch (PostgresException exception) when (
            exception.SqlState == PostgresErrorCodes.QueryCanceled && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(exception.MessageText, exception, cancellationToken);
        }
        catch (OperationCanceledException exception) when (lost.IsCancellationRequested)
        {
            throw new NpgsqlException(exception.Message, exception);
        }
        finally
        {
            await registration.DisposeAsync().ConfigureAwait(false);
            await onLost.DisposeAsync().ConfigureAwait(false);
            await cancelling.ConfigureAwait(false);
            await stopping.ConfigureAwait(false);
            await LeaveScriptPathAsync().ConfigureAwait(false);
        }
    }

    // A rollback restores the search path; a script outside a transaction does not.
    private async Task LeaveScriptPathAsync()
    {
        try
        {
            await ExecuteAsync(SearchPath.Own, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // Ignored: the original failure is reported.
        }
    }

    private Task SetTimeoutsAsync(MigrationStep step, CancellationToken cancellationToken) =>
        ExecuteAsync($"SET lock_timeout = '{step.LockTimeout}'; SET statement_timeout = '{step.StatementTimeout}'", cancellationToken);

    private async Task SetVariablesAsync(MigrationStep step, CancellationToken cancellationToken)
    {
        foreach (var name in step.Variables.Where(variables.ContainsKey))
        {
            using var set = new NpgsqlCommand("SELECT pg_catalog.set_config(@name, @value, FALSE)", connection);
            set.Parameters.AddWithValue("name", $"autostack.{name}");
            set.Parameters.AddWithValue("value", variables[name]);
            await set.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Creates the exception for a failed script: its file, the line and the server's error.</summary>
    public MigrationException Failed(MigrationStep step, Exception exception, MigrationResult result, string after = "")
    {
        var message = exception.Message;
        var place = "";
        if (lockLost)
        {
            return new MigrationException(MigrationError.LockLost, OtherMigrator.LockLost(step) + after, exception) { Result = result };
        }

        if (exception is PostgresException postgres)
        {
            // A transactional script is an EXECUTEd string: its positions are internal ones.
            var position = postgres.InternalPosition > 0 ? postgres.InternalPosition : step.Transactional ? 0 : postgres.Position;

            // The server counts characters; a character outside the basic plane is two UTF-16 units.
            place = position > 0 ? $", line {1 + step.Sql.EnumerateRunes().Take(position - 1).Count(rune => rune.Value == '\n')}" : "";
            var tries = attempts == 1 ? "1 attempt" : $"{attempts} attempts";
            var blockedBy = IsBlocked(postgres) ? $" Gave up after {tries}. {Blocker.Sentence(blockers)}" : "";
            message = (ServerError.Describe(postgres, showValues, step.Sql) + blockedBy).TrimEnd();
        }

        // A logger writes the inner exception, too: it must not quote values.
        var inner = showValues || exception is not PostgresException quoting || ServerError.IsPlain(quoting, step.Sql) ? exception : null;
        var error = exception is PostgresException { } blocked && IsBlocked(blocked) ? MigrationError.Locked : MigrationError.ScriptFailed;
        return new MigrationException(error, $"{step.FileName}{place}: {message}{after}", inner) { Result = result };
    }
}
