using System.Globalization;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.FaultTests.Schedules;
using AutoStack.Data.FaultTests.Sites;

namespace AutoStack.Data.FaultTests;

/// <summary>The callers work while Patroni changes the primary: as planned, after a crash, and after the death of a member.</summary>
[TestFixture]
public sealed class PatroniTests
{
    private const int Seed = 20261129;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    [Explicit("Takes minutes, and needs Patroni, etcd and haproxy: deploy/patroni/rehearse.")]
    public async Task Nothing_acknowledged_is_lost_or_doubled_by_Patroni()
    {
        var site = await PatroniSite.StartAsync(Token);
        await using var lab = await Laboratory.StartAsync(site, Seed, Token);
        await TestContext.Out.WriteLineAsync(await site.CommandAsync("list", Token));

        await MakeAsync("planned switchover", () => site.CommandAsync("switchover", Token));
        await MakeAsync("kill -9 of the primary's server", () => site.CommandAsync("crash", Token));
        var dead = "";
        await MakeAsync("death of the primary and its Patroni", async () => dead = await site.CommandAsync("kill", Token));
        await MakeAsync("the dead member comes back", () => site.CommandAsync($"start {dead}", Token));
        await TestContext.Out.WriteLineAsync(await site.CommandAsync("list", Token));

        await using (var through = await site.OpenThroughProxyAsync(Token))
        {
            var recovers = await Invariants.Rows.ReadAsync(through, "SELECT pg_is_in_recovery()", row => row.GetBoolean(0), Token);
            Assert.That(recovers, Is.EqualTo(new[] { false }), "haproxy leads to the primary");
        }

        var report = await lab.EndAsync(Token);
        foreach (var made in report.Events)
        {
            await TestContext.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{made.Name}: no call was acknowledged for {Away(lab.Ledger, made).TotalSeconds:0.00} s"));
        }

        await TestContext.Out.WriteLineAsync(report.ToString());
        Assert.That(report.Findings, Is.Empty);

        async Task MakeAsync(string name, Func<Task<string>> make)
        {
            await Task.Delay(TimeSpan.FromSeconds(3), Token);
            await lab.MakeAsync(
                new Fault(name, async (_, _, _) => await TestContext.Out.WriteLineAsync($"{name}: {await make()}")),
                new Random(Seed),
                Token);

            // Until a standby is synchronous again, the death of the primary would be followed by no failover.
            await site.CommandAsync("settle", Token);
            await TestContext.Out.WriteLineAsync($"then the primary is {await site.CommandAsync("primary", Token)}");
        }
    }

    // The longest time, from the beginning of a change to the moment when every caller had been served again, in which nothing succeeded.
    private static TimeSpan Away(Ledger ledger, FaultEvent made)
    {
        List<TimeSpan> ends =
        [
            made.Began,
            .. ledger.Calls.Where(call => call.Verdict == Verdict.Acknowledged && call.Ended > made.Began && call.Ended <= made.Served)
                .Select(call => call.Ended).Order(),
            made.Served,
        ];
        return ends.Zip(ends.Skip(1), (one, next) => next - one).Max();
    }
}
