using System.Globalization;
using System.Text;
using AutoStack.Data.FaultTests.Invariants;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Workload;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>The result of a run: findings, and a table of what each fault meant to the callers.</summary>
internal sealed class Report(Ledger ledger, IReadOnlyList<FaultEvent> events, IReadOnlyList<Finding> findings)
{
    private static readonly string[] WithoutLimit =
        ["LogWriter.FlushAsync", "LogFollower.FollowAsync", "UnitOfWork.RunAsync", "UnitOfWork.RunForTokenAsync"];

    public IReadOnlyList<FaultEvent> Events => events;

    /// <summary>What does not hold; empty when everything does.</summary>
    public IReadOnlyList<Finding> Findings => findings;

    /// <summary>
    /// The calls that ended more than a second after their time limit. A flush ends when its lines are stored, and each statement of a
    /// unit of work has the time for itself.
    /// </summary>
    public IReadOnlyList<Call> Late { get; } =
    [
        .. ledger.Calls.Where(call =>
            call.Duration > Service.Deadline + TimeSpan.FromSeconds(1) && !WithoutLimit.Contains(call.Operation)),
    ];

    public override string ToString()
    {
        var calls = ledger.Calls.Where(call => call.Operation != "LogFollower.FollowAsync").ToList();
        var lines = ledger.Lines.Values.Sum(count => count.Written);
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture,
            $"{calls.Count} calls, {Of(Verdict.Acknowledged)} acknowledged, {Of(Verdict.Refused)} refused, "
            + $"{Of(Verdict.Unknown)} unknown, {Of(Verdict.NotStored)} not stored; "
            + $"{lines} log lines, {ledger.Follows.Sum(follow => follow.Seen.Count)} of them seen by followers; "
            + $"lost {Count(FindingKind.Lost)}, doubled {Count(FindingKind.Doubled)}, other findings "
            + $"{findings.Count - Count(FindingKind.Lost) - Count(FindingKind.Doubled)}, late calls {Late.Count}");
        text.AppendLine("| fault | times | the caller sees | longest call | back after |");
        text.AppendLine("|---|---|---|---|---|");
        foreach (var fault in events.GroupBy(made => made.Name))
        {
            // A call belongs to a fault when it ran while the fault, or what followed from it, lasted.
            var during = fault.SelectMany(made => calls.Where(call => call.Ended >= made.Began && call.Began <= made.Served)).ToList();
            var failures = during.Where(call => call.Verdict is Verdict.Unknown or Verdict.NotStored).GroupBy(call => call.Failure)
                .OrderByDescending(group => group.Count()).Select(group => $"{group.Count()} × {group.Key}").ToList();
            var longest = during.MaxBy(call => call.Duration);
            text.AppendLine(CultureInfo.InvariantCulture,
                $"| {fault.Key} | {fault.Count()} | {(failures.Count == 0 ? "no failure" : string.Join(", ", failures))} "
                + $"| {longest?.Duration.TotalSeconds:0.0} s ({longest?.Operation}) "
                + $"| {fault.Max(made => made.Served - made.Over).TotalSeconds:0.0} s |");
        }

        foreach (var finding in findings.Take(40))
        {
            text.AppendLine(finding.ToString());
        }

        return text.ToString();

        int Of(Verdict verdict) => calls.Count(call => call.Verdict == verdict);
        int Count(FindingKind kind) => findings.Count(finding => finding.Kind == kind);
    }
}
