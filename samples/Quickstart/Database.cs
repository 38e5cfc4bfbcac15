using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using Npgsql;

namespace Quickstart;

/// <summary>A database with the newest schema: one that is made for the run and goes with it, or a given one.</summary>
internal sealed class Database(string connectionString, PostgresServer? server = null, TestDatabase? database = null) : IAsyncDisposable
{
    public string ConnectionString => connectionString;

    public static async Task<Database> OpenAsync(string? connectionString, Screen screen, CancellationToken cancellationToken)
    {
        var database = connectionString is null ? await CreateAsync(screen, cancellationToken) : new Database(connectionString);
        try
        {
            await database.MigrateAsync(screen, cancellationToken);
            return database;
        }
        catch
        {
            await database.DisposeAsync();
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

    private static async Task<Database> CreateAsync(Screen screen, CancellationToken cancellationToken)
    {
        var server = await PostgresServer.StartAsync(cancellationToken: cancellationToken);
        try
        {
            screen.Line($"Server    {server.Source}, version {server.ServerVersion}");
            var database = await server.CreateEmptyDatabaseAsync(cancellationToken);
            screen.Line($"Database  {database.Name}, empty, for this run only");
            return new Database(database.ConnectionString, server, database);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task MigrateAsync(Screen screen, CancellationToken cancellationToken)
    {
        var migrator = new SchemaMigrator(connectionString);
        if (server is null)
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString);
            screen.Line($"Database  {settings.Database ?? settings.Username} on {settings.Host}:{settings.Port}, given with --connection; "
                + "its rows stay");
        }

        screen.Heading("Migrations");
        var report = await migrator.UpgradeAsync(progress: new MigrationLines(screen), cancellationToken: cancellationToken);
        screen.Line(report.Steps.Count == 0
            ? $"The schema is at version {report.ToVersion} already."
            : $"The schema went from version {report.FromVersion} to {report.ToVersion}.");
        screen.Line();
    }
}
