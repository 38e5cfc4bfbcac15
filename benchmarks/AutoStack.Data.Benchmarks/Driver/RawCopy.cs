using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Benchmarks.Driver;

/// <summary>Log lines by the binary COPY of the driver, without the check for lines that are there already; in four round trips.</summary>
internal static class RawCopy
{
    private const string Locks = """
        SELECT pg_advisory_xact_lock(uuid_hash_extended(o.id, 'deployment_logs'::regclass::oid::bigint))
        FROM (
            SELECT u.id
            FROM unnest($1) AS u (id)
            ORDER BY u.id
        ) o
        """;

    private const string Last = """
        SELECT u.id, coalesce((SELECT max(m.seq) FROM deployment_logs m WHERE m.deployment_id = u.id), 0)
        FROM unnest($1) AS u (id)
        """;

    /// <summary>Appends the lines to each of the logs, in one transaction.</summary>
    public static async Task AppendAsync(NpgsqlDataSource source, Guid[] deploymentIds, IReadOnlyList<string> messages)
    {
        var now = DateTime.SpecifyKind(DateTime.UtcNow, DateTimeKind.Unspecified);
        await using var connection = await source.OpenConnectionAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        await using var batch = new NpgsqlBatch(connection, transaction);
        batch.BatchCommands.Add(Raw.Command(Locks, Raw.Array(deploymentIds, NpgsqlDbType.Uuid)));
        batch.BatchCommands.Add(Raw.Command(Last, Raw.Array(deploymentIds, NpgsqlDbType.Uuid)));
        List<(Guid Id, long Seq)> last;
        await using (var reader = await batch.ExecuteReaderAsync())
        {
            await reader.NextResultAsync();
            last = await Raw.ListAsync(reader, row => (row.GetGuid(0), row.GetInt64(1)));
        }

        await using (var import = await connection.BeginBinaryImportAsync(
            "COPY deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq) FROM STDIN (FORMAT binary)"))
        {
            for (var log = 0; log < last.Count; log++)
            {
                var (id, seq) = last[log];
                for (var i = 0; i < messages.Count; i++)
                {
                    // Lines of all logs come by turns, each with a time of its own.
                    var time = now.AddMicroseconds((i * last.Count) + log);
                    await import.StartRowAsync();
                    await import.WriteAsync(UUIDNext.Uuid.NewDatabaseFriendly(UUIDNext.Database.PostgreSql), NpgsqlDbType.Uuid);
                    await import.WriteAsync(id, NpgsqlDbType.Uuid);
                    await import.WriteAsync(time, NpgsqlDbType.Timestamp);
                    await import.WriteAsync("info", NpgsqlDbType.Varchar);
                    await import.WriteAsync(messages[i], NpgsqlDbType.Text);
                    await import.WriteAsync(now, NpgsqlDbType.Timestamp);
                    await import.WriteAsync(seq + i + 1, NpgsqlDbType.Bigint);
                }
            }

            await import.CompleteAsync();
        }

        await transaction.CommitAsync();
    }
}
