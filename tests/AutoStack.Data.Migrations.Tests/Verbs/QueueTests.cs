using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The verbs <c>queue pause</c>, <c>queue resume</c> and <c>queue status</c>.</summary>
public sealed class QueueTests : MigrationTests
{
    private const string Project = "019b2f6e-0000-7000-8000-000000000001";

    [SetUp]
    public async Task StartAtHeadAsync()
    {
        await StartAtAsync(Head);
        await ExecuteAsync($"""
            INSERT INTO users (id, name, email) VALUES ('{Project}', 'Ada', 'ada@example.com');
            INSERT INTO projects (id, user_id, name, repository) VALUES ('{Project}', '{Project}', 'site', 'ada/site');
            INSERT INTO deployments (project_id, user_id) SELECT '{Project}', '{Project}' FROM generate_series(1, 3);
            INSERT INTO deployments (project_id, user_id, queue_place)
            SELECT '{Project}', '{Project}', 4611686018427387904 + extract(epoch FROM timestamp '2030-01-02 03:04:05')::bigint * 1000
            """);
    }

    [Test]
    public async Task The_queue_and_a_project_are_paused_shown_and_resumed()
    {
        var pause = await RunAsync("queue", "pause", "--by", "Ada", "--reason", "maintenance");
        var again = await RunAsync("queue", "pause", "--project", Project, "--by", "Ada", "--json");
        var status = await RunAsync("queue", "status");
        var resume = await RunAsync("queue", "resume", "--json");

        Assert.That(pause.Code, Is.Zero, pause.Error);
        Assert.That(pause.Output, Does.StartWith("Paused.\n")
            .And.Match(@"waiting +3\npaused +0\nscheduled +1, the next one at 2030-01-02 03:04:05Z\n")
            .And.Match(@"the whole queue +\S+ \S+ +Ada +maintenance"));
        Assert.That(
            (again.Json.GetProperty("outcome").GetString(), again.Json.GetProperty("waiting").GetInt32(),
                again.Json.GetProperty("paused").GetInt32(), again.Json.GetProperty("pauses")[1].GetProperty("projectId").GetString()),
            Is.EqualTo(("paused", 0, 3, Project)));
        Assert.That(status.Output, Does.Match($@"the whole queue .*\n *{Project} +\S+ \S+ +Ada"));
        Assert.That(resume.Json.GetProperty("outcome").GetString(), Is.EqualTo("resumed"));
        Assert.That(resume.Json.GetProperty("pauses").GetArrayLength(), Is.EqualTo(1));
        Assert.That((await RunAsync("queue", "resume")).Output, Does.StartWith("Not paused"));
        Assert.That((await RunAsync("queue", "pause", "--project", Project)).Output, Does.StartWith("Already paused"));
    }

    [TestCase(1, "There is no project", "--project", "019b2f6e-0000-7000-8000-000000000002")]
    [TestCase(2, "--project is the id", "--project", "site")]
    [TestCase(2, "--by is blank", "--by", " ")]
    public async Task Wrong_arguments_are_told_and_pause_nothing(int code, string message, params string[] arguments)
    {
        var run = await RunAsync(["queue", "pause", .. arguments]);

        Assert.That(run.Code, Is.EqualTo(code), run.Error);
        Assert.That(run.Error, Does.Contain(message));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM queue_pauses"), Is.Zero);
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
