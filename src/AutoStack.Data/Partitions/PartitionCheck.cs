using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AutoStack.Data.Partitions;

/// <summary>Degraded when the partitions of a table end within a week; healthy without the feature <c>log-partitions</c>.</summary>
internal sealed class PartitionCheck(IPartitionMaintenance partitions) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        PartitionStatus status;
        try
        {
            status = await partitions.FindStatusAsync(cancellationToken).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // A failure of the database, whichever, is the result.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return new(context.Registration.FailureStatus, exception.Message, exception);
        }

        var problems = PartitionFindings.Of(status).Select(finding => finding.Problem).ToList();
        var data = new Dictionary<string, object>(StringComparer.Ordinal);
        if (status.DaysAhead is { } days)
        {
            data["daysAhead"] = days;
        }

        return problems.Count == 0
            ? HealthCheckResult.Healthy(data: data)
            : new HealthCheckResult(context.Registration.FailureStatus, string.Join(" ", problems), data: data);
    }
}
