using AutoStack.Data.Migrations;
using AutoStack.Data.Partitions;
using AutoStack.Data.Retention;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Access;

/// <summary>The roles of scripts/roles.sql on a database with the feature log-partitions.</summary>
public sealed class PartitionRightsTests
{
    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    // A superuser has switched the feature on, and the script mends the owners; or the migrator has, after the script.
    [TestCase(true)]
    [TestCase(false)]
    public async Task The_services_create_and_drop_partitions_and_change_no_table(bool bySuperuser)
    {
        await using var database = await RolesDatabase.CreateAsync(TestServer.Current);
        await database.UpgradeAsync();
        await database.RunScriptAsync();
        await new SchemaMigrator(bySuperuser ? database.SuperuserConnectionString : database.As("migrator"))
            .UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);
        if (bySuperuser)
        {
            await database.RunScriptAsync();
        }

        await database.AsSuperuserAsync("UPDATE log_partition_settings SET ahead = ahead + 1");
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (database.As("app"), 0))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        var before = await provider.GetRequiredService<IPartitionMaintenance>().FindStatusAsync(Token);
        var after = await provider.GetRequiredService<IPartitionMaintenance>().MaintainAsync(Token);
        var results = await provider.GetRequiredService<IRetentionService>().RunAsync(new RetentionPolicy(), null, Token);
        await database.RunAsync("app", $"SELECT drop_log_partition('{after.Tables[0].Partitions[0].Name}', '2300-01-01')");
        var left = await provider.GetRequiredService<IPartitionMaintenance>().FindStatusAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(after.Tables.Sum(table => table.Partitions.Count), Is.EqualTo(before.Tables.Sum(t => t.Partitions.Count) + 3));
            Assert.That(results.Select(result => result.Failure), Is.All.Null);
            Assert.That(left.Tables[0].Partitions, Has.Count.EqualTo(after.Tables[0].Partitions.Count - 1));
            database.Denied("app", "DROP TABLE deployment_logs");
            database.Denied("app", "SELECT count(*) FROM autostack_partitions.deployment_logs_default");
            database.Denied("app", "SELECT partition_log_table('deployment_logs')");
            database.Denied("readonly", "SELECT reserve_log_partitions('deployment_logs', '2300-01-01')");
            Assert.That(await database.ListAsync("readonly", "SELECT seq::text FROM deployment_logs"), Is.Empty);
        }
    }
}
