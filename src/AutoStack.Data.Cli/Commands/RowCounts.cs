using System.Globalization;
using Npgsql;

namespace AutoStack.Data.Cli.Commands;

/// <summary>How many rows or values something holds.</summary>
/// <param name="Name">A table, or a table and a column.</param>
/// <param name="Number">The number; null when it could not be counted.</param>
/// <param name="IsExact">False for the estimate of the server's statistics.</param>
internal sealed record RowCount(string Name, long? Number, bool IsExact)
{
    /// <summary>For example <c>12 rows</c> or <c>about 1,200,000 values</c>.</summary>
    public string Describe(string noun) => Number is not { } number ? $"an unknown number of {noun}s"
        : string.Create(
            CultureInfo.InvariantCulture, $"{(IsExact ? "" : "about ")}{number:N0} {noun}{(number == 1 && IsExact ? "" : "s")}");
}

/// <summary>
/// Counts what a downgrade loses: exactly up to a bound, and above that by the statistics of the server, since a count reads the whole
/// table.
/// </summary>
internal static class RowCounts
{
    public const int Bound = 100_000;

    // A locked table, or a slow disk, must not hold up the question.
    private const string Limits = "SET lock_timeout = '1s'; SET statement_timeout = '5s'";

    // As the planner does: the rows per page at the last ANALYZE or VACUUM, for the pages of today.
    private const string Estimate = """
        SELECT CASE
            WHEN c.relpages > 0 AND c.reltuples >= 0
                THEN (c.reltuples / c.relpages * (pg_relation_size(c.oid) / current_setting('block_size')::int))::bigint
        END
        FROM pg_class c
        WHERE c.oid = $1::text::regclass
        """;

    private const string Filled = """
        SELECT (1 - s.null_frac)::float8
        FROM pg_stats s
        JOIN pg_class c ON c.relname = s.tablename
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname
        WHERE c.oid = $1::text::regclass AND s.attname = $2::text::name
        """;

    /// <summary>The rows of tables, then the values of columns, in the order of the names.</summary>
    public static async Task<(IReadOnlyList<RowCount> Rows, IReadOnlyList<RowCount> Values)> ReadAsync(
        NpgsqlConnection connection,
        IEnumerable<string> tables,
        IEnumerable<(string Table, string Column)> columns,
        CancellationToken cancellationToken)
    {
        // The scripts look their names up in public first.
        await ExecuteAsync(connection, $"SET search_path = pg_catalog, public; {Limits}", cancellationToken).ConfigureAwait(false);
        var rows = new List<RowCount>();
        foreach (var table in tables)
        {
            rows.Add(await CountAsync(connection, table, column: null, cancellationToken).ConfigureAwait(false));
        }

        var values = new List<RowCount>();
        foreach (var (table, column) in columns)
        {
            values.Add(await CountAsync(connection, table, column, cancellationToken).ConfigureAwait(false));
        }

        return (rows, values);
    }

    private static async Task<RowCount> CountAsync(
        NpgsqlConnection connection, string table, string? column, CancellationToken cancellationToken)
    {
        var name = column is null ? table : $"{table}.{column}";
        // A feature has tables in a schema of its own.
        var (relation, value) = (string.Join('.', table.Split('.', 2).Select(Quoted)), column is null ? "1" : Quoted(column));
        try
        {
            // The number of rows up to the bound, and of the values among them.
            var (rows, counted) = await PairAsync(
                connection,
                $"SELECT count(*), count(r.value) FROM (SELECT {value} AS value FROM {relation} LIMIT {Bound + 1}) r",
                cancellationToken).ConfigureAwait(false);
            if (rows <= Bound)
            {
                return new RowCount(name, counted, IsExact: true);
            }

            // Statistics may be old or missing: there are more than the bound.
            var estimate = await ScalarAsync(connection, Estimate, [relation], cancellationToken).ConfigureAwait(false) as long?;
            var filled = column is null ? 1
                : await ScalarAsync(connection, Filled, [relation, column], cancellationToken).ConfigureAwait(false) as double?;
            return new RowCount(name, (long)(Math.Max(estimate ?? 0, rows) * (filled ?? (double)counted / rows)), IsExact: false);
        }
        catch (PostgresException)
        {
            // Missing, locked, or not to be read by this role: the downgrade itself says why.
            return new RowCount(name, null, IsExact: false);
        }
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async Task<(long, long)> PairAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return (reader.GetInt64(0), reader.GetInt64(1));
    }

    private static async Task<object?> ScalarAsync(
        NpgsqlConnection connection, string sql, string[] values, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
