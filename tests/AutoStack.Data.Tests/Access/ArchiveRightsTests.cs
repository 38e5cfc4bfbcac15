using AutoStack.Data.Archives;
using AutoStack.Data.Migrations;
using AutoStack.Data.Retention;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Access;

/// <summary>The roles of scripts/roles.sql: the services archive and drop, the migrator restores.</summary>
public sealed class ArchiveRightsTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [Test]
    public async Task The_services_archive_and_the_migrator_restores()
    {
        await using var database = await RolesDatabase.CreateAsync(TestServer.Current);
        await database.UpgradeAsync();
        await new SchemaMigrator(database.As("migrator")).UpgradeAsync(
            MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);
        await database.RunScriptAsync();
        await database.AsSuperuserAsync("""
            SELECT reserve_log_partitions('deployment_health_checks', '2026-03-29');
            SELECT create_reserved_log_partitions('deployment_health_checks');
            INSERT INTO users (id, name, email, created_at, updated_at) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com', now(), now());
            INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
            SELECT gen_random_uuid(), id, 'Site', 'ada/site', now(), now() FROM users;
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT gen_random_uuid(), id, user_id, 'success', now() FROM projects;
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT log_partition_floor('2026-04-01'), id, 'http://a', TRUE, '2026-04-01' FROM deployments
            """);
        var store = new FolderArchiveStore(Path.Combine(Path.GetTempPath(), $"rights-{Guid.NewGuid():N}"));
        await using var services = Host(database.As("app"), store);
        await using var migrator = Host(database.As("migrator"), store);

        var results = await services.GetRequiredService<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);
        var archive = (await services.GetRequiredService<ILogArchive>().ListAsync(store, Token)).Single();
        var refused = Assert.CatchAsync(() => services.GetRequiredService<ILogRestore>().RestoreAsync(
            archive.Name, RestoreTarget.Partition, store, null, Token))!;
        var restored = await migrator.GetRequiredService<ILogRestore>().RestoreAsync(
            archive.Name, RestoreTarget.Partition, store, null, Token);
        var again = await services.GetRequiredService<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(results.Select(result => result.Failure), Is.All.Null);
            Assert.That((archive.State, archive.Manifest!.Rows), Is.EqualTo((ArchiveState.Complete, 1L)));
            Assert.That(refused.Message, Does.Contain("permission denied"));
            Assert.That((restored!.Outcome, restored.LeftOut), Is.EqualTo((RestoreOutcome.Restored, 0L)));
            Assert.That(again.Single(result => result.Table == "deployment_health_checks").Partitions, Is.EqualTo(1));
            database.Denied("readonly", $"SELECT log_partition_content('{archive.Manifest.Partition}', FALSE)");
        }
    }

    private static ServiceProvider Host(string connectionString, IArchiveStore store) => new ServiceCollection()
        .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize, options.ArchiveStore) = (connectionString, 0, store))
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
