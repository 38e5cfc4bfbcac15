using System.Runtime.CompilerServices;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Npgsql;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Gives each database of the run the feature timescale, when the variable names the folder of a server's binaries that have TimescaleDB.
/// </summary>
internal static class WithTimescale
{
    private const string Exclusive = "The features timescale and log-partitions exclude each other.";

    /// <summary>The variable.</summary>
    public const string Variable = "AUTOSTACK_TEST_TIMESCALE";

    /// <summary>Whether the run has the feature.</summary>
    public static bool IsOn => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

#pragma warning disable CA2255 // Runs before the first fixture creates its database.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        if (!IsOn)
        {
            return;
        }

        // No background worker: tests say when hours are summed up and chunks compressed.
        TestServer.Options = new PostgresServerOptions
        {
            BinDirectory = Environment.GetEnvironmentVariable(Variable),
            Settings = new Dictionary<string, string>
            {
                ["shared_preload_libraries"] = "timescaledb",
                ["timescaledb.max_background_workers"] = "0",
                ["timescaledb.telemetry_level"] = "off",
            },
        };
        LibraryConnection.Differences = new Dictionary<string, string>
        {
            [nameof(PartitionMaintenanceTests)] = Exclusive,
            [nameof(PartitionRetentionTests)] = Exclusive,
            [nameof(PartitionCostTests)] = Exclusive,
        };
        LibraryConnection.PrepareAsync = async connectionString =>
        {
            await using (var source = NpgsqlDataSource.Create(connectionString))
            await using (var command = source.CreateCommand("CREATE EXTENSION timescaledb"))
            {
                await command.ExecuteNonQueryAsync();
            }

            await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Head.In("timescale"));
        };
    }
}

/// <summary>Tests of the feature timescale, which are skipped without it.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OnTimescaleAttribute : NUnitAttribute, IApplyToTest
{
    public void ApplyToTest(Test test)
    {
        if (!WithTimescale.IsOn && test.RunState == RunState.Runnable)
        {
            test.RunState = RunState.Ignored;
            test.Properties.Set(
                PropertyNames.SkipReason,
                $"{WithTimescale.Variable} does not name a folder with the binaries of a PostgreSQL that has TimescaleDB.");
        }
    }
}
