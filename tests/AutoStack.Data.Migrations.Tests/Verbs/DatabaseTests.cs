using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary><c>create</c> and <c>drop</c> on the test server.</summary>
public sealed class DatabaseTests : MigrationTests
{
    // With a quotation mark: no name may become SQL.
    private readonly string name = $"shop \"{Guid.NewGuid():N}\"; it's";

    private readonly string keeper = $"shopkeeper_{Guid.NewGuid():N}";

    private string Shop => new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name, Pooling = false }.ConnectionString;

    [TearDown]
    public async Task DropAsync()
    {
        await ExecuteAsync($"DROP DATABASE IF EXISTS {Quoted} WITH (FORCE)");
        await ExecuteAsync($"DROP ROLE IF EXISTS {keeper}");
    }

    [Test]
    public async Task Create_creates_an_empty_database_and_upgrade_its_tables()
    {
        var created = await RunAsync("create", "--json");
        var upgraded = await RunAsync("upgrade");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((created.Code, upgraded.Code), Is.EqualTo((0, 0)), created.Error + upgraded.Error);
            Assert.That(created.Json.GetProperty("database").GetString(), Is.EqualTo(name));
            Assert.That(created.Json.GetProperty("created").GetBoolean(), Is.True);
            Assert.That(created.Json.GetProperty("encoding").GetString(), Is.EqualTo("UTF8"));
        }
    }

    [Test]
    public async Task Create_sets_owner_and_locale()
    {
        await ExecuteAsync($"CREATE ROLE {keeper}");

        var run = await RunAsync("create", "--owner", keeper, "--locale", "C");

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Output, Does.Contain($"owner {keeper}, encoding UTF8, locale C (libc)"));
    }

    [Test]
    public async Task Create_sets_an_ICU_locale_where_the_server_has_it()
    {
        var run = await RunAsync("create", "--icu-locale", "und");

        if (await ScalarAsync<int>("SELECT current_setting('server_version_num')::int") < 150_000)
        {
            Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
            Assert.That(run.Error, Does.Contain("--icu-locale needs PostgreSQL 15"));
        }
        else if (run.Error.Contains("ICU is not supported", StringComparison.Ordinal))
        {
            Assert.Ignore("The server was built without ICU.");
        }
        else
        {
            Assert.That(run.Code, Is.Zero, run.Error);
            Assert.That(run.Output, Does.Contain("(icu)"));
        }
    }

    [Test]
    public async Task An_existing_database_is_an_error_or_enough()
    {
        await RunAsync("create");

        var again = await RunAsync("create", "--json");
        var enough = await RunAsync("create", "--if-not-exists");

        Assert.That((again.Code, enough.Code), Is.EqualTo((1, 0)));
        Assert.That(again.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("exists"));
        Assert.That(enough.Output, Does.StartWith("There is already the database"));
    }

    [Test]
    public async Task A_role_that_may_not_create_databases_gets_the_missing_right_named()
    {
        await ExecuteAsync($"CREATE ROLE {keeper} LOGIN PASSWORD 's3cret-pass'");
        var connection = new NpgsqlConnectionStringBuilder(Shop) { Username = keeper, Password = "s3cret-pass" }.ConnectionString;

        var run = await ConsoleRun.StartAsync(["create"], connection: connection, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(1));
        Assert.That(run.Error, Does.Contain("CREATEDB").And.Not.Contain("s3cret"));
    }

    [TestCase("create")]
    [TestCase("drop", "--confirm", "postgres")]
    public async Task The_databases_of_the_server_itself_are_refused(params string[] args)
    {
        var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Database = "postgres" }.ConnectionString;

        var run = await ConsoleRun.StartAsync(args, connection: connection, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(ExitCode.Usage));
        Assert.That(run.Error, Does.Contain("belongs to the server"));
    }

    [Test]
    public async Task Drop_asks_for_the_name()
    {
        await RunAsync("create");

        var wrong = await ConsoleRun.StartAsync(["drop"], connection: Shop, answer: "yes", cancellationToken: Token);
        var still = await ExistsAsync();
        var right = await ConsoleRun.StartAsync(["drop"], connection: Shop, answer: name, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((wrong.Code, still, right.Code, await ExistsAsync()), Is.EqualTo((1, true, 0, false)));
            Assert.That(wrong.Error, Does.Contain("loses all its data").And.Contain("Type its name").And.Contain("Nothing was changed"));
        }
    }

    [Test]
    public async Task Drop_changes_nothing_when_nobody_can_answer()
    {
        await RunAsync("create");

        var run = await RunAsync("drop");

        Assert.That((run.Code, await ExistsAsync()), Is.EqualTo((ExitCode.Usage, true)));
        Assert.That(run.Error, Does.Contain("--confirm NAME"));
    }

    [Test]
    public async Task Drop_refuses_while_sessions_are_on_the_database_and_force_ends_them()
    {
        await RunAsync("create");
        await using var session = new NpgsqlConnection(
            new NpgsqlConnectionStringBuilder(Shop) { ApplicationName = "the shop" }.ConnectionString);
        await session.OpenAsync(Token);

        var refused = await RunAsync("drop", "--confirm", name, "--json");
        var still = await ExistsAsync();
        var forced = await RunAsync("drop", "--confirm", name, "--force");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((refused.Code, still, forced.Code, await ExistsAsync()), Is.EqualTo((1, true, 0, false)), forced.Error);
            Assert.That(refused.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("inUse"));
            Assert.That(refused.Error, Does.Contain($"pid {session.ProcessID}").And.Contain("the shop").And.Contain("--force"));
        }
    }

    [Test]
    public async Task Dropping_a_database_that_is_not_there_is_an_error_or_enough()
    {
        var missing = await RunAsync("drop", "--confirm", name, "--json");
        var enough = await RunAsync("drop", "--confirm", name, "--if-exists", "--json");

        Assert.That((missing.Code, enough.Code), Is.EqualTo((1, 0)));
        Assert.That(missing.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("missing"));
        Assert.That(enough.Json.GetProperty("dropped").GetBoolean(), Is.False);
    }

    private string Quoted => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private Task<bool> ExistsAsync() =>
        ScalarAsync<bool>($"SELECT EXISTS (SELECT FROM pg_database WHERE datname = '{name.Replace("'", "''", StringComparison.Ordinal)}')");

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: Shop, cancellationToken: Token);
}
