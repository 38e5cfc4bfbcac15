using System.Diagnostics;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Runs up or down scripts under the migration lock, in one transaction that is rolled back.</summary>
internal sealed class Rehearsal(MigratorContext context)
{
    // 49 days, the longest time that a timer of .NET takes. A rehearsal with a longer limit has no limit.
    private static readonly TimeSpan LongestTimer = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    /// <inheritdoc cref="SchemaMigrator.RehearseUpgradeAsync"/>
    public async Task<RehearsalResult> RunAsync(
        bool up, MigrationTarget target, IProgress<MigrationEvent>? progress, CancellationToken cancellationToken)
    {
        var session = await LockedSession.OpenAsync(context, progress, cancellationToken).ConfigureAwait(false);
        await using var closing = session.ConfigureAwait(false);
        var runner = await ScriptRunner.StartAsync(session, context, attempts: 1, progress, cancellationToken).ConfigureAwait(false);
        var plan = await PlanForecast.RunnableAsync(session.Connection, context, up, target, cancellationToken).ConfigureAwait(false);

        // Readers and writers wait from here on.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (context.Options.RehearsalLimit <= LongestTimer)
        {
            limit.CancelAfter(context.Options.RehearsalLimit);
        }

        try
        {
            return await RunAsync(runner, session, plan, up, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new MigrationException(MigrationError.TimeLimit,
                $"The rehearsal took longer than its limit of {context.Options.RehearsalLimit.TotalSeconds:0.###} s; everything was " +
                "rolled back. A longer one: --rehearse-limit SECONDS; one that stops nobody: --rehearse --on-copy.", exception);
        }
    }

    private static async Task<RehearsalResult> RunAsync(
        ScriptRunner runner, LockedSession session, MigrationPlan plan, bool up, CancellationToken cancellationToken)
    {
        // Never committed: disposing rolls the transaction back.
        var transaction = await session.Connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await using var rollingBack = transaction.ConfigureAwait(false);
        var stops = await StopWatch.StartAsync(session.Connection, cancellationToken).ConfigureAwait(false);
        await VersionJournal.PrepareAsync(session.Connection, attempts: 1, cancellationToken).ConfigureAwait(false);
        var steps = new List<RehearsedStep>();
        string? endedEarly = null;
        foreach (var script in plan.Scripts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                var started = Stopwatch.GetTimestamp();
                steps.Add(await runner.RehearseAsync(transaction, script, up, cancellationToken).ConfigureAwait(false));
                await stops.ReadAsync(started, cancellationToken).ConfigureAwait(false);
            }
            catch (NpgsqlException exception) when (
                EnumValue.IsUncommitted(exception, plan.StepOf(script), plan.Steps.Take(steps.Count)))
            {
                endedEarly = $"From {plan.StepOf(script).FileName} on the scripts cannot be rehearsed in one transaction: it uses a " +
                    "value of an enum that an earlier script adds, and the upgrade commits in between (55P04). " +
                    "A copy can: --rehearse --on-copy.";
                steps.AddRange(plan.Scripts.Skip(steps.Count).Select(rest => runner.Unrehearsed(rest, up)).ToList());
                break;
            }
            catch (NpgsqlException exception)
            {
                var skipped = string.Join(", ", steps.Where(s => s.Outcome == RehearsalOutcome.Skipped).Select(s => s.FileName));
                var without = skipped.Length == 0 ? "" : $" without {skipped}";
                throw runner.Failed(
                    RehearsalForm.Of(plan.StepOf(script)) ?? plan.StepOf(script),
                    exception,
                    new MigrationResult(plan.FromVersion, plan.FromVersion, [])
                    {
                        Sets = [.. plan.Sets.Select(set => set with { ToVersion = set.FromVersion })],
                    },
                    $" Rehearsed {steps.Count} of {plan.Scripts.Count} scripts before it{without}; everything was rolled back.");
            }
        }

        await transaction.RollbackAsync(CancellationToken.None).ConfigureAwait(false);
        return new RehearsalResult(plan.FromVersion, plan.ToVersion, steps)
        {
            Sets = plan.Sets,
            EndedEarly = endedEarly,
            Stops = stops.Finish(),
        };
    }
}
