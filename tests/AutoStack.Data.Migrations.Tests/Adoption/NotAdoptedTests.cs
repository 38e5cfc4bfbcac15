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

    // What every service has: the columns are few, or have other types.
    private const string OfAShop = """
        CREATE TABLE {0}.users (id int PRIMARY KEY, email varchar(255), name varchar(255), created_at timestamp, closed_at timestamp);
        CREATE TABLE {0}.sessions (id uuid, user_id uuid, token varchar(255), expires_at timestamp, created_at timestamp);
        CREATE TABLE {0}.deployments (id int PRIMARY KEY, service text, status varchar(50), created_at timestamp);
        """;

    [Test]
    public async Task Tables_of_another_program_in_its_own_schema_are_not_taken_for_ours()
    {
        await ExecuteAsync("CREATE SCHEMA shop; " + OfAShop.Replace("{0}", "shop", StringComparison.Ordinal));

        var adopt = await RunAsync("adopt");

        Assert.That(adopt.Error, Does.Contain("There is nothing to adopt").And.Not.Contain("shop"));
        Assert.That((await Migrator().UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task Tables_of_another_program_in_public_are_named_as_such_before_anything_runs()
    {
        await ExecuteAsync(OfAShop.Replace("{0}", "public", StringComparison.Ordinal));
        var before = await CatalogAsync();

        var plan = await Migrator().PlanUpgradeAsync(cancellationToken: Token);
        var upgrade = await RunAsync("upgrade", "--json");
        var adopt = await RunAsync("adopt");
        var detect = await RunAsync("stamp", "--detect", "--yes");
        var check = await RunAsync("check");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Obstacles.Where(o => o.Kind == ObstacleKind.NameTaken).Select(o => o.What), Is.SupersetOf(new[]
            {
                "The name users is taken by another program, whose users has 3 of AutoStack's 10 columns.",
                "The name deployments is taken by another program, whose deployments has 2 of AutoStack's 19 columns.",
            }));
            Assert.That(plan.Obstacles.Count(o => o.Objects.Contains("users")), Is.EqualTo(1), "the name is reported once");
            Assert.That(plan.Obstacles.Select(o => o.Mend), Has.Some.Contains("ALTER TABLE public.users RENAME TO …;"));
            Assert.That(upgrade.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("obstacles"));
            Assert.That(adopt.Error, Does.Contain("There is nothing to adopt: the database has a table").And.Contain("another program"));
            Assert.That(detect.Error, Does.Contain("none of AutoStack's tables"));
            Assert.That(check.Output, Does.Not.Contain("autostack-db stamp"));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task A_database_of_another_age_is_still_taken_for_ours()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("""
            ALTER TABLE deployments DROP COLUMN creator_type, DROP COLUMN is_deleted, ALTER created_at TYPE timestamptz;
            ALTER TABLE users ADD COLUMN nick text, DROP COLUMN avatar_url;
            """);

        Assert.That((await RunAsync("upgrade")).Error, Does.Contain("AutoStack's tables").And.Contain("autostack-db adopt"));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
