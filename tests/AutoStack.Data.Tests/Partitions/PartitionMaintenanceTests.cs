using System.Diagnostics.Metrics;
using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Partitions;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Partitions ahead of the clock of the host, which begins at the end of March 2026. Each test begins with the default partitions only.
/// </summary>
[CancelAfter(120_000)]
public sealed class PartitionMaintenanceTests : DatabaseTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 29, 1, 0, 0, TimeSpan.Zero);

    private IPartitionMaintenance Partitions => Get<IPartitionMaintenance>();

    // Version 6 would create partitions after the machine's clock.
    [OneTimeSetUp]
    public Task EnableAsync() => new SchemaMigrator(Database.ConnectionString).UpgradeAsync(
        MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);

    [SetUp]
    public async Task DropPartitionsAsync()
    {
        Clock.AdjustTime(Start);
        await ExecuteAsync("""
            DO $do$
            DECLARE
                name text;
            BEGIN
                FOR name IN SELECT b.partition::text FROM log_partition_settings s, log_partition_bounds(s.table_name) b LOOP
                    EXECUTE 'DROP TABLE ' || name;
                END LOOP;
            END
            $do$
            """);
        await ExecuteAsync("TRUNCATE users CASCADE");
    }

    [Test]
    public async Task Periods_ahead_are_created_once()
    {
        var before = await Partitions.FindStatusAsync(Token);
        var created = await Partitions.MaintainAsync(Token);
        var again = await Partitions.MaintainAsync(Token);

        Assert.That(before.IsEnabled, Is.True);
        Assert.That(before.DaysAhead, Is.Zero);
        Assert.That(
            created.Tables.Select(table => $"{table.Name}: {string.Join(", ", table.Partitions.Select(Period))}"),
            Is.EqualTo(new[]
            {
                "deployment_logs: 03-31 to 04-01, 04-01 to 05-01, 05-01 to 06-01, default",
                "deployment_runtime_logs: 03-31 to 04-06, 04-06 to 04-13, 04-13 to 04-20, default",
                "deployment_health_checks: 03-31 to 04-06, 04-06 to 04-13, 04-13 to 04-20, default",
            }));
        Assert.That(created.DaysAhead, Is.EqualTo(21.96).Within(0.01));
        Assert.That(
            again.Tables.SelectMany(table => table.Partitions), Is.EqualTo(created.Tables.SelectMany(table => table.Partitions)));
    }

    [Test]
    public async Task A_change_of_the_settings_applies_to_the_next_periods()
    {
        await Partitions.MaintainAsync(Token);
        await ExecuteAsync("UPDATE log_partition_settings SET period = 'week', ahead = 10 WHERE table_name = 'deployment_logs'");
        var status = await Partitions.MaintainAsync(Token);
        await ExecuteAsync("UPDATE log_partition_settings SET period = 'month', ahead = 2 WHERE table_name = 'deployment_logs'");

        Assert.That(
            status.Tables[0].Partitions.Select(Period).Skip(2), Is.EqualTo(new[] { "05-01 to 06-01", "06-01 to 06-08", "default" }));
    }

    [Test]
    public async Task Rows_of_a_new_period_move_into_its_partition()
    {
        var deployment = await EnqueueAsync(new DateTimeOffset(2026, 4, 10, 0, 0, 0, TimeSpan.Zero));
        await AddLineAsync(deployment, Clock.GetUtcNow());
        await Partitions.MaintainAsync(Token);

        Assert.That(await PlacesAsync("deployment_logs"), Is.EqualTo("autostack_partitions.deployment_logs_p20260401: 1"));
        await AddLineAsync(deployment, Clock.GetUtcNow());
        Assert.That(await PlacesAsync("deployment_logs"), Is.EqualTo("autostack_partitions.deployment_logs_p20260401: 2"));
    }

    [Test]
    public async Task Concurrent_calls_create_each_partition_once()
    {
        var results = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Partitions.MaintainAsync(Token)));

        Assert.That(results.Select(status => status.Tables.Sum(table => table.Partitions.Count)), Is.All.EqualTo(12));
    }

    [Test]
    public async Task A_call_that_was_interrupted_is_completed_by_the_next()
    {
        // The second step waits for a reader of the default partition, and is cut off while it waits.
        await ExecuteAsync("SELECT reserve_log_partitions('deployment_logs', '2026-03-29')");
        await using (var connection = await Raw.OpenConnectionAsync(Token))
        {
            await using var transaction = await connection.BeginTransactionAsync(Token);
            await using var read = new NpgsqlCommand("SELECT count(*) FROM deployment_logs", connection);
            await read.ExecuteScalarAsync(Token);
            using var stop = new CancellationTokenSource();
            var cut = Partitions.MaintainAsync(stop.Token);
            await UntilSomeoneWaitsAsync();
            await ExecuteAsync("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """);
            await stop.CancelAsync();
            Assert.That(async () => await cut, Throws.InstanceOf<Exception>());
        }

        var status = await Partitions.MaintainAsync(Token);

        Assert.That(status.Tables.Select(table => table.Partitions.Count), Is.EqualTo(new[] { 4, 4, 4 }));
        Assert.That(
            await ScalarAsync(
                "SELECT count(*) FROM pg_constraint WHERE connamespace = 'autostack_partitions'::regnamespace AND conname LIKE '%ahead%'"),
            Is.Zero, "nothing stays reserved");
    }

    [Test]
    public async Task A_reservation_that_was_left_behind_is_an_error_before_it_refuses_rows_and_begins_anew()
    {
        await ExecuteAsync("SELECT reserve_log_partitions('deployment_logs', '2026-03-29')");
        var reserved = await Partitions.FindStatusAsync(Token);
        Clock.AdjustTime(Start.AddHours(36));
        var near = await Partitions.FindStatusAsync(Token);
        var after = await Partitions.MaintainAsync(Token);

        var from = new DateTimeOffset(2026, 3, 31, 0, 0, 0, TimeSpan.Zero);
        Assert.That(reserved.Tables.Select(table => table.RefusesFrom), Is.EqualTo(new DateTimeOffset?[] { from, null, null }));
        Assert.That(PartitionFindings.Of(reserved).Select(finding => finding.Rule), Does.Not.Contain(PartitionFindings.ReservedRule));
        Assert.That(
            PartitionFindings.Of(near).Where(finding => finding.Rule == PartitionFindings.ReservedRule)
                .Select(finding => (finding.Severity, finding.Problem)),
            Is.EqualTo(new[]
            {
                (Severity.Error,
                    "deployment_logs refuses rows with ids from 2026-03-31 00:00 UTC on: a run was interrupted."),
            }));
        Assert.That(after.Tables[0].RefusesFrom, Is.Null);
        Assert.That(
            after.Tables[0].Partitions.Select(Period), Is.EqualTo(new[] { "04-01 to 05-01", "05-01 to 06-01", "default" }));
    }

    [Test]
    public async Task Deployments_with_other_ids_are_counted()
    {
        await EnqueueAsync(Start);
        var project = await AddProjectAsync();
        await Deployments.EnqueueAsync(new() { Id = Guid.NewGuid(), ProjectId = project.Id, UserId = project.UserId }, Token);

        Assert.That(await Partitions.CountIdsAsync(Token), Is.EqualTo(new DeploymentIds(Read: 2, Other: 1)));
    }

    [Test]
    public async Task Days_ahead_are_a_metric_and_a_health_check()
    {
        var days = new Dictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, own) =>
            {
                if (instrument.Meter.Name == AutoStackDataTelemetry.MeterName && instrument.Name == "autostack.partitions.days_ahead")
                {
                    own.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) => days[(string)tags[0].Value!] = value);
        listener.Start();
        await using var host = new ServiceCollection()
            .AddLogging()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(options => LibraryConnection.Set(options, Database.ConnectionString))
            .AddHealthChecks().AddAutoStackDataPartitions().Services
            .BuildServiceProvider();
        var checks = host.GetRequiredService<HealthCheckService>();

        var without = await checks.CheckHealthAsync(Token);
        await Partitions.MaintainAsync(Token);
        var with = await checks.CheckHealthAsync(Token);

        Assert.That(without.Entries.Keys, Is.EqualTo(new[] { "autostack-data-partitions" }));
        Assert.That(without.Status, Is.EqualTo(HealthStatus.Degraded));
        Assert.That(without.Entries.Values.Single().Description, Does.Contain("deployment_logs has no partition for new rows."));
        Assert.That(with.Status, Is.EqualTo(HealthStatus.Healthy));
        Assert.That(with.Entries.Values.Single().Data["daysAhead"], Is.EqualTo(21.96).Within(0.01));
        Assert.That(days["deployment_runtime_logs"], Is.EqualTo(21.96).Within(0.01));
        Assert.That(days["deployment_logs"], Is.EqualTo(63.96).Within(0.01));
    }

    [Test]
    public void Tables_whose_partitions_end_soon_are_found()
    {
        var status = new PartitionStatus(
            [
                new("deployment_logs", true, []) { DaysAhead = 7 },
                new("deployment_runtime_logs", true, []) { DaysAhead = 6.94 },
                new("deployment_health_checks", true, []) { DaysAhead = 0 },
            ],
            Clock.GetUtcNow());

        var findings = PartitionFindings.Of(status);

        Assert.That(
            findings.Select(finding => (finding.Severity, finding.Subject, finding.Problem)),
            Is.EqualTo(new[]
            {
                (Severity.Warning, "deployment_runtime_logs", "The partitions of deployment_runtime_logs end in 6.9 days."),
                (Severity.Error, "deployment_health_checks", "deployment_health_checks has no partition for new rows."),
            }));
        Assert.That(() => PartitionFindings.Of(null!), Throws.ArgumentNullException);
    }

    private static string Period(LogPartition partition) =>
        partition.IsDefault ? "default" : $"{partition.From:MM-dd} to {partition.Until:MM-dd}";

    private async Task<Guid> EnqueueAsync(DateTimeOffset at)
    {
        var project = await AddProjectAsync();
        var id = Guid.CreateVersion7(at);
        await Deployments.EnqueueAsync(new() { Id = id, ProjectId = project.Id, UserId = project.UserId }, Token);
        return id;
    }

    private Task AddLineAsync(Guid deployment, DateTimeOffset time) =>
        PlatformLogs.AppendAsync(deployment, [new() { Message = "line", Timestamp = time }], Token);

    private async Task<object?> PlacesAsync(string table) => await ScalarAsync($"""
        SELECT string_agg(p, ', ' ORDER BY p)
        FROM (SELECT tableoid::regclass || ': ' || count(*) AS p FROM {table} GROUP BY tableoid) t
        """);
}
