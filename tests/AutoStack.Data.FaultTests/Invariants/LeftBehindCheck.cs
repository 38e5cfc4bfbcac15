using System.Diagnostics;
using AutoStack.Data.FaultTests.Sites;
using AutoStack.Data.FaultTests.Workload;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>Disposal leaves no connection, and nothing that runs: a task, timer or socket would hold the library's objects.</summary>
internal static class LeftBehindCheck
{
    /// <summary>Disposes the services and returns what is left of them after <paramref name="limit"/>.</summary>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        IReadOnlyList<Service> services, Site site, NpgsqlConnection connection, TimeSpan limit, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var service in services)
        {
            if (await service.IsHeldAfterDisposalAsync(limit))
            {
                findings.Add(new Finding(FindingKind.LeftBehind, $"something holds the objects of service {service.Name}"));
            }
        }

        // The server needs a moment to see that a connection was closed.
        var watch = Stopwatch.StartNew();
        List<string> open;
        do
        {
            await Task.Delay(20, cancellationToken);
            open = await Rows.ReadAsync(
                connection,
                "SELECT application_name || ': ' || query FROM pg_stat_activity WHERE application_name LIKE 'service %'",
                row => row.GetString(0),
                cancellationToken);
        }
        while ((open.Count > 0 || site.Open > 0) && watch.Elapsed < limit);

        findings.AddRange(open.Select(query => new Finding(FindingKind.LeftBehind, $"a connection of {query}")));
        if (site.Open > 0)
        {
            findings.Add(new Finding(FindingKind.LeftBehind, $"{site.Open} connections to the proxy"));
        }

        return findings;
    }
}
