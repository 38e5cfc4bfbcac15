using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Retention;

internal sealed class RetentionService(Db db, RetentionSources sources) : IRetentionService
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(3650);

    /// <summary>The rules, in the order of a run: deployments first, because most other rows belong to them.</summary>
    internal static IReadOnlyList<Rule> Rules { get; } =
    [
        new("deployments", nameof(RetentionPolicy.DeletedDeployments), policy => policy.DeletedDeployments,
            (from, _, before, limit, token) => from.Deployments.PurgeDeletedAsync(before, limit, token), RetentionCounts.Deployments)
        {
            // A deployment may have a hundred stages and containers, which are removed with it.
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
        new("sign_in_attempts", nameof(RetentionPolicy.ExpiredSignInAttempts),
            policy => policy.ExpiredSignInAttempts ? TimeSpan.Zero : null,
            (from, _, _, limit, token) => from.SignInAttempts.PurgeExpiredAsync(limit, token), RetentionCounts.SignInAttempts),
        new("password_reset_tokens", nameof(RetentionPolicy.PasswordResetTokens), policy => policy.PasswordResetTokens,
            (from, _, before, limit, token) => from.ResetTokens.PurgeAsync(before, limit, token), RetentionCounts.PasswordResetTokens),
        new("webhook_payloads", nameof(RetentionPolicy.WebhookPayloads), policy => policy.WebhookPayloads,
            (from, _, before, limit, token) => from.Webhooks.PurgeAsync(before, limit, token), RetentionCounts.WebhookPayloads)
        {
            // A payload may have many megabytes.
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
            var before = await sources.Partitions.FindFirstWholeAsync(rule.Table, now - age, cancellationToken).ConfigureAwait(false);
            var rows = await db.ListAsync(row => row.Long(), rule.Count(before), cancellationToken).ConfigureAwait(false);
            counts.Add(new RetentionCount(rule.Table, rows[0]));
        }

        return counts;
    }

    private async Task<RetentionResult> RunAsync(
        Rule rule, DateTimeOffset before, RetentionPolicy policy, IProgress<RetentionResult>? progress, CancellationToken cancellationToken)
    {
        var place = new PurgeWindow.Place();
        var result = new RetentionResult(rule.Table, Rows: 0, Batches: 0, MoreLeft: false);
        var released = false;
        while (!result.MoreLeft)
        {
            int rows;
            try
            {
                if (!released)
                {
                    var release = await sources.Partitions.ReleaseAsync(rule.Table, before, cancellationToken).ConfigureAwait(false);
                    (before, result, released) = (release.Before, result with { Partitions = release.Dropped }, true);
                }

                var limit = Math.Min(policy.BatchSize, rule.MaxBatchSize);
                rows = await rule.Purge(sources, place, before, limit, cancellationToken).ConfigureAwait(false);
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
        Limit.Check(policy.BatchSize, RetentionPolicy.MaxBatchSize);
        Limit.Check(policy.MaxBatches, RetentionPolicy.MaxBatchCount);
        var applied = new List<(Rule, TimeSpan)>();
        foreach (var rule in Rules)
        {
            if (rule.Age(policy) is not { } age)
            {
                continue;
            }

            // A flag means zero by true; as an age, zero would remove rows written a moment ago.
            var isFlag = rule.Setting is nameof(RetentionPolicy.ExpiredSessions) or nameof(RetentionPolicy.ExpiredSignInAttempts);
            if (age < TimeSpan.Zero || age > MaxAge || (age == TimeSpan.Zero && !isFlag))
            {
                throw new ArgumentOutOfRangeException(nameof(policy), age, $"{rule.Setting} is above zero, up to ten years, or null.");
            }

            applied.Add((rule, age));
        }

        return applied;
    }

    /// <summary>The rule of one table.</summary>
    /// <param name="Table">The table.</param>
    /// <param name="Setting">The setting of the policy.</param>
    /// <param name="Age">The age at which rows are removed; null keeps them forever.</param>
    /// <param name="Purge">Removes one batch of rows older than a moment; returns the number of rows.</param>
    /// <param name="Count">Counts the rows older than a moment.</param>
    internal sealed record Rule(
        string Table,
        string Setting,
        Func<RetentionPolicy, TimeSpan?> Age,
        Func<RetentionSources, PurgeWindow.Place, DateTimeOffset, int, CancellationToken, Task<int>> Purge,
        Func<DateTimeOffset, Statement> Count)
    {
        public int MaxBatchSize { get; init; } = RetentionPolicy.MaxBatchSize;
    }
}
