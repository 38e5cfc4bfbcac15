using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.HealthChecks;

/// <summary>Health checks as the rows of one statement: an array per column.</summary>
internal static class HealthCheckBatch
{
    /// <summary>The rows <c>n</c>, one per check. Needs the parameters of <see cref="Parameters"/>.</summary>
    internal const string Rows = """
        unnest(@ids, @deploymentIds, @urls, @statuses, @latencies, @live, @times)
            AS n (id, deployment_id, url, http_status, latency_ms, is_live, checked_at)
        """;

    /// <summary>The parameters of <see cref="Rows"/>.</summary>
    /// <exception cref="ArgumentException">
    /// A check is null, has no address or one that is too long, or has the id of an earlier one.
    /// </exception>
    internal static NpgsqlParameter[] Parameters(IReadOnlyCollection<NewDeploymentHealthCheck> checks)
    {
        var ids = new Guid[checks.Count];
        var deploymentIds = new Guid[checks.Count];
        var urls = new string[checks.Count];
        var statuses = new int?[checks.Count];
        var latencies = new int?[checks.Count];
        var live = new bool[checks.Count];
        var times = new DateTime?[checks.Count];
        var seen = new HashSet<Guid>();
        var i = 0;
        foreach (var check in checks)
        {
            if (string.IsNullOrWhiteSpace(check?.Url))
            {
                throw new ArgumentException($"Check {i} is null or has no address.", nameof(checks));
            }

            if (check.Id == Guid.Empty || check.DeploymentId == Guid.Empty)
            {
                throw new ArgumentException($"Check {i} has the empty id, or is of the deployment with the empty id.", nameof(checks));
            }

            ids[i] = check.Id ?? Ids.New();
            if (!seen.Add(ids[i]))
            {
                throw new ArgumentException($"Check {i} has the id of an earlier one.", nameof(checks));
            }

            deploymentIds[i] = check.DeploymentId;
            urls[i] = P.Fitting(check.Url, DeploymentHealthCheck.MaxUrlLength, $"checks[{i}].Url");
            statuses[i] = check.HttpStatus;
            latencies[i] = check.LatencyMs;
            live[i] = check.IsLive;
            times[i] = check.CheckedAt is { } time ? Time.ToColumn(time) : null;
            i++;
        }

        return [P.Of(ids), P.Of(deploymentIds), P.Of(urls), P.Of(statuses), P.Of(latencies), P.Of(live), P.Of(times)];
    }
}
