using AutoStack.Data.Logs;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;

namespace AutoStack.Data.Retention;

/// <summary>The rules, in the order of a run: deployments first, because most other rows belong to them.</summary>
internal static class RetentionRules
{
    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(3650);

    public static IReadOnlyList<RetentionRule> All { get; } =
    [
        new("deployments", nameof(RetentionPolicy.DeletedDeployments), policy => policy.DeletedDeployments,
            (from, _, before, limit, token) => from.Deployments.PurgeDeletedAsync(before, limit, token), RetentionCounts.Deployments)
        {
            // A deployment may have a hundred stages and containers, which are removed with it.
            MaxBatchSize = 50,
            AlsoRemoves = ["deployment_logs", "deployment_runtime_logs", "deployment_health_checks"],
        },
        new("deployment_logs", nameof(RetentionPolicy.DeploymentLogs), policy => policy.DeploymentLogs,
            (from, place, before, limit, token) => from.Logs.PurgeAsync(before, limit, place, token), RetentionCounts.DeploymentLogs)
        {
            LocksDeployments = true,
        },
        new("deployment_runtime_logs", nameof(RetentionPolicy.RuntimeLogs), policy => policy.RuntimeLogs,
            (from, place, before, limit, token) => from.RuntimeLogs.PurgeAsync(before, limit, place, token), RetentionCounts.RuntimeLogs)
        {
            LocksDeployments = true,
        },
        new("deployment_health_checks", nameof(RetentionPolicy.HealthChecks), policy => policy.HealthChecks,
            (from, place, before, limit, token) => from.HealthChecks.PurgeAsync(before, limit, place, token), RetentionCounts.HealthChecks)
        {
            LocksDeployments = true,
        },
        new("sessions", nameof(RetentionPolicy.ExpiredSessions), policy => policy.ExpiredSessions ? TimeSpan.Zero : null,
            (from, _, _, limit, token) => from.Sessions.PurgeExpiredAsync(limit, token), RetentionCounts.Sessions),
        new("sign_in_attempts", nameof(RetentionPolicy.ExpiredSignInAttempts),
            policy => policy.ExpiredSignInAttempts ? TimeSpan.Zero : null,
            (from, _, _, limit, token) => from.SignInAttempts.PurgeExpiredAsync(limit, token), RetentionCounts.SignInAttempts),
        new("password_reset_tokens", nameof(RetentionPolicy.PasswordResetTokens), policy => policy.PasswordResetTokens,
            (from, _, before, limit, token) => from.ResetTokens.PurgeAsync(before, limit, token), RetentionCounts.PasswordResetTokens),
        new("email_verification_tokens", nameof(RetentionPolicy.EmailVerificationTokens), policy => policy.EmailVerificationTokens,
            (from, _, before, limit, token) => from.EmailTokens.PurgeAsync(before, limit, token),
            RetentionCounts.EmailVerificationTokens),
        new("webhook_payloads", nameof(RetentionPolicy.WebhookPayloads), policy => policy.WebhookPayloads,
            (from, _, before, limit, token) => from.Webhooks.PurgeAsync(before, limit, token), RetentionCounts.WebhookPayloads)
        {
            // A payload may have many megabytes.
            MaxBatchSize = 100,
        },
        new("users", nameof(RetentionPolicy.ClosedAccounts), policy => policy.ClosedAccounts ? TimeSpan.Zero : null,
            (from, place, _, limit, token) => from.ClosedAccounts.RemoveAsync(place, limit, token), _ => ClosedAccounts.Count())
        {
            CountsSeveralTables = true,
            AlsoRemoves = ["projects", "sessions", "deployments", "deployment_logs", "deployment_runtime_logs", "deployment_health_checks"],
        },
    ];

    /// <summary>The rules that a policy applies, with the age of each.</summary>
    /// <exception cref="ArgumentException">The policy is null, or one of its values is out of range.</exception>
    public static List<(RetentionRule Rule, TimeSpan Age)> Of(RetentionPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        Limit.Check(policy.BatchSize, RetentionPolicy.MaxBatchSize);
        Limit.Check(policy.MaxBatches, RetentionPolicy.MaxBatchCount);
        var applied = new List<(RetentionRule, TimeSpan)>();
        foreach (var rule in All)
        {
            if (rule.Age(policy) is not { } age)
            {
                continue;
            }

            // A flag means zero by true; as an age, zero would remove rows written a moment ago.
            var isFlag = rule.Setting is nameof(RetentionPolicy.ExpiredSessions) or nameof(RetentionPolicy.ExpiredSignInAttempts)
                or nameof(RetentionPolicy.ClosedAccounts);
            if (age < TimeSpan.Zero || age > MaxAge || (age == TimeSpan.Zero && !isFlag))
            {
                throw new ArgumentOutOfRangeException(
                    $"policy.{rule.Setting}", age, $"{rule.Setting} is above zero, up to ten years, or null.");
            }

            applied.Add((rule, age));
        }

        return applied;
    }
}

/// <summary>The rule of one table.</summary>
/// <param name="Table">The table.</param>
/// <param name="Setting">The setting of the policy.</param>
/// <param name="Age">The age at which rows are removed; null keeps them forever.</param>
/// <param name="Purge">Removes one batch of rows older than a moment; returns the number of rows.</param>
/// <param name="Count">Counts the rows older than a moment.</param>
internal sealed record RetentionRule(
    string Table,
    string Setting,
    Func<RetentionPolicy, TimeSpan?> Age,
    Func<RetentionSources, PurgeWindow.Place, DateTimeOffset, int, CancellationToken, Task<int>> Purge,
    Func<DateTimeOffset, Statement> Count)
{
    public int MaxBatchSize { get; init; } = RetentionPolicy.MaxBatchSize;

    /// <summary>The other tables from which statements of the purge remove rows; cascades need no right.</summary>
    public IReadOnlyList<string> AlsoRemoves { get; init; } = [];

    /// <summary>Whether the counted rows are of several tables, so that the average size of one table says nothing about theirs.</summary>
    public bool CountsSeveralTables { get; init; }

    /// <summary>True when the purge locks the deployments of the rows.</summary>
    public bool LocksDeployments { get; init; }

    /// <summary>The rights that the purge needs. A lock of a row needs UPDATE.</summary>
    public IEnumerable<(string Table, string Right)> Rights =>
        AlsoRemoves.Prepend(Table).SelectMany(table => new[] { (table, "SELECT"), (table, "UPDATE"), (table, "DELETE") })
            .Concat(LocksDeployments ? [("deployments", "SELECT"), ("deployments", "UPDATE")] : []);
}
