using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>Errors contain values of rows only on request.</summary>
public sealed class WithheldValueTests : MigrationTests
{
    private const string Value = "ada@secret.example";

    [TestCase("CREATE UNIQUE INDEX people_key ON people (email)", "23505", "people_key")]
    [TestCase("ALTER TABLE people ADD CONSTRAINT people_check CHECK (email NOT LIKE 'ada%')", "23514", "people_check")]
    [TestCase("INSERT INTO people VALUES ('ada@secret.example', 2), ('ada@secret.example', NULL)", "23502", "people")]
    [TestCase("ALTER TABLE people ADD CONSTRAINT people_fkey FOREIGN KEY (n) REFERENCES others (id)", "23503", "people_fkey")]
    [TestCase("ALTER TABLE people ALTER COLUMN email TYPE int USING email::int", "22P02", null)]
    [TestCase("ALTER TABLE people ALTER COLUMN email TYPE jsonb USING email::jsonb", "22P02", null)]
    [TestCase("UPDATE people SET n = ('9' || repeat('9', 20))::int WHERE email = 'ada@secret.example'", "22003", null)]
    [TestCase("ALTER TABLE people ALTER COLUMN email TYPE timestamp USING email::timestamp", "22007", null)]
    [TestCase("DO $$ BEGIN RAISE 'Row % is wrong', (SELECT p.email FROM people p LIMIT 1); END $$", "P0001", null)]
    [TestCase("DO $$ BEGIN RAISE 'wrong' USING DETAIL = (SELECT p.email FROM people p LIMIT 1), HINT = (SELECT p.email FROM people p " +
        "LIMIT 1); END $$", "P0001", null)]
    [TestCase("DO $$ BEGIN RAISE 'wrong' USING ERRCODE = '42704', DETAIL = (SELECT p.email FROM people p LIMIT 1); END $$", "42704", null)]
    [TestCase("SELECT xmlparse(document p.email) FROM people p", "2200M", null)]
    [TestCase("SELECT p.email::regclass FROM people p", "3F000", null)]
    [TestCase("SELECT quote_ident(p.email)::regclass FROM people p", "42P01", null)]
    [TestCase("SELECT ('a.b.c.' || p.email)::regclass FROM people p", "42601", null)]
    [TestCase("DO $$ BEGIN EXECUTE (SELECT p.email FROM people p LIMIT 1); END $$", "42601", null)]
    [TestCase("DO $$ BEGIN EXECUTE format('SELECT * FROM %I', (SELECT p.email FROM people p LIMIT 1)); END $$", "42P01", null)]
    [TestCase("DO $$ BEGIN EXECUTE format('SELECT %s()', (SELECT replace(p.email, '@', '.') FROM people p LIMIT 1)); END $$", "0A000",
        null)]
    [TestCase("DO $$ BEGIN EXECUTE format('SELECT %s()', (SELECT split_part(p.email, '@', 1) FROM people p LIMIT 1)); END $$", "42883",
        null)]
    [TestCase("DO $$ BEGIN EXECUTE format('DROP ROLE %I', (SELECT p.email FROM people p LIMIT 1)); END $$", "42704", null)]
    [TestCase("SELECT pg_catalog.pg_read_file(p.email) FROM people p", "58P01", null)]
    [TestCase("SELECT pg_catalog.has_table_privilege(p.email, 'people', 'select') FROM people p", "42704", null)]
    [TestCase("SELECT pg_catalog.query_to_xml(p.email, true, false, '') FROM people p", "42601", null)]
    public async Task Errors_show_values_only_on_request(string sql, string state, string? names)
    {
        await ExecuteAsync($"CREATE TABLE others (id int PRIMARY KEY); CREATE TABLE people (email text, n int NOT NULL); INSERT INTO " +
            $"people VALUES ('{Value}', 1), ('{Value}', 1)");
        var scripts = Scripts(sql);

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;
        var rehearsed = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).RehearseUpgradeAsync(cancellationToken: Token))!;
        var shown = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(scripts, new SchemaMigratorOptions { ShowValues = true }).UpgradeAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            // ToString, which a logger writes, includes the inner exceptions.
            Assert.That($"{failure} {rehearsed}", Does.Not.Contain(Value).And.Not.Contain("ada").And.Not.Contain("99999"));
            Assert.That(failure.Message, Does.Contain(state).And.Contain("0001_run_test.sql").And.Contain(names ?? ""));
            Assert.That(shown.InnerException, Is.InstanceOf<PostgresException>());
        }
    }

    [TestCase("SELECT nope FROM people", "column \"nope\" does not exist")]
    [TestCase("DROP TABLE nope", "table \"nope\" does not exist")]
    [TestCase("SELEC 1", "syntax error at or near \"SELEC\"")]
    [TestCase("SELECT nope(n) FROM people", "function nope(integer) does not exist")]
    [TestCase("DROP FUNCTION nope(int)", "function nope(integer) does not exist")]
    [TestCase("SELECT n = email FROM people", "operator does not exist: integer = text")]
    [TestCase("DO $$ BEGIN PERFORM nope FROM people; END $$", "column \"nope\" does not exist")]
    [TestCase("ALTER TABLE people ADD COLUMN n int", "column \"n\" of relation \"people\" already exists")]
    public async Task An_error_about_names_of_the_script_is_shown(string sql, string message)
    {
        await ExecuteAsync("CREATE TABLE people (email text, n int NOT NULL)");

        var options = new SchemaMigratorOptions { IgnoreObstacles = true };
        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(Scripts(sql), options).UpgradeAsync(cancellationToken: Token))!;

        Assert.That(failure.Message, Does.Contain(message));
    }

    [Test]
    public async Task A_message_contained_in_the_script_is_shown()
    {
        var scripts = Scripts("DO $$ BEGIN RAISE 'It''s not the time for this'; END $$");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator(scripts).UpgradeAsync(cancellationToken: Token))!;

        Assert.That(failure.Message, Does.Contain("It's not the time for this (P0001)"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task The_console_shows_values_only_with_the_option(bool json)
    {
        await StartAtAsync(11);
        await ExecuteAsync($"INSERT INTO users (name, email) VALUES ('a', '{Value}'), ('b', '{Value.ToUpperInvariant()}')");
        string[] args = ["upgrade", "--ignore-obstacles", .. json ? ["--json"] : Array.Empty<string>()];

        var withheld = await ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
        var shown = await ConsoleRun.StartAsync([.. args, "--show-values"], connection: ConnectionString, cancellationToken: Token);

        Assert.That((withheld.Code, shown.Code), Is.EqualTo((1, 1)));
        Assert.That(withheld.Output + withheld.Error,
            Does.Not.Contain(Value).And.Contain("23505").And.Contain("users_lower_email_key").And.Contain("--show-values"));
        Assert.That(shown.Output + shown.Error, Does.Contain(Value));
    }
}
