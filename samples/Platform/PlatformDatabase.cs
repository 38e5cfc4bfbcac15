using System.Diagnostics;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;

namespace Platform;

/// <summary>
/// The database with the newest schema: a given one, or one of a server that is found or started for this run and goes with it. A real
/// service has its own server, and migrates with <c>autostack-db upgrade</c> before it starts.
/// </summary>
internal sealed class PlatformDatabase : IAsyncDisposable
{
    private readonly PostgresServer? server;
    private readonly TestDatabase? database;

    private PlatformDatabase(string connectionString, PostgresServer? server, TestDatabase? database) =>
        (ConnectionString, this.server, this.database) = (connectionString, server, database);

    public string ConnectionString { get; }

    public static async Task<PlatformDatabase> OpenAsync(string? connectionString)
    {
        var opened = connectionString is null ? await StartAsync() : new PlatformDatabase(connectionString, server: null, database: null);
        try
        {
            var started = Stopwatch.GetTimestamp();
            var report = await new SchemaMigrator(opened.ConnectionString).UpgradeAsync();
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine($"Schema    version {report.ToVersion}; {report.Steps.Count} scripts were applied in {seconds:N1} s");
            return opened;
        }
        catch
        {
            await opened.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }

        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    private static async Task<PlatformDatabase> StartAsync()
    {
        Console.WriteLine("Database  looking for a PostgreSQL, or starting one…");
        var server = await PostgresServer.StartAsync();
        try
        {
            var database = await server.CreateEmptyDatabaseAsync();
            Console.WriteLine($"Database  {server.Source}; it is removed when the platform stops");
            return new PlatformDatabase(database.ConnectionString, server, database);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }
}
