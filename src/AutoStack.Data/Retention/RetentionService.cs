using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Retention;

internal sealed class RetentionService(Db db, RetentionSources sources) : IRetentionService
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(3650);

    /// <summary>The rules, in the order of a run: deployments first, since much goes with them.</summary>
    internal static IReadOnlyList<Rule> Rules { get; } =
    [
        new("deployments", nameof(RetentionPolicy.DeletedDeployments), policy => policy.DeletedDeployments,
            (from, _, before, limit, token) => from.Deployments.PurgeDeletedAsync(before, limit, token), RetentionCounts.Deployments)
        {
            // One of them may have a hundred stages and containers, which go along.
            MaxBatchSize = 50,
        },
        new("deployment_logs", nameof(RetentionPolicy.DeploymentLogs), policy => policy.DeploymentLogs,
            (from, place, before, limit, token) => from.Logs.PurgeAsync(before, limit, place, token), RetentionCounts.DeploymentLogs),
        new("deployment_runtime_logs", nameof(RetentionPolicy.RuntimeLogs), policy => policy.RuntimeLogs,
            (from, place, before, limit, token) => from.RuntimeLogs.PurgeAsync(before, limit, place, token), RetentionCounts.RuntimeLogs),
        new("deployment_health_checks", nameof(RetentionPolicy.HealthChecks), policy => policy.HealthChecks,
            (from, place, before, limit, token) => from.HealthChecks.PurgeAsync(before, limit, place, token), RetentionCounts.HealthChecks),
        new("sessions", nameof(RetentionPolicy.ExpiredSessions), policy => policy.ExpiredSessions ? TimeSpan.Zero : null,
            (from, _, _, limit, token) => from.Sessions.PurgeExpiredAsync(limit, token), RetentionCounts.Sessions),
        new("sign_in_attempts", nameof(RetentionPolicy.ExpiredSignInAttempts), policy => policy.ExpiredSignInAttempts ? TimeSpan.Zero : null,
            (from, _, _, limit, token) => from.SignInAttempts.PurgeExpiredAsync(limit, token), RetentionCounts.SignInAttempts),
        new("password_reset_tokens", nameof(RetentionPolicy.PasswordResetTokens), policy => policy.PasswordResetTokens,
            (from, _, before, limit, token) => from.ResetTokens.PurgeAsync(before, limit, token), RetentionCounts.PasswordResetTokens),
        new("webhook_payloads", nameof(RetentionPolicy.WebhookPayloads), policy => policy.WebhookPayloads,
            (from, _, before, limit, token) => from.Webhooks.PurgeAsync(before, limit, token), RetentionCounts.WebhookPayloads)
        {
            // One of them may have many megabytes.
            MaxBatchSize = 100,
        },
    ];

    public async Task<IReadOnlyList<RetentionResult>> RunAsync(
        RetentionPolicy policy, IProgress<RetentionResult>? progress, CancellationToken cancellationToken)
    {
        var now = sources.Clock.Now();
        var results = new List<RetentionResult>();
        foreach (var (rule, age) in Applied(policy))
        {
            results.Add(await RunAsync(rule, now - age, policy, progress, cancellationToken).ConfigureAwait(false));
        }

        return results;
    }

    public async Task<IReadOnlyList<RetentionCount>> CountAsync(RetentionPolicy policy, CancellationToken cancellationToken)
    {
        var now = sources.Clock.Now();
        var counts = new List<RetentionCount>();
        foreach (var (rule, age) in Applied(policy))
        {
            var rows = await db.ListAsync(row => row.Long(), rule.Count(now - age), cancellationToken).ConfigureAwait(false);
            counts.Add(new RetentionCount(rule.Table, rows[0]));
        }

        return counts;
    }

    private async Task<RetentionResult> RunAsync(
        Rule rule, DateTimeOffset before, RetentionPolicy policy, IProgress<RetentionResult>? progress, CancellationToken cancellationToken)
    {
        var place = new PurgeWindow.Place();
        var result = new RetentionResult(rule.Table, Rows: 0, Batches: 0, MoreLeft: false);
        while (!result.MoreLeft)
        {
            int rows;
            try
            {
                rows = await rule.Purge(sources, place, before, Math.Min(policy.BatchSize, rule.MaxBatchSize), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is NpgsqlException or AutoStackDataException)
            {
                result = result with { MoreLeft = true, Failure = exception };
                progress?.Report(result);
                break;
            }

            if (rows == 0)
            {
                break;
            }

            var batches = result.Batches + 1;
            result = result with { Rows = result.Rows + rows, Batches = batches, MoreLeft = batches == policy.MaxBatches };
            progress?.Report(result);
        }

        return result;
    }

    private static List<(Rule Rule, TimeSpan Age)> Applied(RetentionPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        Limit.Check(policy.BatchSize, 1000);
        Limit.Check(policy.MaxBatches, 1_000_000);
        var applied = new List<(Rule, TimeSpan)>();
        foreach (var rule in Rules)
        {
            if (rule.Age(policy) is not { } age)
            {
                continue;
            }

            // Zero is what a flag means by yes; as an age it would remove what was written a moment ago.
            if (age < TimeSpan.Zero || age > MaxAge || (age == TimeSpan.Zero && rule.Setting is not (nameof(RetentionPolicy.ExpiredSessions) or nameof(RetentionPolicy.ExpiredSignInAttempts))))
            {
                throw new ArgumentOutOfRangeException(nameof(policy), age, $"{rule.Setting} is above zero, up to ten years, or null.");
            }

            applied.Add((rule, age));
        }

        return applied;
    }

    /// <summary>What goes from one table.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Setting">The setting of the policy.</param>
    /// <param name="Age">How long rows are kept; null for ever.</param>
    /// <param name="Purge">Removes one batch of what lies before a moment; the number of rows.</param>
    /// <param name="Count">Counts what lies before a moment.</param>
    internal sealed record Rule(
        string Table,
        string Setting,
        Func<RetentionPolicy, TimeSpan?> Age,
        Func<RetentionSources, PurgeWindow.Place, DateTimeOffset, int, CancellationToken, Task<int>> Purge,
        Func<DateTimeOffset, Statement> Count)
    {
        public int MaxBatchSize { get; init; } = 1000;
    }
}
