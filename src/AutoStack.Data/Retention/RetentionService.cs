using System.Diagnostics;
using System.Runtime.ExceptionServices;
using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using Npgsql;

namespace AutoStack.Data.Retention;

internal sealed class RetentionService(Db db, RetentionSources sources) : IRetentionService
{
    private readonly UpkeepLeases leases = new(db, sources.Clock, "retention");

    public Task<IReadOnlyList<RetentionResult>> RunAsync(
        RetentionPolicy policy, IProgress<RetentionResult>? progress, CancellationToken cancellationToken) =>
        RunAsync(RetentionRules.Of(policy), policy, gate: null, progress, cancellationToken);

    public async Task<RetentionRun> RunExclusiveAsync(
        RetentionPolicy policy, RetentionRunOptions options, IProgress<RetentionResult>? progress, CancellationToken cancellationToken)
    {
        var applied = RetentionRules.Of(policy);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        applied.RemoveAll(item => options.Tables?.Contains(item.Rule.Table) == false);
        var claim = options.Claim();
        var (isAcquired, isDue, state) = await leases.AcquireAsync(claim, nameof(RunExclusiveAsync), cancellationToken)
            .ConfigureAwait(false);
        if (!isAcquired)
        {
            return new RetentionRun(isDue ? RetentionRunOutcome.Held : RetentionRunOutcome.NotDue, []) { State = state };
        }

        var gate = new RetentionGate(leases, claim.Key, options);
        var results = await leases.KeepAsync(
            claim, () => RunAsync(applied, policy, gate, progress, cancellationToken)).ConfigureAwait(false);
        var run = new RetentionRun(gate.OutcomeOf(results), results) { LagIsHidden = gate.LagIsHidden };
        RetentionMetrics.Finished(run);
        if (run.Outcome != RetentionRunOutcome.LeaseLost)
        {
            UpkeepOutcome? outcome = options.Tables is null ? Stored(run.Outcome) : null;
            await leases.ReleaseAsync(claim.Key, outcome, run.Rows, cancellationToken).ConfigureAwait(false);
        }

        return run;
    }

    public Task<UpkeepState?> FindStateAsync(CancellationToken cancellationToken) =>
        leases.FindAsync(nameof(FindStateAsync), cancellationToken);

    public Task<IReadOnlyList<string>> FindMissingRightsAsync(RetentionPolicy policy, CancellationToken cancellationToken) =>
        leases.FindMissingRightsAsync(RetentionRules.Of(policy).SelectMany(item => item.Rule.Rights), cancellationToken);

    public async Task<IReadOnlyList<RetentionCount>> CountAsync(RetentionPolicy policy, CancellationToken cancellationToken)
    {
        var now = await ServerTime.ReadAsync(db, sources.Clock, cancellationToken).ConfigureAwait(false);
        var counts = new List<RetentionCount>();
        foreach (var (rule, age) in RetentionRules.Of(policy))
        {
            var before = await sources.Partitions.FindFirstWholeAsync(rule.Table, now - age, cancellationToken).ConfigureAwait(false);
            var rows = await db.ListAsync(row => row.Long(), rule.Count(before), cancellationToken).ConfigureAwait(false);
            counts.Add(new RetentionCount(rule.Table, rows[0])
            {
                EstimatedBytes = rows[0] == 0 ? 0 : await EstimateAsync(rule, rows[0], cancellationToken).ConfigureAwait(false),
            });
        }

        return counts;
    }

    private static UpkeepOutcome Stored(RetentionRunOutcome outcome) => outcome switch
    {
        RetentionRunOutcome.Completed => UpkeepOutcome.Completed,
        RetentionRunOutcome.Partial => UpkeepOutcome.Partial,
        _ => UpkeepOutcome.Failed,
    };

    private async Task<long?> EstimateAsync(RetentionRule rule, long rows, CancellationToken cancellationToken)
    {
        if (rule.CountsSeveralTables)
        {
            return null;
        }

        var bytes = await db.FindValueAsync(
            row => row.DoubleOrNull() ?? -1, RetentionCounts.BytesPerRow, [P.Text(rule.Table, name: "table")], cancellationToken,
            nameof(CountAsync)).ConfigureAwait(false);
        return bytes >= 0 ? (long)Math.Min(bytes.Value * rows, long.MaxValue) : null;
    }

    private async Task<IReadOnlyList<RetentionResult>> RunAsync(
        List<(RetentionRule Rule, TimeSpan Age)> applied, RetentionPolicy policy, RetentionGate? gate,
        IProgress<RetentionResult>? progress, CancellationToken cancellationToken)
    {
        var now = await ServerTime.ReadAsync(db, sources.Clock, cancellationToken).ConfigureAwait(false);
        var results = new List<RetentionResult>();
        foreach (var (rule, age) in applied)
        {
            results.Add(await RunAsync(rule, now - age, policy, gate, progress, cancellationToken).ConfigureAwait(false));
        }

        return results;
    }

    private async Task<RetentionResult> RunAsync(
        RetentionRule rule, DateTimeOffset before, RetentionPolicy policy, RetentionGate? gate, IProgress<RetentionResult>? progress,
        CancellationToken cancellationToken)
    {
        var place = new PurgeWindow.Place();
        var result = new RetentionResult(rule.Table, Rows: 0, Batches: 0, MoreLeft: false);
        var released = false;
        while (!result.MoreLeft)
        {
            int rows;
            try
            {
                var limit = Math.Min(policy.BatchSize, rule.MaxBatchSize);
                if (gate is not null && !await gate.MayStartAsync(cancellationToken).ConfigureAwait(false))
                {
                    return result with { MoreLeft = true };
                }

                if (!released)
                {
                    var release = await sources.Partitions.ReleaseAsync(rule.Table, before, cancellationToken).ConfigureAwait(false);
                    (result, released) = (result with { Partitions = release.Dropped }, true);
                    if (release.Failure is { } failure)
                    {
                        ExceptionDispatchInfo.Throw(failure);
                    }

                    if (release.Before is not { } first)
                    {
                        break;
                    }

                    before = first;
                }

                var started = Stopwatch.GetTimestamp();
                rows = await rule.Purge(sources, place, before, gate?.Size(limit) ?? limit, cancellationToken).ConfigureAwait(false);
                gate?.Finished(rule.Table, rows, Stopwatch.GetElapsedTime(started));
            }
            catch (Exception exception) when (exception is NpgsqlException or AutoStackDataException)
            {
                result = result with { MoreLeft = true, Failure = exception };
                progress?.Report(result);
                break;
            }

            if (rows == 0)
            {
                break;
            }

            var batches = result.Batches + 1;
            result = result with { Rows = result.Rows + rows, Batches = batches, MoreLeft = batches == policy.MaxBatches };
            progress?.Report(result);
            if (gate is not null)
            {
                await gate.PauseAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        return result;
    }
}
