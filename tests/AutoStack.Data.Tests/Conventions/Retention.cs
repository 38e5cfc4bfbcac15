using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>Nothing grows for ever without a reason.</summary>
public sealed class Retention : DatabaseTests
{
    /// <summary>Tables without a rule, with the reason.</summary>
    private static readonly Dictionary<string, string> Kept = new()
    {
        ["user_preferences"] = "one row per user, go with the user",
        ["github_connections"] = "one row per user, go with the user",
        ["user_identities"] = "at most one row per user and provider, go with the user",
        ["projects"] = "live as long as their owner wants",
        ["deployment_leases"] = "one row per running deployment, go with its end",
        ["queue_pauses"] = "one row per paused project, go with the resume",
        ["live_deployments"] = "one row per project and branch, go with the project",
        ["deployment_log_ends"] = "at most one row per deployment, go with it",
        ["deployment_stages"] = "a handful per deployment, go with it",
        ["deployment_containers"] = "a handful per deployment, go with it",
        ["upkeep_leases"] = "one row per periodic task",
    };

    [Test]
    public async Task Every_table_has_a_retention_rule_or_a_documented_exception()
    {
        Assert.That(
            RetentionRules.All.Select(rule => rule.Table).Concat(Kept.Keys),
            Is.EquivalentTo(await TablesAsync()),
            "A table needs a rule in RetentionRules.All, or the reason in Kept why its rows stay.");
    }

    [Test]
    public void Every_setting_of_the_policy_has_a_rule_and_every_rule_a_setting()
    {
        var settings = typeof(RetentionPolicy).GetProperties()
            .Where(p => p.PropertyType == typeof(TimeSpan?) || p.PropertyType == typeof(bool)).Select(p => p.Name);

        Assert.That(RetentionRules.All.Select(rule => rule.Setting), Is.EquivalentTo(settings));
    }
}
