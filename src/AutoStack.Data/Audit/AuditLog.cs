using System.Text.Json;
using AutoStack.Data.Postgres;
using AutoStack.Data.Values;
using Npgsql;

namespace AutoStack.Data.Audit;

internal sealed class AuditLog(Db db) : IAuditLog
{
    // Planned for its values: each condition that is given has an index, or chooses partitions.
    private const string Page = """
        SELECT c.seq, c.at, c.transaction_id::text::bigint, c.actor, c.role, c.table_name, c.row_id, c.action, c.row_count,
            coalesce(c.row_ids, '{}'::uuid[]), c.changed::text
        FROM autostack_audit.changes c
        WHERE (@rowId::uuid IS NULL OR c.row_id = @rowId OR c.row_ids OPERATOR(pg_catalog.@>) ARRAY[@rowId])
          AND (@table::text IS NULL OR c.table_name = @table)
          AND (@actor::text IS NULL OR c.actor = @actor)
          AND (@since::timestamp IS NULL OR c.at >= @since)
          AND (@until::timestamp IS NULL OR c.at < @until)
          AND c.seq < @before
        ORDER BY c.seq DESC
        LIMIT @limit
        """;

    public async Task<Page<AuditEntry>> ListAsync(AuditFilter filter, Cursor cursor, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        Limit.Check(limit, IAuditLog.MaxListSize);
        var statement = new Statement(
            Page,
            P.Of(filter.RowId),
            P.TextOrNull(filter.Table),
            P.TextOrNull(filter.Actor),
            P.Of(filter.Since),
            P.Of(filter.Until),
            P.Of(cursor.ToSeq() ?? long.MaxValue, "before"),
            P.Of(limit + 1, "limit"))
        {
            IsPlannedForItsValues = true,
        };
        try
        {
            var rows = await db.ListAsync(Read, statement, cancellationToken).ConfigureAwait(false);
            return Page<AuditEntry>.Of(rows, limit, entry => Cursor.After(entry.Seq));
        }
        catch (PostgresException exception) when (AuditUnavailableException.Of(exception) is { } unavailable)
        {
            throw unavailable;
        }
    }

    private static AuditEntry Read(RowReader row) => new()
    {
        Seq = row.Long(),
        At = row.Time(),
        TransactionId = row.Long(),
        Actor = row.Text(),
        Role = row.Text(),
        Table = row.Text(),
        RowId = row.GuidOrNull(),
        Action = row.Value<AuditAction>(),
        Rows = row.LongOrNull(),
        RowIds = row.Array<Guid>(),
        Columns = Columns(row.Json()),
    };

    private static List<AuditedColumn> Columns(JsonElement changed) =>
        changed.ValueKind != JsonValueKind.Object ? []
        : [
            .. from column in changed.EnumerateObject()
               let isPair = column.Value.ValueKind == JsonValueKind.Array && column.Value.GetArrayLength() == 2
               select new AuditedColumn(
                   column.Name, isPair ? column.Value[0] : column.Value, isPair ? column.Value[1] : column.Value),
        ];
}
