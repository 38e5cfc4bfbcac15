using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The file <c>autostack-db.json</c>.</summary>
public sealed class ConfigurationTests : MigrationTests
{
    private const string Valid = """
        {
          // Comments are allowed.
          "environments": { "test": { "connectionVariable": "BILLING_TEST" }, "production": { "connectionVariable": "BILLING" } },
          "scriptSets": { "billing": "db/billing" },
        }
        """;

    private Folder folder = null!;

    [SetUp]
    public void CreateFolder() => folder = Folder.WithBilling();

    [TearDown]
    public void RemoveFolder() => folder.Dispose();

    [Test]
    public async Task The_file_names_database_and_sets()
    {
        await StartAtAsync(Head);
        folder.Configure(Valid);

        var run = await RunAsync(folder.Root, "upgrade", "-e", "test");
        var elsewhere = await RunAsync(
            Path.GetTempPath(), "current", "--environment", "test", "--config", Path.Combine(folder.Root, "autostack-db.json"));
        var revision = await RunAsync(folder.Root, "revision", "--set", "billing", "-m", "add x");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.Code, run.Error), Is.EqualTo((0, "")));
            Assert.That(run.Output, Does.Contain("billing 0 → 2"));
            Assert.That(elsewhere.Output, Does.Contain("billing 2 (0002_add_invoices_cents_index), up to date"));
            Assert.That(revision.Output, Does.Contain("0003_add_x.sql"));
        }
    }

    [TestCase("production", "The environment production reads its connection string from the variable BILLING, which is not set.")]
    [TestCase("staging", "autostack-db.json has no environment of that name; it has test, production.")]
    public async Task A_wrong_environment_is_named(string environment, string message)
    {
        folder.Configure(Valid);

        var run = await RunAsync(folder.Root, "current", "-e", environment);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, message)));
    }

    [TestCase("--connection", "Host=localhost")]
    [TestCase("--connection-file", "file")]
    public async Task An_environment_excludes_a_connection(params string[] args)
    {
        folder.Configure(Valid);

        var run = await RunAsync(folder.Root, ["current", "-e", "test", .. args]);

        Assert.That((run.Code, run.Error.Trim()),
            Is.EqualTo((2, "--environment excludes --connection and --connection-file.")));
    }

    [TestCase("""{ "sets": {} }""", "sets is unknown; known are environments, scriptSets.")]
    [TestCase("""{ "environments": { "a": { "variable": "X" } } }""",
        "environments.a.variable is unknown; known are connectionVariable.")]
    [TestCase("""{ "environments": { "a": { "connection": "Host=x;Password=secret" } } }""",
        "environments.a.connection: This file is committed")]
    [TestCase("""{ "environments": { "a": { "connectionString": "x" } } }""", "environments.a.connectionString: This file is committed")]
    [TestCase("""{ "environments": { "a": { "password": "secret" } } }""", "environments.a.password: This file is committed")]
    [TestCase("""{ "environments": { "a": { "connectionVariable": "postgresql://ada:secret@x/y" } } }""",
        "environments.a.connectionVariable is not the name of a variable. This file is committed")]
    [TestCase("""{ "environments": { "a": {} } }""", "environments.a lacks connectionVariable")]
    [TestCase("""{ "environments": { "a": "X" } }""", "environments.a is a text; an object is expected.")]
    [TestCase("""{ "environments": [] }""", "environments is a list; an object is expected.")]
    [TestCase("""{ "scriptSets": { "billing": 1 } }""", "scriptSets.billing is a number; a text is expected: the folder of the scripts.")]
    [TestCase("""{ "scriptSets": { "billing": " " } }""", "scriptSets.billing is empty")]
    [TestCase("""{ "scriptSets": { "billing": "a", "billing": "b" } }""", "scriptSets.billing is there twice.")]
    [TestCase("[]", "the file is a list; an object is expected.")]
    [TestCase("{\n  \"scriptSets\": {\n", "line 3, column 1: the file is not valid JSON.")]
    public async Task A_wrong_file_is_refused_with_the_place(string json, string message)
    {
        folder.Configure(json);

        var run = await RunAsync(folder.Root, "current", "-e", "a");

        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error, Does.StartWith("autostack-db.json").And.Contain(message).And.Not.Contain("secret"));
    }

    [Test]
    public async Task A_missing_file_is_named_when_it_is_needed()
    {
        var config = await RunAsync(folder.Root, "current", "--config", "other.json");
        var environment = await RunAsync(folder.Root, "current", "-e", "test");

        Assert.That((config.Code, config.Error.Trim()), Is.EqualTo((2, "--config: the file does not exist.")));
        Assert.That(environment.Code, Is.EqualTo(2));
        Assert.That(environment.Error, Does.Contain("--environment needs autostack-db.json in the working directory, or --config."));
    }

    private async Task<ConsoleRun> RunAsync(string directory, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var host = new CliHost(output, error, TextReader.Null, name => name == "BILLING_TEST" ? ConnectionString : null)
        {
            Directory = directory,
        };
        return new ConsoleRun(await AutoStackDb.RunAsync(args, host, Token), output.ToString(), error.ToString());
    }
}
