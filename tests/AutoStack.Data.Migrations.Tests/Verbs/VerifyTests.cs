using System.Security.Cryptography;
using AutoStack.Data.Integrity;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Migrations.Tests.Verbs;

public sealed class VerifyTests : MigrationTests
{
    [SetUp]
    public Task StartAsync() => StartAtAsync(Head);

    [Test]
    public async Task Sound_data_is_printed_check_by_check()
    {
        var run = await RunAsync("verify");
        Assert.That(run.Code, Is.Zero, run.Output + run.Error);
        foreach (var check in VerificationOptions.CheckNames)
        {
            Assert.That(run.Output, Does.Contain($"{check} "));
        }

        Assert.That(run.Output, Does.Match(@"1 remark|\d remarks: [^:]+:\d+, database autostack"));
        Assert.That(
            run.Output, Does.Contain("information index-structure: amcheck: not checked to the end: the extension is not installed."));
    }

    [Test]
    public async Task Errors_and_warnings_have_their_exit_codes_and_are_in_the_JSON()
    {
        await ExecuteAsync("INSERT INTO users (name, email, password_hash) VALUES ('Ada', 'ada@example.com', 'x')");
        var run = await RunAsync("verify", "--json", "--check", "hash-form", "--check", "text-value");
        Assert.That(run.Code, Is.EqualTo(8), run.Error);
        Assert.That(run.Json.GetProperty("sound").GetBoolean(), Is.False);
        Assert.That(run.Json.GetProperty("database").GetString(), Does.Contain("database "));
        Assert.That(run.Json.GetProperty("checks").EnumerateArray().Select(check => check.GetProperty("check").GetString()),
            Is.EqualTo(["hash-form", "text-value"]));
        var finding = run.Json.GetProperty("findings").EnumerateArray().Single();
        Assert.That(finding.GetProperty("rule").GetString(), Is.EqualTo("hash-form"));
        Assert.That(finding.GetProperty("severity").GetString(), Is.EqualTo("error"));

        await ExecuteAsync(
            "UPDATE users SET password_hash = NULL; INSERT INTO user_preferences (user_id, theme) SELECT id, 'pink' FROM users");
        Assert.That((await RunAsync("verify", "--check", "text-value")).Code, Is.EqualTo(7));
        var github = await RunAsync("verify", "--check", "text-value", "--format", "github");
        Assert.That((github.Code, github.Output), Is.EqualTo((7, github.Output)));
        Assert.That(github.Output, Does.StartWith("::warning "));
    }

    [Test]
    public async Task Secrets_open_with_the_keys_of_a_file()
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        await using (var services = new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = Database.ConnectionString;
                options.SecretKeys.Add(new SecretKey { Id = "k1", Secret = key });
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider())
        {
            var user = await services.GetRequiredService<Accounts.IUserRepository>().AddAsync(
                new Accounts.NewUser { Name = "Ada", Email = "ada@example.com" }, Token);
            var project = await services.GetRequiredService<IProjectRepository>().AddAsync(
                new NewProject { UserId = user.Id, Name = "site", Repository = "ada/site" }, Token);
            await services.GetRequiredService<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, user.Id, Secret.From("A=1"), Token);
        }

        var folder = Directory.CreateTempSubdirectory();
        try
        {
            var (right, wrong) = (Path.Combine(folder.FullName, "right"), Path.Combine(folder.FullName, "wrong"));
            await File.WriteAllTextAsync(right, $"k1={key}\n", Token);
            await File.WriteAllTextAsync(wrong, $"k2={Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}\n", Token);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(right, UnixFileMode.UserRead | UnixFileMode.UserWrite);
                File.SetUnixFileMode(wrong, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            Assert.That((await RunAsync("verify", "--check", "secret", "--keys", right)).Output, Does.Contain("No findings: "));
            var failed = await RunAsync("verify", "--check", "secret", "--keys", wrong);
            Assert.That(failed.Code, Is.EqualTo(8));
            Assert.That(failed.Output, Does.Contain("a value does not open; it names the key 'k1': ").And.Not.Contain("enc:v2"));
            Assert.That((await RunAsync("verify", "--check", "secret")).Output, Does.Contain("no key is given"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [TestCase("--check 'nothing' is not a check", "--check", "nothing")]
    [TestCase("--sample is a part above 0% and up to 100%", "--sample", "0%")]
    [TestCase("--sample is a part above 0% and up to 100%", "--sample", "0.5")]
    [TestCase("--all and --sample exclude each other", "--all", "--sample", "1%")]
    [TestCase("--statement-timeout is a whole number of seconds", "--statement-timeout", "0")]
    public async Task Wrong_arguments_are_named(string message, params string[] args)
    {
        var run = await RunAsync(["verify", .. args]);
        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Error.Replace("--check: ", "--check ", StringComparison.Ordinal), Does.Contain(message));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: Database.ConnectionString, cancellationToken: Token);
}
