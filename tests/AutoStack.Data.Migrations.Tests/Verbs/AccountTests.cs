using System.Text.Json;
using System.Text.Json.Nodes;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The verb <c>account export</c>.</summary>
public sealed class AccountTests : MigrationTests
{
    private const string Ada = "019a0000-0000-7000-8000-000000000001";

    private string folder = "";

    [SetUp]
    public async Task StartAtHeadAsync()
    {
        await StartAtAsync(Head);
        await ExecuteAsync($"INSERT INTO users (id, name, email, password_hash) VALUES ('{Ada}', 'Ada', 'ada@example.com', 'hidden')");
        folder = Directory.CreateTempSubdirectory("account-").FullName;
    }

    [TearDown]
    public void Remove() => Directory.Delete(folder, recursive: true);

    [TestCase(Ada)]
    [TestCase("ADA@example.com")]
    public async Task An_account_is_exported_by_its_id_or_its_address(string user)
    {
        var file = Path.Combine(folder, "ada.jsonl");
        var run = await RunAsync("account", "export", user, "-o", file);
        var again = await RunAsync("account", "export", user, "-o", file, "--json");
        var lines = (await File.ReadAllLinesAsync(file, Token)).Select(line => JsonDocument.Parse(line).RootElement).ToList();

        Assert.That((run.Code, run.Output, run.Error), Is.EqualTo((0, $"3 lines in {file}.\n", "")));
        Assert.That(lines.Select(line => line.GetProperty("table").GetString()), Is.EqualTo(new[] { "export", "users", "end" }));
        Assert.That(await File.ReadAllTextAsync(file, Token), Does.Contain(Ada).And.Not.Contain("hidden"));
        if (!OperatingSystem.IsWindows())
        {
            Assert.That(File.GetUnixFileMode(file), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }

        Assert.That((again.Code, (string)JsonNode.Parse(again.Output)!["error"]!["kind"]!), Is.EqualTo((1, "notWritten")));
    }

    [TestCase("019a0000-0000-7000-8000-000000000002")]
    [TestCase("eve@example.com")]
    public async Task An_account_that_does_not_exist_leaves_no_file(string user)
    {
        var file = Path.Combine(folder, "eve.jsonl");
        var run = await RunAsync("account", "export", user, "-o", file);

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((1, $"There is no account {user}. Nothing was written.")));
        Assert.That(File.Exists(file), Is.False);
        Assert.That((await RunAsync("account", "export", user)).Code, Is.EqualTo(2), "without a file");
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
