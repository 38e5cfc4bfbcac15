using System.Diagnostics;
using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Data;

/// <summary>
/// The filled database of the run. There is one: BenchmarkDotNet makes the questions by their parameterless constructors, in this process.
/// </summary>
internal sealed class BenchmarkDatabase : IAsyncDisposable
{
    private static BenchmarkDatabase? current;

    private readonly PostgresServer server;
    private readonly TestDatabase database;

    private BenchmarkDatabase(PostgresServer server, TestDatabase database, Fixtures fixtures)
    {
        (this.server, this.database, Fixtures) = (server, database, fixtures);

        ConnectionString = Careful(database.ConnectionString);
    }

    public static BenchmarkDatabase Current => current ?? throw new InvalidOperationException("The database of the run is not filled.");

    public string ConnectionString { get; }

    public Fixtures Fixtures { get; }

    public string Server => $"PostgreSQL {server.ServerVersion}";

    /// <summary>Starts a server and fills a database of it.</summary>
    public static async Task<BenchmarkDatabase> StartAsync(Scale scale, Action<string> progress)
    {
        var started = Stopwatch.StartNew();
        var server = await StartServerAsync();
        try
        {
            progress($"{server.Source}; filling at scale {scale.Name}");
            var database = await server.CreateDatabaseAsync();
            var fixtures = await Fill.RunAsync(database.ConnectionString, scale);
            progress($"filled in {started.Elapsed.TotalSeconds:0} s");
            return current = new BenchmarkDatabase(server, database, fixtures);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a server whose commits wait for the disk, as in production.</summary>
    public static Task<PostgresServer> StartServerAsync() => PostgresServer.StartAsync(new PostgresServerOptions
    {
        Durable = true,
        Settings = new Dictionary<string, string>
        {
            ["shared_buffers"] = "1GB",
            ["maintenance_work_mem"] = "256MB",
            // No checkpoint of the filling falls into the measurements.
            ["max_wal_size"] = "16GB",
            ["checkpoint_timeout"] = "1h",
            // A server that has run for a while writes its log into files that are there; a new one fills each with zeros first.
            ["min_wal_size"] = "8GB",
        },
    });

    /// <summary>
    /// A connection string with what a careful user of the driver sets; the library adds its own. And a lifetime: where the server's
    /// process of a connection runs, and how its memory lies, makes a difference of several percent, which a single connection would keep
    /// to the end.
    /// </summary>
    public static string Careful(string connectionString) => new NpgsqlConnectionStringBuilder(connectionString)
    {
        MinPoolSize = 0,
        MaxPoolSize = 60,
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
        ConnectionLifetime = 3,
        KeepAlive = 30,
        Timezone = "UTC",
        Enlist = false,
        IncludeErrorDetail = false,
    }.ConnectionString;

    public async ValueTask DisposeAsync()
    {
        current = null;
        await database.DisposeAsync();
        await server.DisposeAsync();
    }
}
