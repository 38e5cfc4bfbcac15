using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class AdoptConsoleTests : AdoptionTestsBase
{
    [Test]
    public async Task A_dry_run_of_adopt_prints_the_plan_and_exits_with_0()
    {
        await MakeAsync(Alembic);
        var catalog = await CatalogAsync();

        var run = await RunAsync("adopt", "--dry-run");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("created by Alembic (revision a1b2c3d4e5f6)")
                .And.Contain("adopt_users.sql").And.Contain("4 defaults; key users_email_key")
                .And.Contain("rewrites the table").And.Contain("The database then is at version 2")
                .And.Contain($"{Head - 2} scripts to apply").And.Contain("Nothing was changed."));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

    [Test]
    public async Task Adopt_prints_each_step_and_a_second_run_changes_nothing()
    {
        await MakeAsync(CreateAll);

        var first = await RunAsync("adopt");
        var second = await RunAsync("adopt");
        var dry = await RunAsync("adopt", "--dry-run");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((first.Code, second.Code, dry.Code), Is.EqualTo((0, 0, 0)));
            Assert.That(first.Output, Does.StartWith("A database of the Python services, created by create_all.")
                .And.Contain("adopt_users.sql").And.Contain("0003_add_log_sequence.sql").And.Contain($"0 → {Head}: "));
            Assert.That(second.Output, Does.EndWith("Nothing to do." + Environment.NewLine));
            Assert.That(dry.Output, Does.EndWith("Nothing to do." + Environment.NewLine));
            Assert.That(first.Error + second.Error + dry.Error, Is.Empty);
        }
    }

    [Test]
    public async Task Blocking_rows_exit_with_1_and_are_shown_with_their_query()
    {
        await MakeAsync(CreateAll, rowsInTheWay: true);

        var dry = await RunAsync("adopt", "--dry-run");
        var run = await RunAsync("adopt");
        var json = await RunAsync("adopt", "--json");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((dry.Code, run.Code, json.Code), Is.EqualTo((1, 1, 1)));
            Assert.That(dry.Output, Does.Contain("The adoption will stop before 0012_add_users_email_key.sql").And.Contain(
                "GROUP BY lower("));
            Assert.That(run.Output, Does.Contain("The adoption will stop before 0012_add_users_email_key.sql"));
            Assert.That(run.Error,
                Does.Contain("0010_add_deployment_stages_name_key.sql").And.Contain("HAVING count(*) > 1")
                .And.Contain("the database is at version 9"));
            Assert.That(json.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("rowsInTheWay"));
        }
    }

    [TestCase("adopt")]
    [TestCase("adopt", "--dry-run")]
    public async Task An_unknown_database_exits_with_1(params string[] args)
    {
        var run = await RunAsync([.. args, "--json"]);

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("notRecognised"));
        Assert.That(run.Json.GetProperty("error").GetProperty("message").GetString(), Does.Contain("upgrade"));
    }

    [Test]
    public async Task Plan_and_run_as_JSON_have_the_documented_members()
    {
        await MakeAsync(Alembic, rowsInTheWay: true);
        await ExecuteAsync("ALTER TABLE users ADD COLUMN nickname TEXT");
        var dry = (await RunAsync("adopt", "--dry-run", "--json")).Json;
        await ExecuteAsync("""
            DELETE FROM deployment_stages WHERE id::text LIKE '%1_';
            DELETE FROM deployment_containers WHERE id::text LIKE '%1_';
            DELETE FROM users WHERE id::text LIKE '%1_';
            """);
        var run = (await RunAsync("adopt", "--json", "--keep-json")).Json;

        var obstacle = dry.GetProperty("obstacles")[0];
        var change = dry.GetProperty("changes").EnumerateArray().Single(c => c.GetProperty("name").GetString() == "adopt_users.sql");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(dry.GetProperty("found").GetString(), Does.Contain("Alembic"));
            Assert.That(dry.GetProperty("alembicRevision").GetString(), Is.EqualTo("a1b2c3d4e5f6"));
            Assert.That(dry.GetProperty("stamped").GetInt32(), Is.EqualTo(2));
            Assert.That(change.GetProperty("description").GetString(), Is.EqualTo("4 defaults; key users_email_key"));
            Assert.That(change.GetProperty("sql").GetString(), Does.Contain("USING INDEX ix_users_email"));
            Assert.That(dry.GetProperty("scripts")[0].GetString(), Is.EqualTo("0003_add_log_sequence.sql"));
            Assert.That(dry.GetProperty("kept")[0].GetString(), Is.EqualTo("column users.nickname"));
            Assert.That(obstacle.GetProperty("before").GetString(), Is.EqualTo("0010_add_deployment_stages_name_key.sql"));
            Assert.That((string[])["what", "query", "hint"],
                Is.All.Matches<string>(name => obstacle.GetProperty(name).GetString()!.Length > 0));
            Assert.That(dry.TryGetProperty("steps", out _), Is.False);
            Assert.That((run.GetProperty("from").GetInt32(), run.GetProperty("to").GetInt32()), Is.EqualTo((0, Head)));
            Assert.That(run.GetProperty("steps")[0].GetProperty("script").GetString(), Is.EqualTo("adopt_extension.sql"));
            Assert.That(run.GetProperty("steps")[0].GetProperty("version").GetInt32(), Is.Zero);
            Assert.That(await ListAsync("SELECT data_type FROM information_schema.columns WHERE column_name = 'payload_json'"),
                Is.EqualTo(new[] { "json" }));
        }
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
