using Npgsql;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>Drops the invalid index that a failed or killed build leaves, which IF NOT EXISTS would accept as the index.</summary>
internal static class InvalidIndex
{
    /// <summary>Drops an index if it is invalid.</summary>
    /// <param name="connection">The session.</param>
    /// <param name="index">The name of the index with its schema, quoted.</param>
    /// <param name="drop">The statement that drops an index, without its name.</param>
    /// <param name="cancellationToken">Cancels the statements.</param>
    public static async Task DropAsync(NpgsqlConnection connection, string index, string drop, CancellationToken cancellationToken)
    {
        using var find = new NpgsqlCommand(
            "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(@index) AND NOT indisvalid)", connection);
        find.Parameters.AddWithValue("index", index);
        if (await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true)
        {
            await ExecuteAsync(connection, $"{drop} {index}", cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Drops the index of a build that failed. An index that cannot be dropped now, because a session uses the table for long or the server
    /// is gone, is dropped by the next run.
    /// </summary>
    public static async Task TryDropAsync(NpgsqlConnection connection, string index)
    {
        try
        {
            await ExecuteAsync(connection, "SET lock_timeout = '2s'; SET statement_timeout = '1min'", CancellationToken.None)
                .ConfigureAwait(false);
            await DropAsync(connection, index, "DROP INDEX CONCURRENTLY", CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // Ignored: the original failure is reported.
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
