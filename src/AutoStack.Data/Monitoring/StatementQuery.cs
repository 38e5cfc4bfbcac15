using System.Globalization;
using System.Text.Json;
using AutoStack.Data.Postgres;

namespace AutoStack.Data.Monitoring;

/// <summary>Reads <c>pg_stat_statements</c>, whose schema and columns differ between databases and versions.</summary>
internal static class StatementQuery
{
    private sealed record Found(string Json, string Problem);

    // The extension's schema is known to the server only, and a statement of the library is a constant: the server composes the query, and
    // hands its rows on in a setting of the transaction.
    private const string Compose = """
        DO $look$
        DECLARE
            home text := (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
                WHERE e.extname = 'pg_stat_statements');
            found text;
            since text;
        BEGIN
            PERFORM set_config('autostack.statements', '', TRUE), set_config('autostack.statements_problem', '', TRUE);
            IF home IS NULL THEN
                PERFORM set_config('autostack.statements_problem', 'missing', TRUE);
                RETURN;
            END IF;
            EXECUTE format($rows$
                SELECT jsonb_agg(r) FROM (
                    SELECT s.queryid, r.rolname, left(s.query, 20000) AS query, s.calls, s.total_exec_time, s.max_exec_time, s.rows,
                        s.shared_blks_hit, s.shared_blks_read, s.temp_blks_written, s.wal_bytes
                    FROM %1$I.pg_stat_statements s
                    JOIN pg_roles r ON r.oid = s.userid
                    WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                    ORDER BY s.total_exec_time DESC
                    LIMIT 200) r
                $rows$, home) INTO found;
            PERFORM set_config('autostack.statements', coalesce(found, '[]'), TRUE);
            IF to_regclass(format('%I.pg_stat_statements_info', home)) IS NOT NULL THEN
                -- As a number: the text of a time follows the session's DateStyle.
                EXECUTE format(
                    'SELECT floor(extract(epoch FROM i.stats_reset) * 1000000)::bigint::text FROM %I.pg_stat_statements_info i', home)
                    INTO since;
                PERFORM set_config('autostack.statements_problem', 'since ' || coalesce(since, ''), TRUE);
            END IF;
        EXCEPTION
            WHEN object_not_in_prerequisite_state THEN PERFORM set_config('autostack.statements_problem', 'notLoaded', TRUE);
            WHEN insufficient_privilege THEN PERFORM set_config('autostack.statements_problem', 'noRight', TRUE);
            WHEN undefined_column OR undefined_table THEN PERFORM set_config('autostack.statements_problem', 'old', TRUE);
        END
        $look$
        """;

    public static async Task<(IReadOnlyList<StatementStats>? Statements, DateTimeOffset? ResetAt)> FindAsync(
        Look look, ServerIdentity server, CancellationToken cancellationToken)
    {
        var found = await look.FindAsync(
            StatsParts.Statements,
            "statements",
            async results => (await results.FindAsync(row => new Found(row.Text(), row.Text())).ConfigureAwait(false))!,
            [new Statement(Compose), new Statement("""
                SELECT
                    pg_catalog.current_setting('autostack.statements', TRUE),
                    pg_catalog.current_setting('autostack.statements_problem', TRUE)
                """)],
            cancellationToken).ConfigureAwait(false);
        if (found is null)
        {
            return default;
        }

        if (Why(found.Problem, server.Role) is { } why)
        {
            look.Miss(StatsParts.Statements, "statements", why);
            return default;
        }

        using var json = JsonDocument.Parse(found.Json);
        List<StatementStats> statements = [.. json.RootElement.EnumerateArray().Select(Read)];
        if (statements.Exists(statement => statement.Text is null))
        {
            look.Miss(StatsParts.Statements, "statements of other roles", $"The role {server.Role} is not a member of pg_read_all_stats.");
        }

        return (statements, ResetAt(found.Problem));
    }

    private static string? Why(string problem, string role) => problem switch
    {
        "missing" => "The extension pg_stat_statements is not in the database: CREATE EXTENSION pg_stat_statements.",
        "notLoaded" => "The server does not load pg_stat_statements: name it in shared_preload_libraries, and restart the server.",
        "noRight" => $"The role {role} may not read pg_stat_statements.",
        "old" => "The extension pg_stat_statements is too old: ALTER EXTENSION pg_stat_statements UPDATE.",
        _ => null,
    };

    private static DateTimeOffset? ResetAt(string problem) =>
        problem.StartsWith("since ", StringComparison.Ordinal)
        && long.TryParse(problem.AsSpan(6), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds)
            ? DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds) : null;

    private static StatementStats Read(JsonElement row)
    {
        var query = row.GetProperty("query").GetString();
        return new StatementStats
        {
            QueryId = row.GetProperty("queryid") is { ValueKind: JsonValueKind.Number } id ? id.GetInt64() : 0,
            Role = row.GetProperty("rolname").GetString()!,
            Operation = OperationNames.Find(query),
            Text = StatementText.Shown(query),
            Calls = row.GetProperty("calls").GetInt64(),
            TotalMs = row.GetProperty("total_exec_time").GetDouble(),
            MaxMs = row.GetProperty("max_exec_time").GetDouble(),
            Rows = row.GetProperty("rows").GetInt64(),
            BlocksHit = row.GetProperty("shared_blks_hit").GetInt64(),
            BlocksRead = row.GetProperty("shared_blks_read").GetInt64(),
            TempBlocks = row.GetProperty("temp_blks_written").GetInt64(),
            WalBytes = (long)row.GetProperty("wal_bytes").GetDouble(),
        };
    }
}
