using AutoStack.Data.Cli;
using AutoStack.Data.Cli.Upkeep;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Retention;

namespace AutoStack.Data.Migrations.Tests.Upkeep;

/// <summary>The policy file of <c>prune</c>.</summary>
public sealed class PolicyFileTests
{
    [Test]
    public void Every_setting_is_read()
    {
        var (policy, pacing) = Read("""
            {
                "deletedDeployments": "1w", "deploymentLogs": "48h", "runtimeLogs": null, "healthChecks": "90m",
                "expiredSessions": false, "expiredSignInAttempts": true, "passwordResetTokens": "7d", "emailVerificationTokens": "5d",
                "webhookPayloads": "3600s", "closedAccounts": false, "batchSize": 10, "maxBatches": 20,
                "pacing": { "niceRatio": 0.5, "targetBatchTime": "250ms", "maxReplicaLag": null, "maxPause": "5s" }
            }
            """);

        Assert.That(policy, Is.EqualTo(new RetentionPolicy
        {
            DeletedDeployments = TimeSpan.FromDays(7),
            DeploymentLogs = TimeSpan.FromDays(2),
            RuntimeLogs = null,
            HealthChecks = TimeSpan.FromMinutes(90),
            ExpiredSessions = false,
            ClosedAccounts = false,
            PasswordResetTokens = TimeSpan.FromDays(7),
            EmailVerificationTokens = TimeSpan.FromDays(5),
            WebhookPayloads = TimeSpan.FromHours(1),
            BatchSize = 10,
            MaxBatches = 20,
        }));
        Assert.That(pacing, Is.EqualTo(new RetentionPacing
        {
            NiceRatio = 0.5,
            TargetBatchTime = TimeSpan.FromMilliseconds(250),
            MaxReplicaLag = null,
            MaxPause = TimeSpan.FromSeconds(5),
        }));
    }

    [Test]
    public void Settings_that_are_not_there_have_their_defaults() =>
        Assert.That(Read("{}"), Is.EqualTo((new RetentionPolicy(), new RetentionPacing())));

    [Test]
    public void Every_wrong_setting_is_named_at_once()
    {
        var message = Refusal("""
            {
                "deploymentLog": "30d", "runtimeLogs": "30", "healthChecks": 30, "webhookPayloads": "0d", "passwordResetTokens": "4000d",
                "expiredSessions": null, "batchSize": 1001, "maxBatches": 1.5, "batchSize": 5,
                "pacing": { "niceRatio": -1, "maxPause": null, "speed": 1 }
            }
            """);

        foreach (var part in new[]
        {
            "deploymentLog is unknown. Did you mean deploymentLogs?",
            "runtimeLogs is not a text such as \"30d\", \"12h\" or \"500ms\", or null.",
            "healthChecks is not a text such as",
            "webhookPayloads is out of its range: WebhookPayloads is above zero, up to ten years, or null.",
            "passwordResetTokens is out of its range:",
            "expiredSessions is not true or false.",
            "batchSize is out of its range:",
            "batchSize is there twice.",
            "maxBatches is not a whole number.",
            "pacing.niceRatio is out of its range: RetentionPacing.NiceRatio is -1; it is 0 to 100.",
            "pacing.maxPause is not a text such as \"30d\", \"12h\" or \"500ms\".",
            "pacing.speed is unknown.",
        })
        {
            Assert.That(message, Does.Contain(part));
        }

        Assert.That(message, Does.StartWith("--policy policy.json: "));
    }

    [TestCase("{ \"batchSize\": }", "--policy policy.json, line 1, column 16: not valid JSON.")]
    [TestCase("[]", "--policy policy.json: the file is not an object.")]
    [TestCase("{ \"pacing\": 1 }", "--policy policy.json: pacing is not an object.")]
    [TestCase("{ \"runtimeLogs\": \"999999999999999999w\" }", "--policy policy.json: runtimeLogs is not a text such as")]
    public void A_file_that_is_no_policy_is_refused(string text, string message) => Assert.That(Refusal(text), Does.StartWith(message));

    [Test]
    public void A_missing_file_is_named() =>
        Assert.That(
            Assert.Throws<CliException>(() => PolicyFile.Read("no.json", Path.GetTempPath()))!.Failure.Message,
            Is.EqualTo("--policy no.json: the file does not exist."));

    private static string Refusal(string text) => Assert.Throws<CliException>(() => Read(text))!.Failure.Message;

    private static (RetentionPolicy Policy, RetentionPacing Pacing) Read(string text)
    {
        using var place = new Workplace();
        File.WriteAllText(Path.Combine(place.Root, "policy.json"), text);
        return PolicyFile.Read("policy.json", place.Root);
    }
}
