using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AutoStack.Data.Tests.Hosting;

/// <summary>The hosted upkeep of the audit log on a real server.</summary>
[CancelAfter(120_000)]
public sealed class AuditWorkerTests
{
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
    public async Task Without_the_feature_no_lease_is_asked_for_and_with_it_the_log_is_sealed()
    {
        var log = new RecordedLog();
        using (var early = Start(log))
        {
            await early.StartAsync(Token);
            await UntilAsync("""
                SELECT count(*) > 0 FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%relpartbound%' AND state = 'idle'
                """);
            await Task.Delay(200, Token);
            await early.StopAsync(Token);
        }

        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM upkeep_leases"), Is.Zero);
        await new SchemaMigrator(database.ConnectionString).UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);
        await using (var command = raw.CreateCommand("""
            INSERT INTO users (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now());
            SELECT seal_audit_entries();
            """))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        using var first = Start(log);
        using var second = Start(log);
        await Task.WhenAll(first.StartAsync(Token), second.StartAsync(Token));
        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE name = 'audit' AND last_outcome = 'completed'");
        await Task.WhenAll(first.StopAsync(Token), second.StopAsync(Token));

        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM autostack_audit.seals WHERE entries = 1"), Is.EqualTo(1));
        Assert.That(log.Lines.Where(line => line.Contains("maintenance of the audit", StringComparison.Ordinal)), Is.Empty);
    }

    [Test]
    public async Task A_failure_is_logged_and_the_worker_continues()
    {
        await new SchemaMigrator(database.ConnectionString).UpgradeAsync(MigrationTarget.Head.In("audit"), cancellationToken: Token);
        await using (var command = raw.CreateCommand("ALTER FUNCTION drop_audit_partitions() RENAME TO gone"))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        var log = new RecordedLog();
        using var host = Start(log);
        await host.StartAsync(Token);
        while (!log.Lines.Contains("Warning AutoStack.Data The maintenance of the audit log did not end; it is tried again."))
        {
            await Task.Delay(10, Token);
        }

        await using (var command = raw.CreateCommand("ALTER FUNCTION gone() RENAME TO drop_audit_partitions"))
        {
            await command.ExecuteNonQueryAsync(Token);
        }

        await UntilAsync("SELECT count(*) = 1 FROM upkeep_leases WHERE name = 'audit' AND last_outcome = 'completed'");
        await host.StopAsync(Token);
    }

    [Test]
    public void It_needs_a_registered_database()
    {
        Assert.That(
            () => new ServiceCollection().AddAuditMaintenance(),
            Throws.InvalidOperationException.With.Message.Contains("AddAutoStackData"));
        Assert.That(
            () => new ServiceCollection().AddAutoStackData("Host=localhost").AddKeyedAuditMaintenance("eu"),
            Throws.InvalidOperationException.With.Message.Contains("eu"));
    }

    private IHost Start(RecordedLog log)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.AddProvider(log);
        builder.Services
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (database.ConnectionString, 0))
            .AddAutoStackDataWorkers()
            .AddAudit(key: null, UpkeepSchedule.Every(TimeSpan.FromMinutes(1)), TimeSpan.FromMilliseconds(50));
        return builder.Build();
    }

    private async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = raw.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(Token))!;
    }

    private async Task UntilAsync(string sql)
    {
        while (!await ScalarAsync<bool>(sql))
        {
            await Task.Delay(10, Token);
        }
    }
}
