using AutoStack.Data.FaultTests.Schedules;

namespace AutoStack.Data.FaultTests;

/// <summary>
/// The callers work while something breaks. Nothing acknowledged is lost, nothing is doubled, and nothing is left behind. Durations are
/// reported, not judged.
/// </summary>
[TestFixture]
public sealed class FaultTests
{
    private const int Seed = 20260329;

    private static readonly Fault[] Each =
    [
        Fault.Terminate, Fault.RestartFast, Fault.Kill, Fault.Freeze, Fault.Swallow, Fault.CutInMiddle, ServerFaults.ShortTimeouts,
        ServerFaults.DiskFull, NeighbourFaults.Holder, NeighbourFaults.PoolExhausted, NeighbourFaults.ColumnTypes,
    ];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task Nothing_acknowledged_is_lost_or_doubled_by_a_fault(
        [ValueSource(nameof(Each))] object fault) =>
        await RunAsync(Seed, async lab =>
        {
            if (Equals(fault, ServerFaults.DiskFull) && lab.Server.Disk is null)
            {
                Assert.Ignore("This process may not mount a disk that can be filled.");
            }

            var random = new Random(Seed);
            for (var i = 0; i < 2; i++)
            {
                await Task.Delay(random.Next(300, 900), Token);
                await lab.MakeAsync((Fault)fault, random, Token);
            }
        });

    [Test]
    public async Task Nothing_acknowledged_is_lost_or_doubled_by_mixed_faults() =>
        await RunAsync(Seed, lab => new Schedule(Seed, Fault.All).RunAsync(lab, TimeSpan.FromSeconds(10), Token));

    [Test]
    [Explicit("Runs for AUTOSTACK_FAULT_MINUTES with the seed AUTOSTACK_FAULT_SEED.")]
    public async Task LongRun()
    {
        var (time, seed) = (LongRuns.Time, LongRuns.Seed);
        await TestContext.Progress.WriteLineAsync($"AUTOSTACK_FAULT_MINUTES={time.TotalMinutes} AUTOSTACK_FAULT_SEED={seed}");
        var report = await RunAsync(seed, lab => new Schedule(seed, Fault.All).RunAsync(lab, time, Token));
        Assert.That(report.Late, Is.Empty, "Calls ended more than a second after their time limit.");
    }

    private static async Task<Report> RunAsync(int seed, Func<Laboratory, Task> makeFaults)
    {
        await using var lab = await Laboratory.StartAsync(FaultServers.Current, seed, Token);
        await makeFaults(lab);
        var report = await lab.EndAsync(Token);
        await TestContext.Out.WriteLineAsync($"seed {seed}: {report}");
        Assert.That(report.Findings, Is.Empty, $"seed {seed}");
        return report;
    }
}
