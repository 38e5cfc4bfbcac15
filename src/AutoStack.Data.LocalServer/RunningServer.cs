using Npgsql;

namespace AutoStack.Data.LocalServer;

/// <summary>A server that accepts connections.</summary>
/// <param name="Source">Where the server comes from, for people.</param>
/// <param name="ConnectionString">Connects to the database <c>postgres</c>.</param>
/// <param name="Lifetime">Stops the server; null when the server was not started here.</param>
internal sealed record RunningServer(string Source, string ConnectionString, IAsyncDisposable? Lifetime) : IAsyncDisposable
{
    public Version Version { get; private init; } = new();

    /// <summary>
    /// The clause of CREATE DATABASE that says how to copy. Copying files is faster than writing all pages to the log (8 ms against 12 ms
    /// in memory) but needs a checkpoint of the whole server, which costs nothing only where <c>fsync</c> is off.
    /// </summary>
    public string CopyClause { get; private init; } = "";

    /// <summary>Reads the version and checks that the schema can be created; otherwise stops the server.</summary>
    /// <exception cref="UnusableException">The server is too old, its role may not create databases, or it lacks an extension.</exception>
    public async Task<RunningServer> CheckAsync(int minimumMajor, CancellationToken cancellationToken)
    {
        try
        {
            var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
            await using var closing = connection.ConfigureAwait(false);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            var version = connection.PostgreSqlVersion;
            if (version.Major < minimumMajor)
            {
                throw new UnusableException($"PostgreSQL {version} is older than {minimumMajor}");
            }

            using var command = new NpgsqlCommand("""
                SELECT (SELECT rolsuper OR rolcreatedb FROM pg_roles WHERE rolname = current_user),
                       EXISTS (SELECT FROM pg_available_extensions WHERE name = 'uuid-ossp'),
                       current_setting('fsync') = 'off'
                """, connection);
            var reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using var reading = reader.ConfigureAwait(false);
            await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
            return (reader.GetBoolean(0), reader.GetBoolean(1)) switch
            {
                (false, _) => throw new UnusableException("the role may not create databases"),
                (_, false) => throw new UnusableException("the extension uuid-ossp is not installed (package postgresql-contrib)"),
                _ => this with { Version = version, CopyClause = version.Major >= 15 && reader.GetBoolean(2) ? " STRATEGY FILE_COPY" : "" },
            };
        }
        catch
        {
            await DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public ValueTask DisposeAsync() => Lifetime?.DisposeAsync() ?? ValueTask.CompletedTask;
}
