using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class NotAdoptedTests : AdoptionTestsBase
{
    [TestCase(CreateAll)]
    [TestCase(FirstRevision)]
    [TestCase(Documented)]
    public async Task An_upgrade_without_a_journal_points_to_adopt(string shape)
    {
        await MakeAsync(shape);
        var catalog = await CatalogAsync();

        foreach (var args in (string[][])[
            ["upgrade"], ["upgrade", "--dry-run"], ["upgrade", "--rehearse", "--yes"], ["upgrade", "--sql"], ["upgrade", "1"]])
        {
            var run = await RunAsync([.. args, "--json"]);

            var error = run.Json.GetProperty("error");
            Assert.That((run.Code, error.GetProperty("kind").GetString()), Is.EqualTo((1, "notAdopted")), string.Join(' ', args));
            Assert.That(error.GetProperty("message").GetString(), Does.Contain("autostack-db adopt").And.Contain("autostack-db stamp"));
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }

        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        Assert.That((await RunAsync("check")).Output, Does.Contain("run 'adopt'"));
    }

    [Test]
    public async Task An_empty_journal_counts_as_no_journal()
    {
        await MakeAsync(CreateAll);
        await Migrator().StampAsync(MigrationTarget.Base, cancellationToken: Token);

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.NotAdopted));
        await Migrator().AdoptAsync(cancellationToken: Token);
        await Migrator().UpgradeAsync(cancellationToken: Token);
    }

    [Test]
    public async Task Tables_in_another_schema_are_named_by_adopt_and_upgrade()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("ALTER SCHEMA public RENAME TO app; CREATE SCHEMA public");

        foreach (var verb in (string[])["adopt", "upgrade"])
        {
            var run = await RunAsync(verb);

            Assert.That(run.Code, Is.EqualTo(1));
            Assert.That(run.Error, Does.Contain("in the schema app").And.Contain("works in public"));
        }

        Assert.That(await ExistsAsync("schema_versions"), Is.False);
    }

    [Test]
    public async Task Tables_of_other_applications_are_no_reason_to_refuse()
    {
        await ExecuteAsync("CREATE SCHEMA shop; CREATE TABLE shop.users (id INT); CREATE TABLE orders (id INT)");

        Assert.That((await Migrator().UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(Head));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
