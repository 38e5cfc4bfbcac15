using AutoStack.Data.FaultTests.Ledgers;
using Npgsql;

namespace AutoStack.Data.FaultTests.Invariants;

/// <summary>Acknowledged rows are there once, refused rows are not there, and every row was sent by a caller.</summary>
internal static class PresenceCheck
{
    private const string AllRows = """
        SELECT 0, id, email FROM users
        UNION ALL SELECT 1, id, name FROM projects
        UNION ALL SELECT 2, id, commit_message FROM deployments
        UNION ALL SELECT 3, id, url FROM deployment_health_checks
        UNION ALL SELECT 4, id, headers ->> 'x-github-delivery' FROM webhook_payloads
        UNION ALL SELECT 5, id, image FROM deployment_containers
        """;

    public static async Task<IReadOnlyList<Finding>> RunAsync(
        Ledger ledger, NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var rows = await Rows.ReadAsync(
            connection, AllRows, row => (Kind: (RowKind)row.GetInt32(0), Id: row.GetGuid(1), Mark: row.GetString(2)), cancellationToken);
        var stored = rows.ToDictionary(row => (row.Kind, row.Id), row => row.Mark);
        var findings = new List<Finding>();
        foreach (var effect in ledger.Effects)
        {
            var mark = stored.GetValueOrDefault((effect.Kind, effect.Id));
            if (mark is null && effect.Verdict == Verdict.Acknowledged)
            {
                findings.Add(new Finding(FindingKind.Lost, $"{effect.Kind} {effect.Id} was acknowledged and is not there"));
            }
            else if (mark is not null && effect.Verdict == Verdict.Refused)
            {
                findings.Add(new Finding(FindingKind.Unexpected, $"{effect.Kind} {effect.Id} was refused and is there"));
            }
            else if (mark is not null && mark != effect.Mark)
            {
                findings.Add(new Finding(FindingKind.Unexpected, $"{effect.Kind} {effect.Id} has '{mark}' instead of '{effect.Mark}'"));
            }

            if (mark is not null && effect.IsRepetitionRefused)
            {
                findings.Add(new Finding(FindingKind.Contradiction, $"{effect.Kind} {effect.Id} is there, and its repetition was refused"));
            }
        }

        var sent = ledger.Effects.Select(effect => (effect.Kind, effect.Id)).ToHashSet();
        findings.AddRange(rows
            .Where(row => !sent.Contains((row.Kind, row.Id)))
            .Select(row => new Finding(FindingKind.Unexpected, $"{row.Kind} {row.Id} ('{row.Mark}') was sent by nobody")));
        findings.AddRange(rows
            .GroupBy(row => (row.Kind, row.Mark))
            .Where(group => group.Count() > 1)
            .Select(group => new Finding(FindingKind.Doubled, $"{group.Count()} rows of {group.Key.Kind} have '{group.Key.Mark}'")));
        findings.AddRange(ledger.Units
            .Where(unit => unit.Select(effect => stored.ContainsKey((effect.Kind, effect.Id))).Distinct().Count() > 1)
            .Select(unit => new Finding(FindingKind.Torn, $"of the unit of {unit[0].Kind} {unit[0].Id} only a part is there")));
        return findings;
    }
}
