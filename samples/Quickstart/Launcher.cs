using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using AutoStack.Data.Containers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Hosting;
using Samples;

namespace Quickstart;

/// <summary>
/// Runs the result of a build. A platform starts a container; the sample starts a process, which goes through the same states: port
/// reserved, started, confirmed, running, and stopped at the end of the run.
/// </summary>
internal sealed class Launcher(
    IPlatformDeploymentContainerRepository containers,
    IPlatformDeploymentHealthCheckRepository healthChecks,
    Shell shell,
    Screen screen) : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    // The site is on this machine, whatever proxy the environment names.
    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };
    private readonly List<(DeploymentContainer Container, ChildProcess? Process)> launched = [];

    /// <summary>Starts the site in a folder and waits until it answers.</summary>
    /// <returns>Its address.</returns>
    /// <exception cref="StepFailedException">It does not answer.</exception>
    public async Task<string> LaunchAsync(
        DeploymentJob job, string image, string folder, BuildLog log, CancellationToken cancellationToken)
    {
        var deploymentId = job.Deployment.Id;
        var container = await ReserveAsync(deploymentId, image, cancellationToken);
        var url = $"http://localhost:{container.Port}/";
        log.Write($"$ dotnet site.dll --urls {url}");
        var process = shell.Start(folder, "dotnet", ["site.dll", "--urls", url], log.Write);
        launched[^1] = (container, process);
        await job.StepAsync(token => containers.ConfirmAsync(container.Id, $"process-{process.Id}", token), cancellationToken);

        var check = await CheckAsync(deploymentId, url, process, cancellationToken);
        await healthChecks.AddAsync(check, cancellationToken);
        if (!check.IsLive)
        {
            _ = await containers.ReportFailedAsync(container.Id, cancellationToken);
            throw new StepFailedException(process.HasExited ? "The site ended instead of answering." : $"{url} did not answer in time.");
        }

        await job.StepAsync(token => containers.ReportRunningAsync(container.Id, token), cancellationToken);
        log.Write($"{url} answered {check.HttpStatus} after {check.LatencyMs} ms");
        return url;
    }

    /// <summary>Stops every site, and reports that its port is free.</summary>
    public async ValueTask DisposeAsync()
    {
        // The processes come first: they must end even when the database is unreachable.
        foreach (var (_, process) in launched)
        {
            if (process is not null)
            {
                await process.DisposeAsync();
            }
        }

        http.Dispose();
        foreach (var (container, _) in launched)
        {
            _ = await containers.ReportStoppedAsync(container.Id, CancellationToken.None);
            screen.Line($"Stopped {container.Image}; port {container.Port} is free again.");
        }
    }

    // The library knows the ports of its own containers only, not those of other programs on this machine.
    private async Task<DeploymentContainer> ReserveAsync(Guid deploymentId, string image, CancellationToken cancellationToken)
    {
        for (var ports = PortRange.Default; ;)
        {
            var reservation = await containers.ReserveAsync(
                new NewDeploymentContainer { DeploymentId = deploymentId, Image = image, Ports = ports }, cancellationToken);
            var container = reservation.Container
                ?? throw new StepFailedException(reservation.Outcome == ReservationOutcome.Refused
                    ? "The deployment has ended."
                    : "Every port is taken.");
            if (IsFree(container.Port))
            {
                launched.Add((container, null));
                return container;
            }

            _ = await containers.ReportStoppedAsync(container.Id, cancellationToken);
            ports = container.Port < ports.Last
                ? new PortRange(container.Port + 1, ports.Last)
                : throw new StepFailedException("Every port is taken.");
        }
    }

    private async Task<NewDeploymentHealthCheck> CheckAsync(
        Guid deploymentId, string url, ChildProcess process, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var asked = Stopwatch.GetTimestamp();
            var status = await AskAsync(url, cancellationToken);
            if (status == HttpStatusCode.OK || process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                return new NewDeploymentHealthCheck
                {
                    DeploymentId = deploymentId,
                    Url = url,
                    HttpStatus = (int?)status,
                    LatencyMs = status is null ? null : (int)Stopwatch.GetElapsedTime(asked).TotalMilliseconds,
                    IsLive = status == HttpStatusCode.OK,
                };
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }

    private async Task<HttpStatusCode?> AskAsync(string url, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.GetAsync(url, cancellationToken);
            return response.StatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException
            || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
