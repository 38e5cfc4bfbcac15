using AutoStack.Data.Monitoring;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Integrity;

/// <summary>Conditions on the columns of single rows.</summary>
internal static class ConditionParts
{
    private const string Rows = $"""
        SELECT c.relname::text, {CatalogSql.TableColumns}, @condition::text
        {CatalogSql.FromTables}
        WHERE {CatalogSql.OfAutoStack} AND c.oid IN (
            SELECT pg_catalog.to_regclass(@table)::oid
            UNION ALL
            SELECT p.relid::oid FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass(@table)) p)
        """;

    private const string Before = "OPERATOR(pg_catalog.<)";

    /// <summary>Ends come after beginnings. The clocks of two hosts may have written them, so that this is a warning.</summary>
    public static IntegrityPart[] Times { get; } =
    [
        InOrder("deployments", $"t.completed_at {Before} t.started_at OR t.build_duration_seconds {Before} 0"),
        InOrder("deployment_stages", $"t.completed_at {Before} t.started_at"),
        InOrder("deployment_containers", $"t.stopped_at {Before} t.created_at"),
        InOrder("sessions", $"t.expires_at {Before} t.created_at OR t.rotated_at {Before} t.created_at"),
        InOrder("password_reset_tokens", $"t.expires_at {Before} t.created_at"),
    ];

    /// <summary>Values that triggers assign; a session with <c>session_replication_role = replica</c> passes the triggers.</summary>
    public static IntegrityPart[] Assigned { get; } =
    [
        new CatalogPart(
            Severity.Error, "a deployment that waits has no place in the queue", Rows, () =>
            [
                P.Text("deployments", name: "table"),
                P.Text(
                    "t.status::pg_catalog.text OPERATOR(pg_catalog.=) 'queued' AND NOT t.is_deleted AND t.started_at IS NULL "
                    + "AND t.queue_place IS NULL", name: "condition"),
            ],
            "Assign the status of these deployments to itself, which runs the trigger that assigns the place."),
        new CatalogPart(
            Severity.Error, "a project has no key of its repository, so that pushes do not find it", Rows, () =>
            [
                P.Text("projects", name: "table"),
                P.Text("t.repository_host IS NULL OR t.repository_path IS NULL", name: "condition"),
            ],
            "Assign the repository of these projects to itself, which runs the trigger that assigns the key."),
    ];

    private static CatalogPart InOrder(string table, string condition) => new(
        Severity.Warning, "a row ends before it begins", Rows, () => [P.Text(table), P.Text(condition)],
        "Correct the time; durations and trends count the row wrongly.");
}
