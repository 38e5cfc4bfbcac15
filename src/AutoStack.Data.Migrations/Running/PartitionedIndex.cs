using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Scripts that create or drop an index concurrently, which PostgreSQL refuses on a partitioned table: the index is built concurrently on
/// each partition, and the short statement that is left joins the parts.
/// </summary>
internal static partial class PartitionedIndex
{
    private const int MaxNameBytes = 63;

    // The statement that is left waits for writers, and writers wait behind it: not for long, and it is attempted again.
    private const string Header = "\n-- autostack: lock_timeout=250ms";

    /// <summary>
    /// Builds the index of a script on the partitions of its table. A run that was cut off is continued by the next one.
    /// </summary>
    /// <param name="connection">The session.</param>
    /// <param name="step">The script.</param>
    /// <param name="path">The search path of scripts.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    /// <returns>What is left to run; the script itself when its table is not partitioned.</returns>
    public static async Task<MigrationStep> PrepareAsync(
        NpgsqlConnection connection, MigrationStep step, string path, CancellationToken cancellationToken)
    {
        if (step.Transactional || !Head().IsMatch(step.Sql))
        {
            return step;
        }

        var index = step.Statements.Select(CreateIndex.Of).FirstOrDefault(found => found is { Concurrently: true });
        if (index is null ? !await IsPartitionedIndexAsync(connection, Dropped(step), cancellationToken).ConfigureAwait(false)
            : await ListPartitionsAsync(connection, index, cancellationToken).ConfigureAwait(false) is not { } partitions
                || !await BuildAsync(partitions).ConfigureAwait(false))
        {
            return step;
        }

        return new MigrationStep(step.FileName, Head().Replace(step.Sql, head => head.Value[..^"CONCURRENTLY".Length]) + Header);

        async Task<bool> BuildAsync(IReadOnlyList<Partition> found)
        {
            await ExecuteAsync(connection, $"SET search_path = {path}", cancellationToken).ConfigureAwait(false);
            foreach (var partition in found)
            {
                await InvalidIndex.DropAsync(
                    connection, $"{Quoted(partition.Schema)}.{Quoted(partition.Index)}", "DROP INDEX CONCURRENTLY", cancellationToken)
                    .ConfigureAwait(false);
                var place = $"{Quoted(partition.Index)} ON {Quoted(partition.Schema)}.{Quoted(partition.Name)}";
                var sql = Target().Replace(step.Sql, target => $"{target.Groups["head"].Value} IF NOT EXISTS {place}", count: 1);
                await ExecuteAsync(connection, sql, cancellationToken).ConfigureAwait(false);
            }

            await ExecuteAsync(connection, SearchPath.Own, cancellationToken).ConfigureAwait(false);
            return true;
        }
    }

    // The partitions of the table of an index, each with the name that its part of the index gets; null when the table is not partitioned.
    // The default partition of another schema keeps the name of the index: it becomes the plain table again.
    private static async Task<IReadOnlyList<Partition>?> ListPartitionsAsync(
        NpgsqlConnection connection, CreateIndex index, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT n.nspname::text, c.relname::text,
                n.nspname <> pn.nspname AND pg_catalog.pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'
            FROM pg_catalog.pg_class p
            JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace
            LEFT JOIN LATERAL pg_catalog.pg_partition_tree(p.oid) t ON t.isleaf
            LEFT JOIN pg_catalog.pg_class c ON c.oid = t.relid::oid
            LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE p.oid = pg_catalog.to_regclass(@table)::oid AND p.relkind = 'p'
            ORDER BY 1, 2
            """, connection);
        command.Parameters.AddWithValue("table", Qualified(index.Table));
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var closing = reader.ConfigureAwait(false);
        List<Partition>? partitions = null;
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            partitions ??= [];
            if (!reader.IsDBNull(1))
            {
                var name = reader.GetString(1);
                partitions.Add(new Partition(
                    reader.GetString(0), name, reader.GetBoolean(2) ? index.Name ?? "" : NameOf(name, index.Name ?? "")));
            }
        }

        return partitions;
    }

    private static string NameOf(string partition, string index)
    {
        var name = $"{partition}_{index}";
        return Encoding.UTF8.GetByteCount(name) <= MaxNameBytes ? name
            : $"{partition}_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(index)))[..8]}";
    }

    private static string? Dropped(MigrationStep step) => step.Statements
        .Select(statement =>
        {
            var cursor = statement.Read();
            return cursor.Take("DROP INDEX CONCURRENTLY") && (cursor.Take("IF EXISTS") || true) ? cursor.TakeName() : null;
        })
        .FirstOrDefault(name => name is not null);

    private static async Task<bool> IsPartitionedIndexAsync(
        NpgsqlConnection connection, string? index, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand("""
            SELECT EXISTS (
                SELECT FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(@index)::oid AND c.relkind = 'I')
            """, connection);
        command.Parameters.AddWithValue("index", index is null ? "" : Qualified(index));
        return index is not null && await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Qualified(string name) => $"{Quoted(Names.SchemaOf(name))}.{Quoted(Names.Split(name).Name)}";

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    [GeneratedRegex(@"^(CREATE(\s+UNIQUE)?|DROP)\s+INDEX\s+CONCURRENTLY\b",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Head();

    [GeneratedRegex(
        """^(?<head>CREATE(\s+UNIQUE)?\s+INDEX\s+CONCURRENTLY)(\s+IF\s+NOT\s+EXISTS)?\s+("([^"]|"")+"|\w+)\s+ON\s+""" +
        """(("([^"]|"")+"|\w+)\.)?("([^"]|"")+"|\w+)""",
        RegexOptions.Multiline | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Target();

    // A partition, and the name of its part of the index.
    private sealed record Partition(string Schema, string Name, string Index);
}
