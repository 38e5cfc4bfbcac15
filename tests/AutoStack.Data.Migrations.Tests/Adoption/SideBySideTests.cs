using System.Globalization;
using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Projects;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NpgsqlTypes;

namespace AutoStack.Data.Migrations.Tests.Adoption;

/// <summary>The Python services keep working beside the repositories after their database is adopted.</summary>
public sealed class SideBySideTests : AdoptionTestsBase
{
    private const string Url = "http://localhost:30777";
    private static readonly DateTimeOffset Now = new(2026, 2, 3, 4, 5, 6, TimeSpan.Zero);
    private static readonly DateTimeOffset Later = Now.AddMinutes(1);

    private readonly Dictionary<string, string> values = new()
    {
        ["email"] = "Octo@example.com",
        ["name"] = "Octo",
        ["hash"] = "$2b$12$KIXQKnXbDpVQyVQXW1o0Gu3Xx4d9vYQp0Ai3bJ0p9w3v0kZ2u1d2e",
        ["url"] = Url,
        ["githubId"] = "9001",
        ["googleId"] = "9002",
        ["token"] = "5f0f8a5e-6c0e-4b7e-9a55-2f1f3a4f5b60",
        ["nextToken"] = "6a1a9b6f-7d1f-4c8f-8b66-3a2a4b5a6c71",
        ["tokenHash"] = new string('a', 64),
        ["repository"] = "octo/site",
        ["now"] = Text(Now),
        ["later"] = Text(Later),
        ["body"] = """{"ref": "refs/heads/main", "commits": [{"message": "caf\u00e9"}]}""",
        ["headers"] = """{"x-github-delivery": "11111111-cc78-11e3-81ab-4c9367dc0958", "x-github-event": "push"}""",
    };

    [TestCase(Alembic, false)]
    [TestCase(CreateAll, false)]
    [TestCase(CreateAll, true)]
    [TestCase("create_all of older models", false)]
    public async Task Services_and_repositories_work_on_the_same_rows(string shape, bool keepJson)
    {
        await MakeAsync(shape);
        await Migrator().AdoptAsync(new AdoptionOptions { KeepJson = keepJson }, cancellationToken: Token);

        var statements = Resource.Text("python_statements.sql").Split("\n\n", StringSplitOptions.TrimEntries).Skip(1).ToList();
        Assert.That(statements, Has.Count.GreaterThan(90));
        foreach (var statement in statements)
        {
            await RunAsync(statement);
        }

        // The services have stored an environment in clear; a deployment takes it along encrypted.
        var key = new SecretKey { Id = "k1", Secret = Convert.ToBase64String(new byte[32]) };
        await using var provider = new ServiceCollection()
            .AddAutoStackData(Database.ConnectionString, options => options.SecretKeys.Add(key))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        T Get<T>()
            where T : notnull => provider.GetRequiredService<T>();
        var user = (await Get<IPlatformUserRepository>().FindByEmailAsync("octo@EXAMPLE.com", Token))!;
        var project = (await Get<IProjectRepository>().FindByRepositoryAsync(user.Id, "octo/site", Token))!;
        var details = (await Get<IDeploymentRepository>().FindDetailsAsync(Id("deployment"), user.Id, 100, Token))!;
        var payload = (await Get<IWebhookPayloadRepository>().FindAsync(Id("payload"), Token))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((user.Id, user.Name, user.Email), Is.EqualTo((Id("user"), "New name", "Octo@example.com")));
            Assert.That((project.Id, project.OutputDir, project.Runtime), Is.EqualTo((Id("project"), "build", ProjectRuntime.Docker)));
            Assert.That((details.Deployment.Status, details.Deployment.StartedAt, details.Deployment.CompletedAt),
                Is.EqualTo((DeploymentStatus.Failed, Now, Later)));
            Assert.That(details.Logs.Select(l => (l.Seq, l.Message)),
                Is.EqualTo(new[] { (1L, "line 1"), (2L, "line 2"), (3L, "line 3"), (4L, "[CONTAINER] up") }));
            Assert.That(details.Stages.Select(s => (s.Name, s.Status)), Is.EqualTo(new[] { (StageName.Queued, StageStatus.Completed) }));
            Assert.That(details.Containers.Select(c => (c.Port, c.Status)), Is.EqualTo(new[] { (30777, ContainerStatus.Stopped) }));
            Assert.That(details.HealthChecks.Select(h => (h.Url, h.IsLive)), Is.EqualTo(new[] { (Url, true) }));
            Assert.That((await Get<IDeploymentRuntimeLogRepository>().ListAsync(Id("deployment"), user.Id, Cursor.Start, 10, Token))
                .Items.Select(l => l.Message),
                Is.EqualTo(new[] { "out 1", "out 2" }));
            Assert.That((await Get<IUserPreferencesRepository>().FindAsync(user.Id, Token))!.Theme, Is.EqualTo(Theme.Dark));
            Assert.That(payload.PayloadJson.GetProperty("commits")[0].GetProperty("message").GetString(), Is.EqualTo("café"));
            Assert.That(payload.DeploymentId, Is.EqualTo(Id("pushed")));
            Assert.That(await Get<IDeploymentRepository>().FindAsync(Id("pushed"), user.Id, Token), Is.Null, "deleted");
        }

