using System.Text.Json;
using AutoStack.Data.Migrations;

namespace AutoStack.Data.Cli.Output;

/// <summary>The faults and changes of the journal as JSON.</summary>
/// <remarks>
/// <code>
/// current, history,  also "findings":[{"set":"core","version":5,"name":"0005_…","fault":"gap","message":"…","repair":null,"advice":null,
/// check              "command":"autostack-db repair"},…]; fault is gap, doubled, lostKeys, changed, renamed or unknown
/// history            each version also has "stamped": true when the row was added without a run of the script
/// history --changes  {"changes":[{"id":1,"changedAt":"2026-01-31T12:00:00.123456Z","changedBy":"autostack","kind":"stamped","set":"core",
///                     "version":5,"name":"0005_…","oldRow":null,"newRow":{"version":5,…},"reason":"…","toolVersion":"1.0.0"},…]}
///                    kind is stamped, adopted, repaired, downgraded or other; oldRow is null for an added row, newRow for a removed one,
///                    both for restored keys of the journal
/// repair             {"sound":true,"changed":true,"repaired":[…],"left":[…],"run":["0005_…"]}; repaired and left are findings. changed is
///                    false for --dry-run
/// </code>
/// </remarks>
internal static class JournalJson
{
    public static object Of(JournalRepairResult result, bool dryRun) => new
    {
        Sound = result.IsSound,
        Changed = !dryRun && result.Repaired.Count + result.Run.Count > 0,
        Repaired = Of(result.Repaired),
        Left = Of(result.Left),
        result.Run,
    };

    public static IEnumerable<object> Of(IEnumerable<JournalFinding> findings) => findings.Select(finding => new
    {
        finding.Set,
        finding.Version,
        finding.Name,
        finding.Fault,
        finding.Message,
        finding.Repair,
        finding.Advice,
        finding.Command,
    });

    public static object Of(IEnumerable<JournalChange> changes) => new
    {
        Changes = changes.Select(change => new
        {
            change.Id,
            ChangedAt = change.ChangedAt.UtcDateTime,
            change.ChangedBy,
            change.Kind,
            change.Set,
            change.Version,
            change.Name,
            OldRow = Row(change.OldRow),
            NewRow = Row(change.NewRow),
            change.Reason,
            change.ToolVersion,
        }),
    };

    private static JsonElement? Row(string? json) => json is null ? null : JsonDocument.Parse(json).RootElement;
}
