using System.Text.Json;
using AutoStack.Data.Audit;

namespace AutoStack.Data.Cli.Output;

/// <summary>The results of <c>audit</c> as JSON.</summary>
/// <remarks>
/// <code>
/// audit show    {"entries":[{"seq":12,"at":"…","transactionId":801,"actor":"ada@staff","role":"autostack_app","table":"projects",
///               "rowId":"…","action":"update","rows":1,"rowIds":[],"columns":{"name":["site","shop"]}},…],"more":false}
/// audit export  one such entry a line
/// audit status, {"enabled":true,"daysAhead":61.2,"partitions":[{"name":"changes_until_202612","until":"…","rows":1200,
/// maintain      "bytes":81920},…],"seals":{"number":17,"hash":"…","untilSeq":1200,"sealedAt":"…","unsealedSince":"…",
///               "keepDays":400,"droppedBefore":null},"findings":[…]}
/// rowId is null for an entry of several rows, rows for a truncated table; daysAhead is null without the feature; until is null for the
/// default partition; seals is null without the feature, and when the role may not read it; keepDays is null for ever
/// </code>
/// </remarks>
internal static class AuditJson
{
    public static object Of(IReadOnlyList<AuditEntry> entries, bool more) => new { Entries = entries.Select(Of), More = more };

    public static string Line(AuditEntry entry) => JsonSerializer.Serialize(Of(entry), JsonResults.Format);

    public static object Of(AuditStatus status) => new
    {
        Enabled = status.IsEnabled,
        status.DaysAhead,
        status.Partitions,
        Seals = status.Seals is not { } seals ? null : new
        {
            seals.Number,
            seals.Hash,
            seals.UntilSeq,
            seals.SealedAt,
            seals.UnsealedSince,
            KeepDays = seals.Keep?.TotalDays,
            seals.DroppedBefore,
        },
        Findings = FindingJson.Of(AuditFindings.Of(status)),
    };

    private static object Of(AuditEntry entry) => new
    {
        entry.Seq,
        entry.At,
        entry.TransactionId,
        entry.Actor,
        entry.Role,
        entry.Table,
        entry.RowId,
        Action = entry.Action.Value,
        entry.Rows,
        entry.RowIds,
        Columns = entry.Columns.ToDictionary(column => column.Name, column => new[] { column.Old, column.New }),
    };
}
