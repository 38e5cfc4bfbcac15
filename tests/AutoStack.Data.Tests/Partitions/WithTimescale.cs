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

    private const string Range = "A chunk has no times before the year 4714 BC or at infinity.";
    private const string Uncounted = "Checks that go with a deployment are not counted.";
    private const string Whole = "Retention drops chunks and removes no check alone.";
    private const string Guarded = "The features timescale and row-security exclude each other.";
    private const string Triggers = "A hypertable refuses the triggers that record deleted checks.";
    private const string Plans = "The plan is that of chunks.";
    private const string Enables = "The fixture enables the features by itself.";

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
            ["ArchiveContentTests"] = Exclusive,
            ["ArchiveFaultTests"] = Exclusive,
            ["ArchiveRestoreTests"] = Exclusive,
            ["ArchiveRetentionTests"] = Exclusive,
            ["BucketArchiveTests"] = Exclusive,
            ["A_caller_repeats_a_write_after_the_server_was_away(\"IPartitionMaintenance.MaintainAsync\")"] = Exclusive,
            ["A_caller_repeats_a_write_after_the_server_was_away(\"ILogRestore.RestoreAsync\")"] = Exclusive,
            ["The_library_repeats_a_write_with_a_lost_answer(\"IPartitionMaintenance.MaintainAsync\")"] = Exclusive,
            ["The_library_repeats_a_write_with_a_lost_answer(\"ILogRestore.RestoreAsync\")"] = Exclusive,
            ["A_method_answers_or_throws_an_exception_for_callers(IPlatformDeploymentHealthCheckRepository.AddAsync(check))"] = Range,
            ["A_method_answers_or_throws_an_exception_for_callers(IPlatformDeploymentHealthCheckRepository.AddManyAsync(checks))"] = Range,
            ["A_run_and_a_count_find_what_a_look_at_all_rows_finds"] = Range,
            ["Purge_removes_thousands_of_child_rows_in_bounded_statements"] = "All checks of a deployment go in one statement.",
            ["The_same_batch_sent_twice_concurrently_is_stored_once"] = "The time is a part of the key: a concurrent call does not wait.",
            ["A_failing_table_does_not_stop_the_run_for_others"] = "Chunks cannot be dropped while deployments are locked.",
            ["A_run_visits_the_logs_that_have_old_lines_and_no_others"] = Whole,
            ["A_run_visits_each_deployment_about_once_whatever_its_batches"] = Whole,
            ["A_stopped_run_has_removed_whole_batches"] = Whole,
            ["Batches_are_bounded_and_remaining_rows_are_reported"] = Whole,
            ["Two_concurrent_runs_remove_each_row_once"] = Whole,
            ["A_run_does_not_block_on_another_runs_open_batch"] = Whole,
            ["A_run_removes_the_rows_that_a_count_has_counted"] = Whole,
            ["AttackTests"] = Guarded,
            ["MutationTests"] = Guarded,
            ["TenantCallTests"] = Guarded,
            ["AuditColumnTests"] = Triggers,
            ["AuditLogTests"] = Triggers,
            ["ShadowedNames"] = Enables,
            ["ShippedStatements"] = Enables,
            ["The_latest_health_checks_are_read_in_index_order"] = Plans,
            ["A_window_of_due_deployments_reads_only_what_leads_to_them"] = Plans,
            ["Removing_an_account_scans_no_child_table"] = Plans,
            ["Every_foreign_key_has_an_index_that_starts_with_it"] = "Those of TimescaleDB's own tables have none.",
            ["No_operation_changes_the_state_of_its_session"] = "A chunk loads PL/pgSQL, which adds its settings to the session.",
            ["A_removal_that_is_stopped_after_any_batch_is_completed_by_the_next_runs"] = Uncounted,
            ["Of_two_runs_at_once_each_row_is_removed_by_one"] = Uncounted,
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
