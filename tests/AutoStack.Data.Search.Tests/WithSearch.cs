using System.Runtime.CompilerServices;
using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>Gives each database of the run the features commit-search and log-search.</summary>
internal static class WithSearch
{
#pragma warning disable CA2255 // Runs before the first fixture creates its database.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install() => LibraryConnection.PrepareAsync = EnableAsync;

    /// <summary>Enables both features on a migrated database.</summary>
    internal static async Task EnableAsync(string connectionString)
    {
        await using (var source = NpgsqlDataSource.Create(connectionString))
        {
            await using var command = source.CreateCommand("CREATE EXTENSION pg_trgm");
            await command.ExecuteNonQueryAsync();
        }

        var migrator = new SchemaMigrator(connectionString);
        await migrator.UpgradeAsync(MigrationTarget.Head.In("commit-search"));
        await migrator.UpgradeAsync(MigrationTarget.Head.In("log-search"));
    }
}
