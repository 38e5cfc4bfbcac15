using AutoStack.Data;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using Platform.Building;

namespace Platform.Operations;

/// <summary>
/// Checks the sites of this process, reports those that do not answer, and stops those whose deployment has ended otherwise. Containers of
/// other platforms in the same database are left alone.
/// </summary>
internal sealed partial class SiteMonitor(
    IPlatformDeploymentContainerRepository containers,
    IPlatformDeploymentHealthCheckRepository checks,
    IDeploymentMaintenance maintenance,
    SiteCheck check,
    Sites sites,
    ILogger<SiteMonitor> logger) : BackgroundService
{
    private const int PageSize = 100;
    private const int FailuresToReport = 3;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await CheckAsync(stoppingToken);
                await ReportAsync(stoppingToken);
                await SweepAsync(stoppingToken);
            }
            catch (AutoStackDataException exception) when (exception.IsTransient)
            {
                // The database is away; the next round tries again.
                LogSkipped(logger, exception);
            }
        }
    }

    private async Task CheckAsync(CancellationToken token)
    {
        await foreach (var page in PagesAsync(containers.ListRunningAsync, token))
        {
            var own = page.Select(one => one.Container).Where(sites.Owns).ToLookup(sites.Runs);
            var results = await Task.WhenAll(own[true].Select(container =>
                check.AskAsync(container.DeploymentId, $"http://{container.Host}:{container.Port}/", token)));
            await checks.AddManyAsync(results, token);

            // Its process has ended: with an earlier run, or while the database was away.
            foreach (var container in own[false])
            {
                await sites.StopContainerAsync(container);
            }
        }
    }

    private async Task ReportAsync(CancellationToken token)
    {
        await foreach (var unhealthy in PagesAsync(
            (cursor, limit, ct) => checks.ListUnhealthyAsync(FailuresToReport, cursor, limit, ct), token))
        {
            foreach (var one in unhealthy.Where(one => sites.RunsDeployment(one.DeploymentId)))
            {
                await maintenance.ReportUnhealthyAsync(one.DeploymentId, $"{FailuresToReport} health checks failed in a row.", token);
            }
        }
    }

    private async Task SweepAsync(CancellationToken token)
    {
        await foreach (var orphans in PagesAsync(containers.ListOrphansAsync, token))
        {
            foreach (var orphan in orphans.Where(sites.Owns))
            {
                await sites.StopContainerAsync(orphan);
            }
        }
    }

    private static async IAsyncEnumerable<IReadOnlyList<T>> PagesAsync<T>(
        Func<Cursor, int, CancellationToken, Task<Page<T>>> list,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        for (Cursor? next = Cursor.Start; next is { } cursor;)
        {
            var page = await list(cursor, PageSize, token);
            yield return page.Items;
            next = page.Next;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "A round of the monitor was skipped.")]
    private static partial void LogSkipped(ILogger logger, Exception exception);
}
