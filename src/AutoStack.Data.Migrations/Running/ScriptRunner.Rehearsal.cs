using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

// A script in the one transaction of a rehearsal.
internal sealed partial class ScriptRunner
{
    /// <summary>
    /// Runs a script in a transaction that the caller rolls back, in another form where a transaction does not allow the script.
    /// </summary>
    public async Task<RehearsedStep> RehearseAsync(
        NpgsqlTransaction transaction, MigrationScript script, bool up, CancellationToken cancellationToken)
    {
        var written = up ? script.Up : script.Down;
        var rehearsed = new RehearsedStep(script.Version, written.FileName, RehearsalOutcome.Skipped, null, TimeSpan.Zero)
        {
            Set = script.Set,
        };
        progress?.Report(new StepStarted(script.Version, written.FileName) { Set = script.Set });
        if (RehearsalForm.Of(written) is { } step)
        {
            var watch = Stopwatch.StartNew();
            await WatchedAsync(step, async (_, lost) =>
            {
                await RenewAsync(cancellationToken).ConfigureAwait(false);
                await SetTimeoutsAsync(step, cancellationToken).ConfigureAwait(false);
                await SetVariablesAsync(written, cancellationToken).ConfigureAwait(false);
                if (written.ConcurrentIndex is not null)
                {
                    await InvalidIndex.DropAsync(connection, written.ConcurrentIndex, "DROP INDEX", cancellationToken)
                        .ConfigureAwait(false);
                }

                await RunAsync(transaction, script, step, up, lost, cancellationToken).ConfigureAwait(false);

                // The deferred constraints that a commit would check.
                await ExecuteAsync("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED", cancellationToken).ConfigureAwait(false);
            }).ConfigureAwait(false);
            var outcome = written.Transactional ? RehearsalOutcome.AsWritten : RehearsalOutcome.InTransaction;
            rehearsed = rehearsed with { Outcome = outcome, Sql = step.Sql, Duration = watch.Elapsed };
        }

        progress?.Report(new StepRehearsed(rehearsed));
        return rehearsed;
    }

    /// <summary>A script that an earlier error of the rehearsal's transaction keeps from being rehearsed.</summary>
    public RehearsedStep Unrehearsed(MigrationScript script, bool up)
    {
        var step = new RehearsedStep(
            script.Version, (up ? script.Up : script.Down).FileName, RehearsalOutcome.CannotBeRehearsed, null, TimeSpan.Zero)
        {
            Set = script.Set,
        };
        progress?.Report(new StepRehearsed(step));
        return step;
    }
}
