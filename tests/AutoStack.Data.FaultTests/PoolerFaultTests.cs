using AutoStack.Data.FaultTests.Schedules;
using AutoStack.Data.FaultTests.Sites;
using Npgsql;

namespace AutoStack.Data.FaultTests;

/// <summary>
/// The callers work through a PgBouncer in transaction mode, whose sessions live for two seconds, while it and the server fail.
/// </summary>
[TestFixture]
public sealed class PoolerFaultTests
{
    private const int Seed = 20260418;

    /// <summary>What the server answers about statements that another client of the pooler prepared, or did not prepare.</summary>
    private static readonly string[] Mixed =
    [
        PostgresErrorCodes.DuplicatePreparedStatement, PostgresErrorCodes.InvalidSqlStatementName, "bind message",
    ];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public Task Nothing_acknowledged_is_lost_or_doubled_by_a_pooler() =>
        RunAsync(Seed, async lab =>
        {
            var random = new Random(Seed);
            foreach (var fault in new[] { PoolerFaults.Restart, PoolerFaults.Reconnect, Fault.Terminate, PoolerFaults.Kill })
            {
                await Task.Delay(random.Next(300, 900), Token);
                await lab.MakeAsync(fault, random, Token);
            }
        });

    [Test]
    [Explicit("Runs for AUTOSTACK_FAULT_MINUTES with the seed AUTOSTACK_FAULT_SEED.")]
    public Task PoolerLongRun() =>
        RunAsync(LongRuns.Seed, lab => new Schedule(LongRuns.Seed, [.. PoolerFaults.All, .. Fault.All])
            .RunAsync(lab, LongRuns.Time, Token));

    private static async Task RunAsync(int seed, Func<Laboratory, Task> makeFaults)
    {
        await using var lab = await Laboratory.StartAsync(await PoolerSite.CreateAsync(FaultServers.Current, Token), seed, Token);
        await makeFaults(lab);
        var report = await lab.EndAsync(Token);
        await TestContext.Out.WriteLineAsync($"seed {seed}: {report}");
        Assert.That(report.Findings, Is.Empty, $"seed {seed}");
        Assert.That(
            lab.Ledger.Calls.Select(call => call.Failure).Where(failure => Mixed.Any(text => failure?.Contains(text) == true)),
            Is.Empty, "a call met a statement that another client had prepared");
    }
}
