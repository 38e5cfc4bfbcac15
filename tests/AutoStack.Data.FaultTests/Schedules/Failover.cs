using AutoStack.Data.FaultTests.Sites;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>The primary is gone and its standby takes over. For a laboratory on two servers, once.</summary>
internal static class Failover
{
    private static readonly TimeSpan Noticed = TimeSpan.FromSeconds(2);

    public static Fault Killed { get; } = new("kill -9 of the primary, promotion after 2 s", (lab, _, token) =>
        MakeAsync((ReplicatedSite)lab.Site, site => site.KillPrimaryAsync(token), token));

    public static Fault Frozen { get; } = new("SIGSTOP of the primary, promotion after 2 s", (lab, _, token) =>
        MakeAsync((ReplicatedSite)lab.Site, site => site.FreezePrimaryAsync(token), token));

    public static IReadOnlyList<Fault> All { get; } = [Killed, Frozen];

    private static async Task MakeAsync(ReplicatedSite site, Func<ReplicatedSite, Task> stop, CancellationToken cancellationToken)
    {
        await stop(site);
        await Task.Delay(Noticed, cancellationToken);
        await site.PromoteAsync(cancellationToken);
    }
}
