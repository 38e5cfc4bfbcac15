using System.Diagnostics;
using AutoStack.Data.HealthChecks;

namespace Platform.Building;

/// <summary>Asks a site whether it is alive.</summary>
internal sealed class SiteCheck(IHttpClientFactory clients)
{
    /// <summary>Asks for the first page.</summary>
    /// <returns>The health check to store.</returns>
    public async Task<NewDeploymentHealthCheck> AskAsync(Guid deploymentId, string address, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        int? status = null;
        try
        {
            using var response = await clients.CreateClient(Loopback.Client).GetAsync(address, cancellationToken);
            status = (int)response.StatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException
            || (exception is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // Nobody answers.
        }

        return new NewDeploymentHealthCheck
        {
            DeploymentId = deploymentId,
            Url = address,
            HttpStatus = status,
            LatencyMs = status is null ? null : (int)Stopwatch.GetElapsedTime(started).TotalMilliseconds,
            IsLive = status is >= 200 and < 400,
        };
    }
}
