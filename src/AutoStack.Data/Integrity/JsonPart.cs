using System.Text.Json;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>
/// Reads the bodies of webhooks as the library reads them. They are <c>jsonb</c>, or <c>json</c> in some adopted databases.
/// </summary>
internal sealed class JsonPart() : IntegrityPart(Severity.Error, "Remove the row; the provider sends a delivery again within days.")
{
    private const string Table = "webhook_payloads";

    public override async Task<IReadOnlyList<Target>> TargetsAsync(Verification run, CancellationToken cancellationToken) =>
        await run.PagesAsync(Table, cancellationToken).ConfigureAwait(false) is { } pages ? [new Target(Table, pages)] : [];

    public override async Task<RangeResult> ReadAsync(
        Verification run, Target target, PageRange range, CancellationToken cancellationToken)
    {
        var rows = await run.ListAsync(row => (Id: row.Guid(), Both: IsReadable(row) & IsReadable(row)), new Statement($"""
            SELECT t.id, t.payload_json::text, t.headers::text
            FROM webhook_payloads t
            WHERE {RangeSql.InRange}
            """, range.Start, range.Stop), cancellationToken).ConfigureAwait(false);
        var wrong = rows.Where(row => !row.Both).Select(row => row.Id.ToString()).ToList();
        return new RangeResult(
            rows.Count, wrong.Count == 0 ? [] : [new RangeProblem("a body or its headers are not readable JSON", wrong.Count, wrong)]);
    }

    // Reads a column in any case, so that the next one is the next one.
    private static bool IsReadable(RowReader row)
    {
        try
        {
            row.Json();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
