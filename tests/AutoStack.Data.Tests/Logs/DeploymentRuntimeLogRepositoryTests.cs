using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Logs;

public sealed class DeploymentRuntimeLogRepositoryTests : DatabaseTests
{
    private static readonly DateTimeOffset Noon = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    [Test]
    public async Task Lines_read_back_as_their_source_reported_them()
    {
        var deployment = await EnqueueAsync();

        var stored = await AppendAsync(deployment, (3, "nul \0, half \ud83d, whole 🚀"), (1, ""), (2, "' \\ $1 @x %"));

        Assert.That(stored, Is.EqualTo(3));
        var page = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(
            page.Items.Select(l => (l.Seq, l.Message, l.Timestamp)),
            Is.EqualTo(new[]
            {
                (1L, "nul \uFFFD, half \uFFFD, whole 🚀", Noon.AddSeconds(3)),
                (2L, "", Noon.AddSeconds(1)),
                (3L, "' \\ $1 @x %", Noon.AddSeconds(2)),
            }));
        Assert.That(page.Items.Select(l => (l.Source, l.Level)), Is.All.EqualTo((RuntimeLogSource.Docker, (DeploymentLogLevel?)null)));
    }

    [Test]
    public async Task An_overlapping_tail_stores_only_new_lines()
    {
        var deployment = await EnqueueAsync();

        Assert.That(await AppendAsync(deployment, (1, "a"), (2, "b"), (2, "b"), (3, "c")), Is.EqualTo(4));
        Assert.That(
            await AppendAsync(deployment, (2, "b"), (3, "c"), (4, "b")),
            Is.EqualTo(1),
            "the same text at another time is another line");
        Assert.That(
            await AppendAsync(deployment, (2, "b"), (2, "b"), (2, "b"), (3, "c"), (4, "b")),
            Is.EqualTo(1),
            "three at once, two of them known");
        Assert.That(await AppendAsync(deployment, (1, "a"), (2, "b"), (2, "b"), (2, "b"), (3, "c"), (4, "b")), Is.Zero);

        Assert.That(await MessagesAsync(deployment), Is.EqualTo(new[] { "a", "b", "b", "c", "b", "b" }));
    }

