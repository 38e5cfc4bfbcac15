using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// How many rows a script has filled that gives a new column its values in parts and commits each: the rows in which the column has a
/// value. Large tables are sampled, so that a read costs milliseconds.
/// </summary>
internal sealed class RowProgress : IProgressSource
{
    /// <summary>About how many pages one read looks at; twice as many when the script has written each row anew.</summary>
    private const int SampledPages = 2000;

    private readonly string? searchPath;
    private readonly IReadOnlyList<(string Table, string Column)> filled;
    private readonly Dictionary<string, (double Part, long Rows)> firstReads = [];
    private long most;

    /// <param name="step">The script.</param>
    /// <param name="searchPath">The schemas in which the script looks up names.</param>
    public RowProgress(MigrationStep step, string? searchPath) =>
        (this.searchPath, filled) = (searchPath, [.. Of(step).Distinct()]);

    public async Task<StepProgress?> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (filled.Count == 0)
        {
            return null;
        }

        // As the scripts read the rows: the login alone may not.
        var (done, total) = (0L, 0L);
        await ExecuteAsync(connection, "RESET ROLE", cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var (table, column) in filled)
            {
                var (share, rows) = await EstimateAsync(connection, table, column, cancellationToken).ConfigureAwait(false);
                (done, total) = (done + (long)Math.Round(share * rows), total + rows);
            }
        }
        finally
        {
            await ExecuteAsync(connection, "SET ROLE NONE", cancellationToken).ConfigureAwait(false);
        }

        var columns = string.Join(", ", filled.Select(f => Visible.Text($"{f.Table}.{f.Column}")));
        return new StepProgress("", TimeSpan.Zero, $"filling {columns}")
        {
            Done = most = Math.Max(most, done),
            Total = total,
            Unit = "rows",
        };
    }

    /// <summary>
    /// The tables and columns that a block without a transaction fills: <c>UPDATE table … column IS NULL</c>, where the same column is set
    /// or a trigger sets it.
    /// </summary>
    public static IEnumerable<(string Table, string Column)> Of(MigrationStep step)
    {
        if (step.Transactional || step.Statements is not [var statement])
        {
            yield break;
        }

        foreach (var part in SqlText.Statements(SqlBody.OfBlock(statement)))
        {
            var cursor = part.Read();
            while (!cursor.AtEnd && !cursor.Starts("UPDATE"))
            {
                cursor.Skip();
            }

            if (cursor.Take("UPDATE") && cursor.TakeName() is { } table && Unset(part) is { } column)
            {
                yield return (table, column);
            }
        }
    }

    // The column before IS NULL, without its alias.
    private static string? Unset(SqlStatement statement)
    {
        for (var at = 1; at + 1 < statement.Tokens.Count; at++)
        {
            if (statement.Tokens[at].Is("IS") && statement.Tokens[at + 1].Is("NULL") && statement.Tokens[at - 1].IsName)
            {
                return statement.Tokens[at - 1].Name;
            }
        }

        return null;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    // Each read samples the same part of the pages, and the same pages, so that two reads differ by what the script did in between.
    private async Task<(double Share, long Rows)> EstimateAsync(
        NpgsqlConnection connection, string table, string column, CancellationToken cancellationToken)
    {
        var (schema, name) = Names.Split(table);
        using var find = new NpgsqlCommand("""
            SELECT format('%I.%I', s.nspname, c.relname), format('%I', a.attname),
                greatest(pg_relation_size(c.oid) / current_setting('block_size')::bigint, 1)
            FROM pg_class c
            JOIN pg_namespace s ON s.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname::text = @column AND NOT a.attisdropped
            WHERE c.relname::text = @name AND c.relkind = 'r' AND NOT c.relrowsecurity
              AND (CASE @schema WHEN '' THEN s.nspname::text = ANY (string_to_array(@path, ', ')) ELSE s.nspname::text = @schema END)
            LIMIT 1
            """, connection);
        find.Parameters.AddWithValue("column", column);
        find.Parameters.AddWithValue("name", name);
        find.Parameters.AddWithValue("schema", schema);
        find.Parameters.AddWithValue("path", searchPath ?? "public");
        string from, of;
        long pages;
        var reader = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            if (!await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                return (1, 0);
            }

            (from, of, pages) = (reader.GetString(0), reader.GetString(1), reader.GetInt64(2));
        }

        var part = firstReads.TryGetValue(table, out var first) ? first.Part : Math.Min(1, (double)SampledPages / pages);
        var sample = part < 1 ? FormattableString.Invariant($"TABLESAMPLE SYSTEM ({100 * part:0.######}) REPEATABLE (1)") : "";
        using var count = new NpgsqlCommand($"SELECT count({of}), count(*) FROM {from} {sample}", connection);
        var counts = await count.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = counts.ConfigureAwait(false);
        await counts.ReadAsync(cancellationToken).ConfigureAwait(false);
        var (with, all) = (counts.GetInt64(0), counts.GetInt64(1));
        if (first.Part == 0)
        {
            firstReads[table] = first = (part, (long)(all / part));
        }

        return (all == 0 ? 1 : (double)with / all, first.Rows);
    }
}
