using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>
/// Gives each database of the run the feature log-partitions, with periods around the present time, so that new rows go into partitions,
/// and the features log-search, row-security and audit beside it. Rows that tests insert with random ids go into the default partition.
/// </summary>
internal static class WithPartitions
{
    private static readonly string[] Others = ["log-search", "row-security", "audit"];

    // Tests that make their own databases do without the features.
    private static readonly ConcurrentDictionary<string, bool> Guarded = new();

#pragma warning disable CA2255 // Runs before the first fixture creates its database.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        LibraryConnection.PrepareAsync = PrepareAsync;
        LibraryConnection.Set = (options, connectionString) =>
        {
            options.ConnectionString = connectionString;
            options.TenantRole = Guarded.ContainsKey(connectionString) ? "autostack_tenant" : null;
            options.Actor = () => "the suite on partitions";
        };
    }

    private static async Task PrepareAsync(string connectionString)
    {
        // Version 6 would create partitions from the day after tomorrow.
        await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"));
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("""
            SELECT reserve_log_partitions(s.table_name, timezone('UTC', now()) - interval '40 days') FROM log_partition_settings s;
            SELECT create_reserved_log_partitions(s.table_name) FROM log_partition_settings s;
            CREATE EXTENSION pg_trgm;
            """);
        await command.ExecuteNonQueryAsync();
        foreach (var feature in Others)
        {
            await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Head.In(feature));
        }

        Guarded[connectionString] = true;
    }
}
