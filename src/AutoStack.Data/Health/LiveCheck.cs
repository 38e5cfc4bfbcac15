using System.Globalization;
using AutoStack.Data.Postgres;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AutoStack.Data.Health;

/// <summary>
/// Healthy while the loops of the library move. Each of their attempts has a time limit, so that a loop that stands still for longer than
/// two of them is stuck, whatever the database does.
/// </summary>
/// <param name="loops">The loops by name.</param>
/// <param name="attempt">The time limit of an attempt; null for none.</param>
internal sealed class LiveCheck(IReadOnlyDictionary<string, Pulse> loops, TimeSpan? attempt) : IHealthCheck
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Unlimited = TimeSpan.FromHours(1);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        var limit = (attempt * 2 ?? Unlimited) + Pause;
        var stuck = loops
            .Where(loop => loop.Value.Still > limit)
            .Select(loop => string.Create(
                CultureInfo.InvariantCulture, $"The {loop.Key} has not moved for {loop.Value.Still.TotalSeconds:0} s."))
            .ToList();
        return Task.FromResult(
            stuck.Count == 0 ? HealthCheckResult.Healthy() : new(context.Registration.FailureStatus, string.Join(' ', stuck)));
    }
}
