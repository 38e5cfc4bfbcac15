using System.Diagnostics;
using AutoStack.Data.Cli.Databases;
using AutoStack.Data.Cli.Output;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Retention;
using AutoStack.Data.Values;
using Npgsql;
using Spectre.Console;

namespace AutoStack.Data.Cli.Upkeep;

/// <summary>Counts and removes old rows with the library, and shows the progress.</summary>
internal sealed class Pruning(Session session, RetentionPolicy policy)
{
    // A lease that its holder renews is renewed every 5 seconds at the latest.
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly WorkProgress progress = new(session.Error, "removing old rows", "rows removed");
    private readonly Dictionary<string, TimeSpan> durations = [];
    private Dictionary<string, long> totals = [];
    private RetentionResult? last;
    private long started;
    private long removed;

    /// <summary>What a run would remove now.</summary>
    public async Task<PrunePlan> PlanAsync(
        DataServices services, IReadOnlyCollection<string>? tables, CancellationToken cancellationToken)
    {
        var retention = services.Get<IRetentionService>();
        var missing = await MissingRightsAsync(retention, tables, cancellationToken).ConfigureAwait(false);
        var (counts, hidden) = (new List<RetentionCount>(), new List<string>());
        foreach (var (rule, _) in RetentionRules.Of(policy).Where(item => tables?.Contains(item.Rule.Table) != false))
        {
            session.Error.WriteLine($"Counting the old rows of {rule.Table}.");
            try
            {
                counts.AddRange(await retention.CountAsync(Only(rule), cancellationToken).ConfigureAwait(false));
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                hidden.Add(rule.Table);
            }
        }

        totals = counts.ToDictionary(count => count.Table, count => count.Rows);
        return new PrunePlan(services.Where, counts, missing, hidden);
    }

    /// <summary>Removes the rows.</summary>
    /// <exception cref="CliException">A right is missing, another process runs the retention, or the run was cancelled.</exception>
    public async Task<PruneReport> RunAsync(
        DataServices services, RetentionRunOptions options, TimeSpan patience, CancellationToken cancellationToken)
    {
        var retention = services.Get<IRetentionService>();
        if (await MissingRightsAsync(retention, options.Tables, cancellationToken).ConfigureAwait(false) is { Count: > 0 } missing)
        {
            throw new CliException(new Failure(
                ExitCode.Failed, "rightsMissing", $"The role may not remove old rows. It lacks: {string.Join(", ", missing)}. "
                    + (missing.Any(right => right.EndsWith("exist", StringComparison.Ordinal))
                        ? "Run autostack-db upgrade first. Nothing was removed."
                        : "Run prune as the role of the services, or choose tables with --table. Nothing was removed.")));
        }

        var begun = Stopwatch.GetTimestamp();
        options = options with { Holder = $"autostack-db on {ThisProcess.Name}", Lease = Lease };
        try
        {
            var run = await WaitAsync(
                () =>
                {
                    started = Stopwatch.GetTimestamp();
                    return retention.RunExclusiveAsync(policy, options, new Reporter<RetentionResult>(Report), cancellationToken);
                },
                patience,
                cancellationToken).ConfigureAwait(false);
            return new PruneReport(run, Stopwatch.GetElapsedTime(begun), durations);
        }
        catch (OperationCanceledException)
        {
            throw Failure.Cancelled($"Cancelled. {Figures.Number(removed, "row")} removed; the next run continues.");
        }
        finally
        {
            progress.Close();
        }
    }

    // A holder that renews its lease is at work. One that does not has ended, and its lease expires.
    private async Task<RetentionRun> WaitAsync(Func<Task<RetentionRun>> run, TimeSpan patience, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        UpkeepState? first = null;
        while (true)
        {
            var attempt = await run().ConfigureAwait(false);
            if (attempt.Outcome != RetentionRunOutcome.Held)
            {
                return attempt;
            }

            var state = attempt.State!;
            if ((first is not null && state.RenewedAt != first.RenewedAt) || Stopwatch.GetElapsedTime(begun) >= patience)
            {
                throw new CliException(new Failure(ExitCode.Locked, "locked",
                    $"{Visible.Text(state.Holder ?? "")} runs the retention since {Figures.Time(state.AcquiredAt)}, and has its lease "
                    + $"until {Figures.Time(state.ExpiresAt)}. Nothing was removed."));
            }

            if (first is null)
            {
                session.Error.WriteLine(
                    $"{Visible.Text(state.Holder ?? "")} holds the lease of the retention until {Figures.Time(state.ExpiresAt)}; "
                    + "waiting for a sign of it, or for the end of the lease.",
                    new Style(Color.Yellow));
            }

            first ??= state;
            await Task.Delay(Look, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<IReadOnlyList<string>> MissingRightsAsync(
        IRetentionService retention, IReadOnlyCollection<string>? tables, CancellationToken cancellationToken)
    {
        var missing = new List<string>();
        foreach (var (rule, _) in RetentionRules.Of(policy).Where(item => tables?.Contains(item.Rule.Table) != false))
        {
            missing.AddRange(await retention.FindMissingRightsAsync(Only(rule), cancellationToken).ConfigureAwait(false));
        }

        return [.. missing.Distinct()];
    }

    // The policy for one table.
    private RetentionPolicy Only(RetentionRule rule)
    {
        var only = new RetentionPolicy();
        foreach (var other in RetentionRules.All)
        {
            var setting = typeof(RetentionPolicy).GetProperty(other.Setting)!;
            setting.SetValue(only, other == rule ? setting.GetValue(policy) : setting.PropertyType == typeof(bool) ? false : null);
        }

        return only;
    }

    // The time of a table begins with the last report of the table before it.
    private void Report(RetentionResult result)
    {
        session.HasChanged = true;
        var now = Stopwatch.GetTimestamp();
        durations[result.Table] = durations.GetValueOrDefault(result.Table) + Stopwatch.GetElapsedTime(started, now);
        removed += result.Rows - (last?.Table == result.Table ? last.Rows : 0);
        (started, last) = (now, result);
        progress.Report(result.Table, result.Rows, totals.TryGetValue(result.Table, out var total) ? total : null);
    }
}
