using AutoStack.Data.FaultTests.Invariants;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Schedules;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.FaultTests.Workload;

namespace AutoStack.Data.FaultTests;

/// <summary>
/// The callers work on two servers, of which the standby becomes the primary. A server that was left behind does not come back: each
/// failover has servers of its own.
/// </summary>
[TestFixture]
public sealed class FailoverTests
{
    private const int Seed = 20260411;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Nothing_acknowledged_is_lost_or_doubled_or_stale_by_a_failover() =>
        Assert.That(await RunAsync(Failover.Killed, Seed), Is.Empty, $"seed {Seed}");

    [Test]
    [Explicit("Makes failovers for AUTOSTACK_FAULT_MINUTES from the seed AUTOSTACK_FAULT_SEED.")]
    public async Task FailoverLongRun()
    {
        var findings = new List<Finding>();
        var watch = System.Diagnostics.Stopwatch.StartNew();
        for (var seed = LongRuns.Seed; watch.Elapsed < LongRuns.Time; seed++)
        {
            findings.AddRange(await RunAsync(Failover.All[seed % Failover.All.Count], seed));
        }

        Assert.That(findings, Is.Empty);
    }

    private static async Task<IReadOnlyList<Finding>> RunAsync(Fault fault, int seed)
    {
        var site = await ReplicatedSite.StartAsync(Token);
        await using var lab = await Laboratory.StartAsync(site, seed, Token);
        while (lab.Ledger.Calls.Count(call => call is { Operation: ReadingStandby.WithToken, Verdict: Verdict.Acknowledged }) < 50)
        {
            await Task.Delay(20, Token);
        }

        await using (var standby = await site.OpenStandbyAsync(Token))
        {
            var readers = await Rows.ReadAsync(
                standby, "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'service %'", row => row.GetInt32(0), Token);
            Assert.That(readers, Is.Not.Empty, "the services read on the standby");
        }

        var stale = lab.StaleWithoutToken;
        await lab.MakeAsync(fault, new Random(seed), Token);
        var report = await lab.EndAsync(Token);
        var promoted = report.Events[0].Over;
        var first = lab.Ledger.Calls.Where(call => call.Verdict == Verdict.Acknowledged && call.Began > promoted).Min(call => call.Ended);
        var reads = lab.Ledger.Calls.Count(call => call is { Operation: ReadingStandby.WithToken, Verdict: Verdict.Acknowledged });
        await TestContext.Out.WriteLineAsync(
            $"seed {seed}: the first call after the promotion was acknowledged after {(first - promoted).TotalSeconds:0.00} s; "
            + $"{reads} reads with a token; {stale} reads without one were stale before the failover; {report}");
        return report.Findings;
    }
}
