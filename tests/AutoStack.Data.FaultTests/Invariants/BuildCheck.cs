using AutoStack.Data.FaultTests.Ledgers;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>One worker has each deployment; its status is the last one that the worker reported, and each stage is there once.</summary>
internal static class BuildCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        Ledger ledger, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var deployments = await Rows.ReadAsync(
            connection,
            "SELECT id, status, started_at IS NOT NULL FROM deployments",
            row => (Id: row.GetGuid(0), Status: row.GetString(1), IsStarted: row.GetBoolean(2)),
            cancellationToken);
        var stages = await Rows.ReadAsync(
            connection,
            "SELECT deployment_id, stage_name, status FROM deployment_stages",
            row => (Deployment: row.GetGuid(0), Name: row.GetString(1), Status: row.GetString(2)),
            cancellationToken);
        var findings = new List<Finding>();
        findings.AddRange(stages
            .GroupBy(stage => (stage.Deployment, stage.Name))
            .Where(group => group.Count() > 1)
            .Select(group => new Finding(FindingKind.Doubled, $"{group.Count()} stages {group.Key.Name} of {group.Key.Deployment}")));

        var claimed = ledger.Builds.Where(build => build.DeploymentId is not null).ToLookup(build => build.DeploymentId!.Value);
        findings.AddRange(claimed
            .Where(group => group.Count() > 1)
            .Select(group => new Finding(
                FindingKind.Doubled, $"{group.Key} was claimed by {string.Join(" and ", group.Select(build => build.Worker))}")));

        // A claim whose answer was lost is told again with its key, until it returns the deployment.
        findings.AddRange(deployments
            .Where(deployment => deployment.IsStarted && !claimed.Contains(deployment.Id))
            .Select(deployment => new Finding(FindingKind.Lost, $"{deployment.Id} is started, and no worker has it")));

        var statuses = deployments.ToDictionary(deployment => deployment.Id, deployment => deployment.Status);
        var stageNames = stages.ToLookup(stage => stage.Deployment, stage => stage.Name);
        foreach (var group in claimed)
        {
            findings.AddRange(Compare(group.First(), statuses.GetValueOrDefault(group.Key), stageNames[group.Key].ToHashSet()));
        }

        return findings;
    }

    private static IEnumerable<Finding> Compare(Build build, string? status, HashSet<string> stages)
    {
        var last = build.Reports.FindLastIndex(report => report.Verdict == Verdict.Acknowledged);
        var possible = build.Reports.Skip(Math.Max(last, 0)).Where(report => report.Verdict is not (Verdict.Refused or Verdict.NotStored))
            .Select(report => report.Status.Value).ToHashSet();
        if (last < 0)
        {
            possible.Add(DeploymentStatus.Cloning.Value);
        }

        if (status is null || !possible.Contains(status))
        {
            yield return new Finding(
                FindingKind.Lost, $"{build.DeploymentId} is '{status}'; its worker reported {string.Join(" or ", possible)}");
        }

        foreach (var (step, verdict) in build.Reports)
        {
            if (verdict == Verdict.Acknowledged && !step.IsFinished && !stages.Contains(step.Value))
            {
                yield return new Finding(FindingKind.Lost, $"the stage {step} of {build.DeploymentId} is not there");
            }
        }
    }
}
