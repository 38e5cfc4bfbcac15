using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>The list of functions that are not volatile is that of the servers: the one of the run, and each release at hand.</summary>
public sealed class LintFunctionTests
{
    private const string Names = """
        SELECT proname, bool_or(provolatile <> 'v') FROM pg_proc
        WHERE pronamespace IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) GROUP BY proname
        UNION ALL
        SELECT word, true FROM pg_get_keywords() WHERE catcode IN ('C', 'R')
        """;

    private static readonly string[] Releases = ["14.23.0-beta.17", "16.14.0-beta.17", "17.10.0-beta.17", "18.4.0-beta.17"];

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    [OneTimeSetUp]
    public async Task RegenerateAsync()
    {
        if (Environment.GetEnvironmentVariable("AUTOSTACK_REGENERATE") is null or "")
        {
            return;
        }

        List<(string Name, bool NotVolatile)> names = [.. await NamesAsync(TestServer.Current)];
        foreach (var release in Releases)
        {
            await using var server = await StartAsync(release);
            names.AddRange(await NamesAsync(server));
        }

        var lines = Functions.Lines().TakeWhile(line => line.StartsWith('#'))
            .Concat(names.Where(name => name.NotVolatile).Select(name => name.Name).Distinct().Order(StringComparer.Ordinal));
        await File.WriteAllTextAsync(
            Path.Combine(SourceRoot.Path, "src", "AutoStack.Data.Cli", "Lint", "NotVolatile.txt"), string.Join('\n', lines) + "\n", Token);
        Assert.Ignore("NotVolatile.txt was written anew: build again.");
    }

    [Test]
    public async Task Every_function_of_the_server_that_is_not_volatile_is_listed() =>
        AssertListed(await NamesAsync(TestServer.Current));

    [TestCaseSource(nameof(Releases))]
    public async Task Every_function_of_another_release_that_is_not_volatile_is_listed(string release)
    {
        await using var server = await StartAsync(release);
        AssertListed(await NamesAsync(server));
    }

    [Test]
    public async Task No_name_is_listed_that_only_volatile_functions_have()
    {
        var volatileOnly = (await NamesAsync(TestServer.Current)).Where(name => !name.NotVolatile).Select(name => name.Name).ToList();

        Assert.That(volatileOnly, Does.Contain("random").And.Contain("nextval").And.Contain("gen_random_uuid"));
        Assert.That(Listed().Intersect(volatileOnly), Is.Empty);
    }

    private static IEnumerable<string> Listed() => Functions.Lines().Where(line => !line.StartsWith('#'));

    private static void AssertListed(IReadOnlyCollection<(string Name, bool NotVolatile)> names)
    {
        Assert.That(names, Has.Count.GreaterThan(2000));
        Assert.That(names.Where(name => name.NotVolatile).Select(name => name.Name).Except(Listed()), Is.Empty);
    }

    private static async Task<PostgresServer> StartAsync(string release)
    {
        try
        {
            return await PostgresServer.StartAsync(new PostgresServerOptions { NpmVersion = release }, Token);
        }
        catch (PostgresUnavailableException exception)
        {
            Assert.Ignore(exception.Message);
            throw;
        }
    }

    private static async Task<IReadOnlyCollection<(string Name, bool NotVolatile)>> NamesAsync(PostgresServer server)
    {
        await using var database = await server.CreateEmptyDatabaseAsync(Token);
        await using var source = Npgsql.NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand(Names);
        await using var reader = await command.ExecuteReaderAsync(Token);
        var names = new List<(string Name, bool NotVolatile)>();
        while (await reader.ReadAsync(Token))
        {
            names.Add((reader.GetString(0), reader.GetBoolean(1)));
        }

        return names;
    }
}
