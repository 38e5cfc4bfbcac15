using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>A journal that is behind its database: a service's <c>create_all</c> has created later tables.</summary>
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
    public async Task Tables_of_version_2_beside_a_journal_at_1_are_adopted(string shape)
    {
        await StartAtAsync(Head);
        var head = await ShapeAsync();
        await Migrator().DowngradeAsync(MigrationTarget.Version(1), cancellationToken: Token);
        await MakeBesideAsync(shape);

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;
        Assert.That(refused.Error, Is.EqualTo(MigrationError.NotAdopted));
        Assert.That(refused.Message, Does.Contain("version 1").And.Contain("deployment_containers").And.Contain("autostack-db adopt"));
        Assert.That(Assert.ThrowsAsync<MigrationException>(() => Migrator().PlanUpgradeAsync(cancellationToken: Token))!.Error,
            Is.EqualTo(MigrationError.NotAdopted));
        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
        var check = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);
        Assert.That((check.Code, check.Output.Contains("run 'adopt'", StringComparison.Ordinal)), Is.EqualTo((4, true)));

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);
        Assert.That((plan.CurrentVersion, plan.StampedVersion, plan.Obstacles.Count), Is.EqualTo((1, 2, 0)));
        await Migrator().AdoptAsync(cancellationToken: Token);

        // The services have created indexes of their own, which stay.
        Assert.That(head, Is.SubsetOf(await ShapeAsync()));
        Assert.That((await Migrator().CheckAsync(Token)).Differences.Where(d => !d.IsRemark).Select(d => d.Message), Is.Empty);
        Assert.That((await Migrator().AdoptAsync(cancellationToken: Token)).Plan.IsDone, Is.True);
    }

    [Test]
    public async Task A_journal_older_than_its_database_is_brought_up_to_date()
    {
        await StartAtAsync(3);
        await ExecuteAsync("DELETE FROM schema_versions WHERE version > 1");

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;
        Assert.That(refused.Error, Is.EqualTo(MigrationError.NotAdopted));
        await ExecuteAsync("INSERT INTO schema_versions SELECT 2, '0002_runtime_models', '" + SchemaMigrator.Scripts[1].Checksum +
            "', now(), 0, 'a', 'b'");
        Assert.That(Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!.Message,
            Does.Contain("deployment_logs.seq"));

        var report = await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That((report.Plan.CurrentVersion, report.Plan.StampedVersion), Is.EqualTo((2, 3)));
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [Test]
    public async Task A_later_object_with_another_definition_is_refused_by_name()
    {
        await StartAtAsync(2);
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
            // create_all creates missing tables, but no index of an existing table.
            await ExecuteAsync(Resource.Text("app_start.sql"));
            await ExecuteAsync("DROP INDEX ix_users_email, ix_sessions_token");
        }

        if (shape is Part or PythonPart)
        {
            await ExecuteAsync("DROP TABLE deployment_health_checks, deployment_runtime_logs");
        }
    }
}
