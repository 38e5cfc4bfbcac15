using Npgsql;

namespace AutoStack.Data.Testing.Internal;

/// <summary>Runs statements about databases, in the database <c>postgres</c>.</summary>
internal sealed class Administration
{
    private const int Attempts = 8;

    private readonly string pooled;

    public Administration(string connectionString)
    {
        ConnectionString = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Database = "postgres",
            ApplicationName = "autostack-test",
            IncludeErrorDetail = true,
        }.ConnectionString;

        // Few connections serve many fixtures, and creating a database is slow on a busy machine: callers wait instead of failing.
        pooled = new NpgsqlConnectionStringBuilder(ConnectionString)
        {
            MinPoolSize = 0,
            MaxPoolSize = 8,
            Timeout = 120,
            CommandTimeout = 120,
        }.ConnectionString;
    }

    public string ConnectionString { get; }

    public string ConnectionStringTo(string database) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Database = database }.ConnectionString;

    /// <summary>Runs a statement, with retries while a database is in use: the server ends a closed session with a short delay.</summary>
    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var connection = new NpgsqlConnection(pooled);
                await using var closing = connection.ConfigureAwait(false);
                await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
                using var command = new NpgsqlCommand(sql, connection);
                await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.ObjectInUse && attempt < Attempts)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20 << attempt), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The rows of a query with two columns of text.</summary>
    public async Task<IReadOnlyList<(string First, string? Second)>> ListAsync(string sql, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(pooled);
        await using var closing = connection.ConfigureAwait(false);
        await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
        using var command = new NpgsqlCommand(sql, connection);
        var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await using var reading = reader.ConfigureAwait(false);
        var rows = new List<(string, string?)>();
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            rows.Add((reader.GetString(0), reader.IsDBNull(1) ? null : reader.GetString(1)));
        }

        return rows;
    }

    /// <summary>True when the error means that the server has ended: shut down, no answer, or another server at its port.</summary>
    public static bool IsServerGone(NpgsqlException exception) =>
        exception is not PostgresException { SqlState: var state }
        || state.StartsWith("57P", StringComparison.Ordinal)
        || state.StartsWith("28", StringComparison.Ordinal);

    /// <summary>Closes idle connections, including those that callers opened with <see cref="ConnectionString"/>.</summary>
    public void CloseConnections()
    {
        foreach (var connectionString in new[] { pooled, ConnectionString })
        {
            using var connection = new NpgsqlConnection(connectionString);
            NpgsqlConnection.ClearPool(connection);
        }
    }
}
