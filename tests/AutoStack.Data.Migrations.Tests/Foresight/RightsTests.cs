using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>Rights that a role lacks are found before the run, each with the statement that gives it.</summary>
public sealed class RightsTests : MigrationTests
{
    private readonly string role = $"limited_{Guid.NewGuid():N}"[..20];

    [SetUp]
    public Task CreateRoleAsync() => ExecuteAsync($"""
        CREATE ROLE {role} LOGIN PASSWORD '{role}';
        REVOKE CREATE ON SCHEMA public FROM PUBLIC;
        CREATE TABLE strange (id int);
        CREATE FUNCTION strange() RETURNS int LANGUAGE sql AS 'SELECT 1';
        """);

    [TearDown]
    public Task DropRoleAsync() => ExecuteAsync($"DROP OWNED BY {role} CASCADE; DROP ROLE {role}");

    [TestCase("CREATE TABLE t ()", ObstacleKind.NoCreate, "GRANT CREATE ON SCHEMA public TO {0};", null)]
    [TestCase("ALTER TABLE strange ADD COLUMN x int", ObstacleKind.NotOwner, "GRANT {1} TO {0};", "public")]
    [TestCase("CREATE INDEX strange_idx ON strange (id)", ObstacleKind.NotOwner, "GRANT {1} TO {0};", "public")]
    [TestCase("DROP TABLE strange", ObstacleKind.NotOwner, "GRANT {1} TO {0};", "public")]
    [TestCase("CREATE OR REPLACE FUNCTION strange() RETURNS int LANGUAGE sql AS 'SELECT 2'", ObstacleKind.NotOwner, "GRANT {1} TO {0};",
        "public")]
    [TestCase("UPDATE strange SET id = 1", ObstacleKind.NoWrite, "GRANT UPDATE ON public.strange TO {0};", "public")]
    [TestCase("TRUNCATE strange", ObstacleKind.NoWrite, "GRANT TRUNCATE ON public.strange TO {0};", "public")]
    [TestCase("DO $$ BEGIN INSERT INTO strange VALUES (1); END $$", ObstacleKind.NoWrite,
        "GRANT INSERT ON public.strange TO {0};", "public")]
    [TestCase("CREATE SCHEMA billing", ObstacleKind.NoCreate, "GRANT CREATE ON DATABASE {2} TO {0};", "public")]
    [TestCase("CREATE EXTENSION \"uuid-ossp\"", ObstacleKind.Extension, "GRANT CREATE ON DATABASE {2} TO {0};", "public")]
    [TestCase("CREATE EXTENSION file_fdw", ObstacleKind.Extension, "As a superuser: CREATE EXTENSION file_fdw;", "public")]
    public async Task A_missing_right_is_named_with_the_statement_that_gives_it(
        string statement, ObstacleKind kind, string mend, string? mayCreateIn)
    {
        if (mayCreateIn is not null)
        {
            await ExecuteAsync($"GRANT CREATE ON SCHEMA {mayCreateIn} TO {role}");
        }

        var found = (await Limited(statement).PlanUpgradeAsync(cancellationToken: Token)).Obstacles;
        var failure = Assert.ThrowsAsync<MigrationException>(() => Limited(statement).UpgradeAsync(cancellationToken: Token))!;

        var database = new NpgsqlConnectionStringBuilder(ConnectionString).Database;
        var owner = await ScalarAsync<string>("SELECT current_user::text");
        var expected = string.Format(null, mend, role, owner, database);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Select(o => o.Kind).Distinct(), Is.EqualTo(new[] { kind }));
            Assert.That(found[0].Mend, Does.Contain(expected));
            Assert.That(failure.Error, Is.EqualTo(MigrationError.Obstacles));
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }

        // The statement of the mend is enough.
        if (found[0].Kind != ObstacleKind.Extension || mend.StartsWith("GRANT", StringComparison.Ordinal))
        {
            await ExecuteAsync(expected + $" GRANT CREATE ON SCHEMA public TO {role}");
            Assert.That((await Limited(statement).UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task A_table_that_the_run_creates_needs_no_owner_and_a_grant_of_the_run_counts()
    {
        await ExecuteAsync($"GRANT CREATE ON SCHEMA public TO {role}");
        string[] scripts = ["CREATE TABLE t (); ALTER TABLE t ADD COLUMN id int; CREATE INDEX t_idx ON t (id)", "UPDATE t SET id = 2"];

        Assert.That((await Limited(scripts).PlanUpgradeAsync(cancellationToken: Token)).Obstacles, Is.Empty);
        Assert.That((await Limited(scripts).UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(2));
    }

    [Test]
    public async Task A_right_on_a_column_is_enough()
    {
        await ExecuteAsync($"GRANT CREATE ON SCHEMA public TO {role}; GRANT UPDATE (id), INSERT (id) ON strange TO {role}");
        const string Writes = "UPDATE strange SET id = 1; INSERT INTO strange (id) VALUES (2)";

        Assert.That((await Limited(Writes).PlanUpgradeAsync(cancellationToken: Token)).Obstacles, Is.Empty);
        Assert.That((await Limited(Writes).UpgradeAsync(cancellationToken: Token)).ToVersion, Is.EqualTo(1));
    }

    [Test]
    public async Task Tables_of_one_owner_are_one_obstacle()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        await ExecuteAsync($"GRANT CREATE ON SCHEMA public TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}");

        var run = await ConsoleRun.StartAsync(["upgrade", "--dry-run", "--json"], connection: As(role), cancellationToken: Token);
        var obstacles = run.Json.GetProperty("obstacles").EnumerateArray().ToList();

        Assert.That(run.Code, Is.EqualTo(1), run.Error);
        Assert.That(obstacles.Select(o => o.GetProperty("kind").GetString()), Is.EqualTo(new[] { "notOwner" }));
        Assert.That(obstacles[0].GetProperty("script").GetString(), Is.EqualTo("0003_add_log_sequence.sql"));
        Assert.That(obstacles[0].GetProperty("objects").EnumerateArray().Select(o => o.GetString()),
            Has.Member("deployment_logs").And.Member("users"));
    }

    private SchemaMigrator Limited(params string[] scripts) => new(As(role), null, Scripts(scripts));

    private string As(string name) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Username = name, Password = role }.ConnectionString;
}