        // The services read what the repositories write, and vice versa: a delivery that the services have stored is not new.
        await Get<IPlatformDeploymentLogRepository>().AppendAsync(Id("deployment"), [new NewDeploymentLog { Message = "ours" }], Token);
        await RunAsync("-- a line more → 1\n" + statements.Single(s => s.StartsWith("-- L4", StringComparison.Ordinal))
            .Split('\n', 2)[1].Replace("@line4", "@line5", StringComparison.Ordinal));
        var deployment = (await Get<IDeploymentRepository>()
            .EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = user.Id, Branch = "main" }, Token))!;
        await Get<IPlatformDeploymentStageRepository>().StartAsync(DeploymentClaim.WithoutLease(deployment.Id), StageName.Cloning, Token);
        var again = await Get<IWebhookPayloadRepository>().StoreAsync(
            new NewWebhookPayload { Provider = WebhookProvider.GitHub, PayloadJson = payload.PayloadJson, Headers = payload.Headers },
            Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await ListAsync(
                $"SELECT seq || message FROM deployment_logs WHERE deployment_id = '{Id("deployment")}' AND seq > 4 ORDER BY seq"),
                Is.EqualTo(new[] { "5ours", "6[CONTAINER] up" }));
            Assert.That(await ListAsync(
                $"SELECT stage_name FROM deployment_stages WHERE deployment_id = '{deployment.Id}' AND stage_name = 'cloning'"),
                Has.Count.EqualTo(1));
            Assert.That((again.Outcome, again.PayloadId), Is.EqualTo((WebhookStoreOutcome.Duplicate, Id("payload"))));
        }
    }

    private static string Text(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture);

    /// <summary>The id for the name of a parameter.</summary>
    private static Guid Id(string name) => new(System.Text.Encoding.ASCII.GetBytes(name.PadRight(16)), bigEndian: true);

    private async Task RunAsync(string statement)
    {
        var (head, sql) = statement.Split('\n', 2) is [var first, var rest] ? (first, rest) : throw new FormatException(statement);
        await using var command = Raw.CreateCommand(sql);
        foreach (var name in System.Text.RegularExpressions.Regex.Matches(sql, @"@(\w+)").Select(m => m.Groups[1].Value).Distinct())
        {
            // Text without a type; the cast in the statement sets it.
            command.Parameters.Add(
                new NpgsqlParameter(name, NpgsqlDbType.Unknown) { Value = values.GetValueOrDefault(name) ?? Id(name).ToString() });
        }

        await using var reader = await command.ExecuteReaderAsync(Token);
        var rows = 0;
        while (await reader.ReadAsync(Token))
        {
            rows++;
        }

        await reader.CloseAsync();
        Assert.That(sql.StartsWith("SELECT", StringComparison.Ordinal) ? rows : Math.Max(0, reader.RecordsAffected),
            Is.EqualTo(int.Parse(head.Split('→')[1], CultureInfo.InvariantCulture)), head);
    }
}
