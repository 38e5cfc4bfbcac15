using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using AutoStack.Data.Containers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Hosting;

namespace Platform.Building;

/// <summary>
/// The running results of builds, one per project. A platform starts containers; the sample starts processes, which go through the same
/// states: port reserved, confirmed, running, stopped.
/// </summary>
internal sealed class Sites(
    IPlatformDeploymentContainerRepository containers,
    IPlatformDeploymentHealthCheckRepository checks,
    SiteCheck check,
    Arguments arguments) : IHostedService
{
    private const int MaxStarts = 5;
    private static readonly PortRange Ports = new(30_000, 32_767);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // The image of a container names the machine and the process that its site belongs to: a database may have containers of others.
    private static readonly string OfMachine = $"platform/{Environment.MachineName}/";
    private static readonly string OfRun = $"{OfMachine}{Environment.ProcessId}/";

    private readonly ConcurrentDictionary<Guid, Site> running = new();

    /// <summary>True for a container of this run, and with <c>--resume</c> also of earlier runs on this machine.</summary>
    public bool Owns(DeploymentContainer container) =>
        container.Image.StartsWith(arguments.Resume ? OfMachine : OfRun, StringComparison.Ordinal);

    /// <summary>True while the site of a container runs.</summary>
    public bool Runs(DeploymentContainer container) => running.ContainsKey(container.Id);

    /// <summary>True while a site of a deployment runs.</summary>
    public bool RunsDeployment(Guid deploymentId) => running.Values.Any(site => site.Container.DeploymentId == deploymentId);

    /// <summary>Starts the site in a folder, waits until it answers, and stops the project's site before it.</summary>
    /// <returns>Its address.</returns>
    /// <exception cref="DeploymentFailedException">It does not answer.</exception>
    public async Task<string> StartAsync(DeploymentJob job, DeploymentJobLog log, string folder, CancellationToken token)
    {
        var site = await StartOnFreePortAsync(job, folder, token);
        var container = site.Container;
        try
        {
            var address = $"http://127.0.0.1:{container.Port}/";
            await job.StepAsync(ct => containers.ConfirmAsync(container.Id, $"process-{site.Process.Id}", ct), token);
            var first = await UntilAnswersAsync(job, site, address, token);
            await checks.AddAsync(first, token);
            await job.StepAsync(ct => containers.ReportRunningAsync(container.Id, ct), token);
            await log.WriteAsync($"{address} answered {first.HttpStatus} after {first.LatencyMs} ms.", token);
            foreach (var before in running.Values.Where(other => other.ProjectId == job.Project.Id && other != site))
            {
                await StopAsync(before);
            }

            return address;
        }
        catch
        {
            await StopAsync(site);
            throw;
        }
    }

    /// <summary>Stops the site of an own container; without one, the container is reported stopped.</summary>
    public async Task StopContainerAsync(DeploymentContainer container)
    {
        if (running.TryGetValue(container.Id, out var site))
        {
            await StopAsync(site);
        }
        else
        {
            _ = await containers.ReportStoppedAsync(container.Id, CancellationToken.None);
        }
    }

    /// <summary>Stops the sites of a project that is removed.</summary>
    public async Task StopProjectAsync(Guid projectId)
    {
        foreach (var site in running.Values.Where(site => site.ProjectId == projectId))
        {
            await StopAsync(site);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // The processes come first: they end even when the database is away.
        foreach (var site in running.Values)
        {
            site.Process.Kill(entireProcessTree: true);
        }

        foreach (var site in running.Values)
        {
            await StopAsync(site).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task StopAsync(Site site, bool keepsFolder = false)
    {
        if (running.TryRemove(site.Container.Id, out _))
        {
            site.Process.Kill(entireProcessTree: true);
            await site.Process.WaitForExitAsync();
            site.Process.Dispose();
            if (!keepsFolder)
            {
                Workspace.Remove(site.Folder);
            }

            _ = await containers.ReportStoppedAsync(site.Container.Id, CancellationToken.None);
        }
    }

    // The library knows the ports of its own containers, not those of other programs on this machine: one of them may even take a port
    // between the look at it and the start of the site, and would then answer in its place.
    private async Task<Site> StartOnFreePortAsync(DeploymentJob job, string folder, CancellationToken token)
    {
        var starts = 0;
        for (var taken = new List<int>(); ;)
        {
            var reservation = await containers.ReserveAsync(new NewDeploymentContainer
            {
                DeploymentId = job.Deployment.Id,
                Image = $"{OfRun}{job.Project.Id:N}:{job.Attempt}",
                Host = "127.0.0.1",
                Ports = Ports,
                ExcludedPorts = taken,
            }, token);
            var container = reservation.Container
                ?? throw new DeploymentFailedException($"No port could be reserved: {reservation.Outcome}.");
            if (Loopback.IsFree(container.Port))
            {
                var site = new Site(container, job.Project.Id, folder, Start(folder, container.Port));
                running[container.Id] = site;
                if (await ListensAsync(site, token))
                {
                    return site;
                }

                await StopAsync(site, keepsFolder: true);
                if (++starts == MaxStarts)
                {
                    throw new DeploymentFailedException($"The site could not be started on {starts} ports.");
                }
            }
            else
            {
                _ = await containers.ReportStoppedAsync(container.Id, token);
            }

            taken.Add(container.Port);
        }
    }

    private async Task<bool> ListensAsync(Site site, CancellationToken token)
    {
        try
        {
            return await site.Process.StandardOutput.ReadLineAsync(token).AsTask().WaitAsync(StartLimit, token) is not null;
        }
        catch (TimeoutException)
        {
            return false;
        }
        catch
        {
            await StopAsync(site);
            throw;
        }
    }

    private static Process Start(string folder, int port)
    {
        // This program again, started by its own name or through "dotnet".
        var self = Environment.ProcessPath!;
        string[] program = Path.GetFileNameWithoutExtension(self) == "dotnet" ? [self, typeof(Sites).Assembly.Location] : [self];
        var start = new ProcessStartInfo(
            program[0], [.. program[1..], SiteServer.Command, folder, port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }

    private async Task<NewDeploymentHealthCheck> UntilAnswersAsync(DeploymentJob job, Site site, string address, CancellationToken token)
    {
        for (var started = Stopwatch.GetTimestamp(); ;)
        {
            var result = await check.AskAsync(job.Deployment.Id, address, token);
            if (result.IsLive)
            {
                return result;
            }

            if (result.HttpStatus == StatusCodes.Status404NotFound)
            {
                throw new DeploymentFailedException("The site has no first page: the output folder needs an index.html.");
            }

            if (site.Process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                throw new DeploymentFailedException(
                    result.HttpStatus is { } status ? $"{address} answered {status}." : $"{address} did not answer.");
            }

            await Task.Delay(Pause, token);
        }
    }

    private sealed record Site(DeploymentContainer Container, Guid ProjectId, string Folder, Process Process);
}
