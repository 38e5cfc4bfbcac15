using AutoStack.Data.FaultTests.Sites;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>A pooler that loses its clients or its servers. For a laboratory behind a PgBouncer.</summary>
internal static class PoolerFaults
{
    public static Fault Restart { get; } = new("restart of PgBouncer, 0.5 s", (lab, _, token) =>
        Site(lab).Bouncer.RestartAsync(TimeSpan.FromMilliseconds(500), token));

    public static Fault Reconnect { get; } = new("RECONNECT of PgBouncer every 100 ms for 2 s", async (lab, _, token) =>
    {
        var until = lab.Ledger.Now + TimeSpan.FromSeconds(2);
        while (lab.Ledger.Now < until)
        {
            await Site(lab).Bouncer.CommandAsync("RECONNECT", token);
            await Task.Delay(100, token);
        }
    });

    public static Fault Kill { get; } = new("KILL of PgBouncer, RESUME after 1 s", async (lab, _, token) =>
    {
        var bouncer = Site(lab).Bouncer;
        await bouncer.CommandAsync($"KILL {lab.Database}", token);
        await Task.Delay(TimeSpan.FromSeconds(1), token);
        await bouncer.CommandAsync($"RESUME {lab.Database}", token);
    });

    public static IReadOnlyList<Fault> All { get; } = [Restart, Reconnect, Kill];

    private static PoolerSite Site(Laboratory lab) => (PoolerSite)lab.Site;
}
