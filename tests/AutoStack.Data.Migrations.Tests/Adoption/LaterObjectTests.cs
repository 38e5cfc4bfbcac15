using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>A journal that is behind the database: a service's <c>create_all</c> has made tables beside it.</summary>
public sealed class LaterObjectTests : AdoptionTestsBase
{
    private const string All = "all of version 2";
    private const string Python = "tables of the services";
    private const string Part = "part of version 2";
    private const string PythonPart = "part of the tables of the services";

    [TestCase(All)]
    [TestCase(Python)]
    [TestCase(Part)]
    [TestCase(PythonPart)]
    public async Task Tables_beside_a_journal_at_version_1_are_named_and_adopted(string shape)
    {
        await Migrator().UpgradeAsync(cancellationToken: Token);
        var head = await ShapeAsync();
        await Migrator().DowngradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await MakeBesideAsync(shape);

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;
        Assert.That(refused.Error, Is.EqualTo(MigrationError.NotAdopted));
        Assert.That(refused.Message, Does.Contain("version 1").And.Contain("deployment_containers").And.Contain("autostack-db adopt"));
        Assert.That(Assert.ThrowsAsync<MigrationException>(() => Migrator().PlanUpgradeAsync(cancellationToken: Token))!.Error, Is.EqualTo(MigrationError.NotAdopted));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        var check = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);
        Assert.That((check.Code, check.Output.Contains("run 'adopt'", StringComparison.Ordinal)), Is.EqualTo((4, true)));

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);
        Assert.That((plan.CurrentVersion, plan.StampedVersion, plan.Obstacles.Count), Is.EqualTo((1, 2, 0)));
        await Migrator().AdoptAsync(cancellationToken: Token);

        // The services have made indexes of their own, which stay.
        Assert.That(head, Is.SubsetOf(await ShapeAsync()));
        Assert.That((await Migrator().CheckAsync(Token)).Differences.Where(d => !d.IsRemark).Select(d => d.Message), Is.Empty);
        Assert.That((await Migrator().AdoptAsync(cancellationToken: Token)).Plan.IsDone, Is.True);
    }

    [Test]
    public async Task A_journal_older_than_the_database_is_brought_to_the_versions_that_are_there()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(3), cancellationToken: Token);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version > 1");

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;
        Assert.That(refused.Error, Is.EqualTo(MigrationError.NotAdopted));
        await ExecuteAsync("INSERT INTO schema_versions SELECT 2, '0002_runtime_models', '" + SchemaMigrator.Scripts[1].Checksum + "', now(), 0, 'a', 'b'");
        Assert.That(Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!.Message, Does.Contain("deployment_logs.seq"));

        var report = await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That((report.Plan.CurrentVersion, report.Plan.StampedVersion), Is.EqualTo((2, 3)));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [Test]
    public async Task What_is_there_in_another_shape_is_refused_by_its_name()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        await ExecuteAsync("ALTER TABLE deployment_logs ADD COLUMN seq text");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.NotRecognised));
        Assert.That(failure.Message, Does.Contain("deployment_logs.seq"));
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(2));
    }

    private async Task MakeBesideAsync(string shape)
    {
        if (shape is All or Part)
        {
            await ExecuteAsync(SchemaMigrator.Scripts[1].Up.Sql);
        }
        else
        {
            // create_all makes the tables that are missing, and no index of a table that is there.
            await ExecuteAsync(Resource.Text("app_start.sql"));
            await ExecuteAsync("DROP INDEX ix_users_email, ix_sessions_token");
        }

        if (shape is Part or PythonPart)
        {
            await ExecuteAsync("DROP TABLE deployment_health_checks, deployment_runtime_logs");
        }
    }
}
