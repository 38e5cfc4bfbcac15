using System.Runtime.CompilerServices;
using AutoStack.Data.Migrations;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>
/// Gives each database of the run the feature log-partitions, with periods around the present time, so that new rows go into partitions.
/// Rows that tests insert with random ids go into the default partition.
/// </summary>
internal static class WithPartitions
{
#pragma warning disable CA2255 // Runs before the first fixture creates its database.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install() => LibraryConnection.PrepareAsync = async connectionString =>
    {
        // Version 6 would create partitions from the day after tomorrow.
        await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"));
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand("""
            SELECT reserve_log_partitions(s.table_name, timezone('UTC', now()) - interval '40 days') FROM log_partition_settings s;
            SELECT create_reserved_log_partitions(s.table_name) FROM log_partition_settings s;
            """);
        await command.ExecuteNonQueryAsync();
    };
}