    [Test]
    public async Task Equal_lines_of_other_sources_or_deployments_are_different_lines()
    {
        var deployment = await EnqueueAsync();
        var other = await EnqueueAsync();
        NewDeploymentRuntimeLog[] lines = [new(Noon, "a")];

        Assert.That(await PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, lines, Token), Is.EqualTo(1));
        Assert.That(await PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.System, lines, Token), Is.EqualTo(1));
        Assert.That(await PlatformRuntimeLogs.AppendAsync(other.Id, RuntimeLogSource.Docker, lines, Token), Is.EqualTo(1));
        Assert.That(await PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.From("DOCKER"), lines, Token), Is.Zero);
    }

    [Test]
    public async Task A_cut_or_cleaned_line_is_recognised_when_sent_again()
    {
        var deployment = await EnqueueAsync();
        var text = string.Concat(Enumerable.Repeat("🚀", 1_999)) + "\0" + "rest";
        var lines = new NewDeploymentRuntimeLog[] { new(Noon.AddTicks(9), text), new(Noon, new string('x', 1_000_000)) };

        Assert.That(await PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.K8s, lines, Token), Is.EqualTo(2));
        Assert.That(await PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.K8s, lines, Token), Is.Zero);

        var page = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(page.Items[0].Message, Is.EqualTo(text[..3998] + "\uFFFD"));
        Assert.That(page.Items[1].Message, Has.Length.EqualTo(DeploymentRuntimeLog.MaxMessageLength));
    }

    [Test]
    public async Task The_same_tail_sent_twice_at_once_is_stored_once()
    {
        var deployment = await EnqueueAsync();
        Task<int> again = null!;
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var first = await tx.Get<IPlatformDeploymentRuntimeLogRepository>().AppendAsync(
                deployment.Id, RuntimeLogSource.Docker, Lines((1, "a"), (1, "a")), ct);
            Assert.That(first, Is.EqualTo(2));
            again = AppendAsync(deployment, (1, "a"), (1, "a"), (2, "b"));
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await again, Is.EqualTo(1));
        Assert.That(await MessagesAsync(deployment), Is.EqualTo(new[] { "a", "a", "b" }));
    }

    [Test]
    public async Task No_reader_misses_a_late_commit_of_another_program()
    {
        var deployment = await EnqueueAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var insert = connection.CreateCommand())
        {
            insert.CommandText = $"""
                INSERT INTO deployment_runtime_logs (id, deployment_id, source, message, timestamp)
                VALUES (gen_random_uuid(), '{deployment.Id}', 'docker', 'python', now())
                """;
            await insert.ExecuteNonQueryAsync(Token);
        }

        var ours = AppendAsync(deployment, (1, "ours"));
        await UntilSomeoneWaitsAsync();
        Assert.That((await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token)).Items, Is.Empty);
        await transaction.CommitAsync(Token);
        await ours;

        Assert.That(await MessagesAsync(deployment), Is.EqualTo(new[] { "python", "ours" }));
    }

    [Test]
    public async Task A_log_is_read_forward_and_back_page_by_page()
    {
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, [.. Enumerable.Range(1, 5).Select(i => (i, $"{i}"))]);

        var first = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 3, Token);
        var second = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, first.After, 3, Token);
        var end = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, second.After, 3, Token);
        var tail = await RuntimeLogs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 2, Token);
        var back = await RuntimeLogs.ListTailAsync(deployment.Id, deployment.UserId, tail.Before, 9, Token);

        Assert.That(first.Items.Concat(second.Items).Select(l => l.Message), Is.EqualTo(new[] { "1", "2", "3", "4", "5" }));
        Assert.That((end.Items.Count, end.After), Is.EqualTo((0, second.After)));
        Assert.That(tail.Items.Select(l => l.Message), Is.EqualTo(new[] { "4", "5" }));
        Assert.That(back.Items.Select(l => l.Message), Is.EqualTo(new[] { "1", "2", "3" }));
        Assert.That((await RuntimeLogs.ListTailAsync(deployment.Id, deployment.UserId, back.Before, 9, Token)).Items, Is.Empty);
    }

    [Test]
    public async Task The_log_of_a_foreign_or_deleted_deployment_is_empty()
    {
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, (1, "a"));
        var stranger = await AddUserAsync();

        Assert.That((await RuntimeLogs.ListAsync(deployment.Id, stranger.Id, Cursor.Start, 10, Token)).Items, Is.Empty);
        Assert.That((await RuntimeLogs.ListTailAsync(deployment.Id, stranger.Id, Cursor.Start, 10, Token)).Items, Is.Empty);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        Assert.That((await RuntimeLogs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token)).Items, Is.Empty);
    }

    [Test]
    public async Task The_largest_batch_is_stored_and_recognised_when_sent_again()
    {
        var deployment = await EnqueueAsync();
        var lines = Enumerable.Range(0, IPlatformDeploymentRuntimeLogRepository.MaxBatchSize).Select(i => (i, $"line {i}")).ToArray();

        Assert.That(await AppendAsync(deployment, lines), Is.EqualTo(lines.Length));
        Assert.That(await AppendAsync(deployment, lines), Is.Zero);
    }

    [Test]
    public async Task Invalid_arguments_are_named()
    {
        var deployment = await EnqueueAsync();
        NewDeploymentRuntimeLog line = new(Noon, "x");

        Assert.That(await PlatformRuntimeLogs.AppendAsync(Guid.NewGuid(), RuntimeLogSource.Docker, [], Token), Is.Zero);
        Assert.That(
            () => PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, null!, Token),
            Throws.ArgumentNullException);
        Assert.That(
            () => PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, [line, null!], Token),
            Throws.ArgumentException.With.Message.Contains("Line 1"));
        Assert.That(
            () => PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, [line with { Message = null! }], Token),
            Throws.ArgumentException.With.Message.Contains("Line 0"));
        Assert.That(
            () => PlatformRuntimeLogs.AppendAsync(deployment.Id, default, [line], Token),
            Throws.ArgumentException.With.Message.Contains("docker, k8s, system"));
        Assert.That(
            () => PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, new NewDeploymentRuntimeLog[10_001], Token),
            Throws.ArgumentException.With.Message.Contains("10001 lines"));
        Assert.That(
            () => PlatformRuntimeLogs.AppendAsync(Guid.NewGuid(), RuntimeLogSource.Docker, [line], Token),
            Throws.TypeOf<MissingReferenceException>());
        Assert.That(
            () => RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 0, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => RuntimeLogs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1001, Token),
            Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => PlatformRuntimeLogs.PurgeAsync(Noon, -1, Token), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    private static NewDeploymentRuntimeLog[] Lines(params (int Second, string Message)[] lines) =>
        [.. lines.Select(l => new NewDeploymentRuntimeLog(Noon.AddSeconds(l.Second), l.Message))];

    private Task<int> AppendAsync(Deployment deployment, params (int Second, string Message)[] lines) =>
        PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, Lines(lines), Token);

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment) =>
        (await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(l => l.Message);
}
