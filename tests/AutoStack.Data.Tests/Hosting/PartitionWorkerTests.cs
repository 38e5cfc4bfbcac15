using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>The hosted maintenance of partitions on a real server; each test has a database of its own.</summary>
[CancelAfter(120_000)]
public sealed class PartitionWorkerTests
{
    private const string Partitions = """
        SELECT count(*) FROM log_partition_settings s, log_partition_bounds(s.table_name)
        """;

    // The worker holds the lease.
    private const string IsHeld = "SELECT count(*) = 1 FROM upkeep_leases WHERE name = 'log-partitions' AND released_at IS NULL";

    private const string IsDone =
        "SELECT count(*) = 1 FROM upkeep_leases WHERE name = 'log-partitions' AND last_outcome = 'completed' AND last_rows = 3";

    private TestDatabase database = null!;
    private NpgsqlDataSource raw = null!;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [SetUp]
    public async Task CreateAsync()
    {
        database = await TestServer.Current.CreateDatabaseAsync();
        raw = NpgsqlDataSource.Create(database.ConnectionString);
    }

    [TearDown]
    public async Task DropAsync()
    {
        await raw.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Of_two_instances_one_creates_the_partitions_and_says_so()
    {
        await EnableAsync();
        var before = await CountAsync(Partitions);
        var log = new RecordedLog();
        using var first = Start(log);
        using var second = Start(log);
        await Task.WhenAll(first.StartAsync(Token), second.StartAsync(Token));
        await UntilAsync(IsDone);

        // A third one asks, and finds nothing due.
        using var third = Start(log);
        await third.StartAsync(Token);
        await UntilAsync("""
            SELECT count(*) >= 1 FROM upkeep_leases WHERE name = 'log-partitions' AND released_at IS NOT NULL
            """);
        await Task.WhenAll(first.StopAsync(Token), second.StopAsync(Token), third.StopAsync(Token));

        Assert.That(await CountAsync(Partitions), Is.EqualTo(before + 3));
        Assert.That(
            log.Lines.Where(line => line.StartsWith("Information AutoStack.Data ", StringComparison.Ordinal)).ToList(),
            Has.Count.EqualTo(1).And.All.StartsWith("Information AutoStack.Data Created 3 partitions of logs; there are partitions for "));
    }

    [Test]
    public async Task Without_the_feature_no_lease_is_asked_for()
    {
        var log = new RecordedLog();
        using var host = Start(log);
        await host.StartAsync(Token);
        await UntilAsync("""
            SELECT count(*) > 0 FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%relpartbound%' AND state = 'idle'
            """);
        await Task.Delay(500, Token);
        Assert.That(await CountAsync("SELECT count(*) FROM upkeep_leases"), Is.Zero);

        // The worker may come before the last statements of the test.
        await EnableAsync();
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE name = 'log-partitions' AND last_outcome = 'completed'");
        await host.StopAsync(Token);
        Assert.That(log.Lines.Where(line => line.Contains("maintenance", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task A_stopping_host_gives_the_lease_back_and_another_completes_the_run()
    {
        await EnableAsync();
        await using var reader = await ReadAsync();
        using var first = Start(new RecordedLog());
        await first.StartAsync(Token);
        await UntilAsync("SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'");
        await UntilAsync(IsHeld);
        await first.StopAsync(Token);
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE released_at IS NOT NULL AND last_finished_at IS NULL");
        await reader.DisposeAsync();

        using var second = Start(new RecordedLog());
        await second.StartAsync(Token);
        await UntilAsync(IsDone);
        await second.StopAsync(Token);

        Assert.That(
            await CountAsync("SELECT count(*) FROM pg_constraint WHERE conname LIKE '%ahead_check' AND contype = 'c' AND NOT convalidated"),
            Is.Zero, "nothing stays reserved");
    }

    [Test]
    public async Task The_lease_of_a_killed_process_expires_and_another_takes_over()
    {
        await EnableAsync();

        // What a process leaves that was killed after the first of its statements.
        await ExecuteAsync("""
            SELECT reserve_log_partitions('deployment_logs', (now() AT TIME ZONE 'UTC'));
            INSERT INTO upkeep_leases (name, created_at, holder, claim_key, acquired_at, renewed_at, expires_at)
            SELECT 'log-partitions', n, 'killed', gen_random_uuid(), n, n, n + interval '2 s' FROM (SELECT now() AT TIME ZONE 'UTC') t (n)
            """);
        using var host = Start(new RecordedLog());
        await host.StartAsync(Token);
        await UntilAsync(IsDone);
        await host.StopAsync(Token);

        Assert.That(
            await CountAsync("SELECT count(*) FROM upkeep_leases WHERE last_started_at >= created_at + interval '2 s'"), Is.EqualTo(1));
        Assert.That(await CountAsync("SELECT count(*) FROM pg_constraint WHERE conname = 'deployment_logs_ahead_check'"), Is.Zero);
    }

    [Test]
    public async Task A_failure_is_logged_and_the_worker_goes_on()
    {
        await EnableAsync();
        await ExecuteAsync("ALTER FUNCTION create_reserved_log_partitions(text) RENAME TO gone");
        var log = new RecordedLog();
        using var host = Start(log);
        await host.StartAsync(Token);
        while (!log.Lines.Contains("Warning AutoStack.Data The maintenance of partitions did not end; it is tried again."))
        {
            await Task.Delay(10, Token);
        }

        await ExecuteAsync("ALTER FUNCTION gone(text) RENAME TO create_reserved_log_partitions");
        await UntilAsync(IsDone);
        await host.StopAsync(Token);
    }

    [Test]
    public void It_needs_a_registered_database()
    {
        Assert.That(
            () => new ServiceCollection().AddPartitionMaintenance(),
            Throws.InvalidOperationException.With.Message.Contains("AddAutoStackData"));
        Assert.That(
            () => new ServiceCollection().AddAutoStackData("Host=localhost").AddKeyedPartitionMaintenance("eu"),
            Throws.InvalidOperationException.With.Message.Contains("eu"));
    }

    private IHost Start(RecordedLog log)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log);
        builder.Services
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (database.ConnectionString, 0))
            .AddAutoStackDataWorkers()
            .AddPartitions(key: null, UpkeepSchedule.Every(TimeSpan.FromDays(1)), TimeSpan.FromMilliseconds(50));
        return builder.Build();
    }

    // One period is missing in each table.
    private async Task EnableAsync()
    {
        await new SchemaMigrator(database.ConnectionString).UpgradeAsync(
            MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
        await ExecuteAsync("""
            SELECT reserve_log_partitions(s.table_name, now() AT TIME ZONE 'UTC') FROM log_partition_settings s;
            SELECT create_reserved_log_partitions(s.table_name) FROM log_partition_settings s;
            UPDATE log_partition_settings SET ahead = ahead + 1;
            """);
    }

    // A reader of the default partition holds the reservation back.
    private async Task<NpgsqlConnection> ReadAsync()
    {
        var connection = await raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("BEGIN; SELECT count(*) FROM deployment_logs", connection);
        await command.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = raw.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<long> CountAsync(string sql)
    {
        await using var command = raw.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    private async Task UntilAsync(string sql)
    {
        while (true)
        {
            await using var command = raw.CreateCommand(sql);
            if ((bool)(await command.ExecuteScalarAsync(Token))!)
            {
                return;
            }

            await Task.Delay(10, Token);
        }
    }
}
