using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AutoStack.Data.Health;

/// <summary>Healthy while the service can work with its database.</summary>
internal sealed class ReadyCheck(Readiness readiness, SecretSample secrets, bool needsWrites) : IHealthCheck
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var problem = await readiness.FindSchemaProblemAsync(limit.Token).ConfigureAwait(false)
                ?? (needsWrites ? await readiness.FindWriteProblemAsync(limit.Token).ConfigureAwait(false) : null);
            if (problem is not null)
            {
                return new(context.Registration.FailureStatus, problem);
            }

            var sample = await secrets.FindProblemAsync(limit.Token).ConfigureAwait(false);
            return sample.Status == HealthStatus.Unhealthy ? new(context.Registration.FailureStatus, sample.Problem)
                : new(sample.Status, sample.Problem);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(context.Registration.FailureStatus, $"The database did not answer within {Patience.TotalSeconds} s.");
        }
#pragma warning disable CA1031 // A failure of the database, whichever, is the result.
        catch (Exception exception) when (exception is not OperationCanceledException)
#pragma warning restore CA1031
        {
            return new(context.Registration.FailureStatus, exception.Message, exception);
        }
    }
}
