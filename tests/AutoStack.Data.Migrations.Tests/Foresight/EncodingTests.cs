using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>A database whose encoding is not UTF8 is refused before its first script, by every verb that would upgrade it.</summary>
public sealed class EncodingTests : MigrationTests
{
    private readonly string name = "encoding_" + Guid.NewGuid().ToString("N")[..12];

    private string Connection => new NpgsqlConnectionStringBuilder(ConnectionString) { Database = name }.ConnectionString;

    [TearDown]
    public Task DropOtherAsync() => ExecuteAsync($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");

    [TestCase("LATIN1")]
    [TestCase("SQL_ASCII")]
    [TestCase("EUC_JP")]
    public async Task Another_encoding_is_an_obstacle_of_every_upgrade(string encoding)
    {
        await CreateAsync(encoding);

        foreach (var args in new string[][] { ["upgrade"], ["upgrade", "--dry-run"], ["upgrade", "--rehearse", "--yes"] })
        {
            var run = await RunAsync(args);
            Assert.That(run.Code, Is.EqualTo(1), run.Output);
            Assert.That(run.Output + run.Error, Does.Contain($"The encoding of the database is {encoding}, which")
                .And.Contain("pg_dump --encoding=UTF8"));
        }

        var plan = await RunAsync("upgrade", "--dry-run", "--json");
        Assert.That(plan.Json.GetProperty("obstacles")[0].GetProperty("kind").GetString(), Is.EqualTo("encoding"));
        Assert.That(await CountTablesAsync(), Is.Zero);
    }

    [Test]
    public async Task The_obstacle_is_real()
    {
        await CreateAsync("LATIN1");

        var run = await RunAsync("upgrade", "--ignore-obstacles");

        Assert.That((run.Code, run.Error), Is.EqualTo((1, run.Error)));
        Assert.That(run.Error, Does.Contain("22P05"));
    }

    [Test]
    public async Task A_database_of_the_services_with_another_encoding_is_not_adopted()
    {
        await CreateAsync("LATIN1");
        await using (var other = NpgsqlDataSource.Create(Connection))
        {
            await using var command = other.CreateCommand(SchemaMigrator.Scripts[0].Up.Sql + SchemaMigrator.Scripts[1].Up.Sql);
            await command.ExecuteNonQueryAsync(Token);
        }

        var plan = await RunAsync("adopt", "--dry-run");
        var tables = await CountTablesAsync();
        var run = await RunAsync("adopt", "--json");

        Assert.That((plan.Code, run.Code), Is.EqualTo((1, 1)), plan.Output + run.Output);
        Assert.That(plan.Output, Does.Contain("The encoding of the database is LATIN1"));
        Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("obstacles"));
        Assert.That(await CountTablesAsync(), Is.EqualTo(tables), "no journal either");
    }

    [Test]
    public async Task A_downgrade_is_possible_in_every_encoding()
    {
        await CreateAsync("LATIN1");
        await RunAsync("upgrade", "2", "--ignore-obstacles");

        var run = await RunAsync("downgrade", "1", "--yes");

        Assert.That(run.Code, Is.Zero, run.Error);
    }

    [TestCase("LATIN1")]
    [TestCase("SQL_ASCII")]
    public async Task Create_makes_no_database_that_upgrade_would_refuse(string encoding)
    {
        var run = await RunAsync("create", "--encoding", encoding);

        Assert.That((run.Code, run.Error.Trim()),
            Is.EqualTo((2, "--encoding is UTF8: the schema stores texts of all languages.")));
        await CreateAsync(encoding);
        var there = await RunAsync("create", "--if-not-exists", "--json");
        Assert.That(there.Code, Is.EqualTo(1));
        Assert.That(there.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("encoding"));
    }

    [TestCase("utf-8")]
    [TestCase("UTF8")]
    public async Task Create_accepts_every_spelling_of_UTF8(string encoding)
    {
        var run = await RunAsync("create", "--encoding", encoding);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(await ScalarAsync<string>($"SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = '{name}'"),
            Is.EqualTo("UTF8"));
    }

    private Task CreateAsync(string encoding) =>
        ExecuteAsync($"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'");

    private async Task<long> CountTablesAsync()
    {
        await using var other = NpgsqlDataSource.Create(Connection);
        await using var command = other.CreateCommand("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
        return (long)(await command.ExecuteScalarAsync(Token))!;
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: Connection, cancellationToken: Token);
}
