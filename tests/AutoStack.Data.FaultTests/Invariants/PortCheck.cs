using AutoStack.Data.FaultTests.Ledgers;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>No two containers that run have one port, now or at any time that the answers describe.</summary>
internal static class PortCheck
{
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        Ledger ledger, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await Rows.ReadAsync(
            connection,
            "SELECT id, host, port, status = 'stopped' FROM deployment_containers",
            row => (Id: row.GetGuid(0), Host: row.GetString(1), Port: row.GetInt32(2), IsStopped: row.GetBoolean(3)),
            cancellationToken);
        var findings = new List<Finding>();
        findings.AddRange(rows
            .Where(row => !row.IsStopped)
            .GroupBy(row => (row.Host, row.Port))
            .Where(group => group.Count() > 1)
            .Select(group => new Finding(
                FindingKind.Doubled, $"{group.Count()} containers have port {group.Key.Port} of {group.Key.Host}")));

        var stored = rows.ToDictionary(row => row.Id);
        foreach (var use in ledger.Ports.Where(use => stored.ContainsKey(use.ContainerId)))
        {
            var row = stored[use.ContainerId];
            if (row.Port != use.Port)
            {
                findings.Add(new Finding(FindingKind.Lost, $"container {row.Id} has port {row.Port}; the answer was {use.Port}"));
            }

            if (use.IsStopAcknowledged && !row.IsStopped)
            {
                findings.Add(new Finding(FindingKind.Lost, $"container {row.Id} was reported stopped and is not"));
            }

            if (use.Until is null && row.IsStopped)
            {
                findings.Add(new Finding(FindingKind.Unexpected, $"container {row.Id} is stopped, which nobody reported"));
            }
        }

        foreach (var port in ledger.Ports.GroupBy(use => use.Port))
        {
            var uses = port.OrderBy(use => use.From).ToList();
            findings.AddRange(uses.Zip(uses.Skip(1))
                .Where(pair => pair.First.Until is null || pair.First.Until > pair.Second.From)
                .Select(pair => new Finding(
                    FindingKind.Doubled, $"port {port.Key} of {pair.Second.ContainerId} was still that of {pair.First.ContainerId}")));
        }

        return findings;
    }
}
