using System.Globalization;
using System.Runtime.CompilerServices;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Gives each database of the run the feature citus, when the variable names the folder of a server's binaries that have Citus. The lines
/// and checks are on the same node, or on as many others as a second variable says.
/// </summary>
internal static class WithCitus
{
    private const string Nodes = "AUTOSTACK_TEST_CITUS_NODES";

    // A node that is added gets the roles of the first one, which two databases cannot copy at once.
    private static readonly SemaphoreSlim OneAtATime = new(1);

    private static readonly Lazy<Task<PostgresServer[]>> Others = new(() => Task.WhenAll(
        Enumerable.Range(0, int.Parse(Environment.GetEnvironmentVariable(Nodes) ?? "0", CultureInfo.InvariantCulture))
            .Select(_ => PostgresServer.StartAsync(CitusServer.Options()))));

    private const string Exclusive = "The features citus and log-partitions exclude each other.";
    private const string OfIds = "A line that is not committed holds the row in deployment_ids, not that in deployments.";
    private const string Planned = "Citus plans an append each time.";
    private const string Waits = "The test waits for a session that waits for a lock, and that session is on another node.";

    // The tests of docs/citus.md.
    private static readonly Dictionary<string, string> Everywhere = new()
    {
        [nameof(PartitionMaintenanceTests)] = Exclusive,
        [nameof(PartitionRetentionTests)] = Exclusive,
        [nameof(PartitionCostTests)] = Exclusive,
        ["ArchiveContentTests"] = Exclusive,
        ["ArchiveFaultTests"] = Exclusive,
        ["ArchiveRestoreTests"] = Exclusive,
        ["ArchiveRetentionTests"] = Exclusive,
        ["BucketArchiveTests"] = Exclusive,
        ["An_append_is_not_planned_for_its_values"] = Planned,
        ["A_process_looks_for_other_nodes_once_a_minute_and_plans_as_it_last_found"] = Planned,
        ["An_append_is_sent_again_without_its_plan_when_the_feature_was_enabled_since_the_last_look"] = Planned,
        ["A_purge_skips_a_log_that_another_purge_has_locked"] = "A purge locks the first line of each log of its window.",
        ["A_deployment_with_an_open_step_or_append_is_not_failed"] = OfIds,
        ["Two_purges_share_the_work_and_skip_deployments_being_written"] = OfIds,
        ["Rows_that_another_program_adds_meanwhile_are_removed_too"] = OfIds,
        ["Batches_and_copies_carry_the_actor"] = "A trigger of a moved table sees the name of the shard.",
    };

    private static readonly Dictionary<string, string> OnOtherNodes = new()
    {
        ["SlowLogTests"] = "The triggers of the tests use a table that the other node does not have.",
        ["The_same_batch_sent_twice_concurrently_is_stored_once"] = Waits,
        ["The_same_tail_sent_twice_at_once_is_stored_once"] = Waits,
        ["No_reader_misses_a_late_commit_of_another_program"] = Waits,
    };

#pragma warning disable CA2255 // Runs before the first fixture creates its database.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        if (!CitusServer.IsOn)
        {
            return;
        }

        TestServer.Options = CitusServer.Options();
        LibraryConnection.Differences = Environment.GetEnvironmentVariable(Nodes) is null
            ? Everywhere
            : Everywhere.Concat(OnOtherNodes).ToDictionary();
        LibraryConnection.PrepareAsync = PrepareAsync;
    }

    private static async Task PrepareAsync(string connectionString)
    {
        await ExecuteAsync(connectionString, "CREATE EXTENSION citus");
        var others = await Others.Value;
        var own = new NpgsqlConnectionStringBuilder(connectionString);
        await OneAtATime.WaitAsync();
        try
        {
            if (others.Length > 0)
            {
                await ExecuteAsync(connectionString, $"SELECT citus_set_coordinator_host('127.0.0.1', {own.Port})");
            }

            foreach (var other in others)
            {
                await ExecuteAsync(other.ConnectionString, $"CREATE DATABASE {own.Database}");
                var node = new NpgsqlConnectionStringBuilder(other.ConnectionString) { Database = own.Database };
                await ExecuteAsync(node.ConnectionString, "CREATE EXTENSION citus");
                await ExecuteAsync(connectionString, $"SELECT citus_add_node('127.0.0.1', {node.Port})");
            }
        }
        finally
        {
            OneAtATime.Release();
        }

        await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Head.In("citus"));
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Command Timeout=300");
        await connection.OpenAsync();
#pragma warning disable CA2100 // The statements are those above.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
