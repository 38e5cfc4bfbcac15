using AutoStack.Data.HealthChecks;
using AutoStack.Data.Migrations;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Partitions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Access;

/// <summary>The roles of scripts/roles.sql on a database with the feature timescale.</summary>
[OnTimescale]
public sealed class TimescaleRightsTests
{
    private const string Fill = """
        INSERT INTO users (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (user_id, name, repository, created_at, updated_at) SELECT id, 'Site', 'ada/site', now(), now() FROM users;
        INSERT INTO deployments (project_id, user_id, status, created_at) SELECT id, user_id, 'success', now() FROM projects;
        """;

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    // A superuser has switched the feature on, and the script mends the owners; or the migrator has, after the script.
    [TestCase(true)]
    [TestCase(false)]
    public async Task The_services_use_the_hypertable_and_its_owner_runs_the_jobs(bool bySuperuser)
    {
        await using var database = await RolesDatabase.CreateAsync(TestServer.Current);
        await database.UpgradeAsync();
        await database.AsSuperuserAsync("CREATE EXTENSION timescaledb;" + Fill);
        await database.RunScriptAsync();
        await new SchemaMigrator(bySuperuser ? database.SuperuserConnectionString : database.As("migrator"))
            .UpgradeAsync(MigrationTarget.Head.In("timescale"), cancellationToken: Token);
        await database.RunScriptAsync();
        await using var provider = new ServiceCollection()
            .AddAutoStackData(options => (options.ConnectionString, options.MinPoolSize) = (database.As("app"), 0))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var checks = provider.GetRequiredService<IDeploymentHealthCheckRepository>();
        var (deployment, owner, now) = (Guid.Empty, Guid.Empty, DateTimeOffset.UtcNow);
        foreach (var pair in await database.ListAsync("SELECT id || ' ' || user_id FROM deployments"))
        {
            (deployment, owner) = (Guid.Parse(pair.Split(' ')[0]), Guid.Parse(pair.Split(' ')[1]));
        }

        await provider.GetRequiredService<IPlatformDeploymentHealthCheckRepository>().AddManyAsync(
            [
                .. Enumerable.Range(0, 60).Select(day => new NewDeploymentHealthCheck
                {
                    DeploymentId = deployment, Url = "http://a", IsLive = day % 2 == 0, CheckedAt = now.AddDays(-day),
                }),
            ], Token);
        var jobs = await database.ListAsync(
            "SELECT job_id::text FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL ORDER BY job_id");
        foreach (var job in jobs)
        {
            await database.AsSuperuserAsync($"CALL run_job({job})");
        }

        var compressed = await database.ListAsync(
            "SELECT chunk_name FROM timescaledb_information.chunks WHERE is_compressed AND hypertable_name = 'deployment_health_checks'");
        var owners = await database.ListAsync(
            "SELECT DISTINCT owner::text FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL");
        var uptime = await checks.FindUptimeAsync(deployment, owner, new TimeRange(now.AddDays(-40), now.AddDays(1)), Token);
        var latest = await checks.FindLatestAsync(deployment, owner, Token);
        var result = (await provider.GetRequiredService<IRetentionService>().RunAsync(
            new RetentionPolicy { HealthChecks = TimeSpan.FromDays(30) }, null, Token)).Single(r => r.Table == "deployment_health_checks");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(jobs, Has.Count.EqualTo(2));
            Assert.That(owners, Is.EqualTo(new[] { $"{database.Prefix}_owner" }));
            Assert.That(compressed, Has.Count.GreaterThanOrEqualTo(6));
            Assert.That((uptime!.Checks, latest!.IsLive), Is.EqualTo((41, true)));
            Assert.That((result.Failure, result.Rows), Is.EqualTo(((Exception?)null, 0)));
            Assert.That(result.Partitions, Is.InRange(3, 5));
            database.Denied("app", "DROP TABLE deployment_health_checks");
            database.Denied("app", "SELECT drop_health_check_table('deployment_health_checks')");
            database.Denied("app", "SELECT exchange_health_checks()");
            database.Denied("readonly", "SELECT drop_health_check_chunks('2300-01-01')");
            Assert.That(await database.ListAsync("readonly", "SELECT sum(checks)::text FROM deployment_health_hours"), Is.Not.Empty);
            Assert.That(await database.ListAsync("readonly", "SELECT id::text FROM deployment_health_checks LIMIT 1"), Is.Not.Empty);
            Assert.That(
                () => database.RunAsync("owner", "SELECT 1"), Throws.InstanceOf<PostgresException>(), "nobody connects as the owner");
        }
    }
}
