using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

public sealed class LogRaceTests : DatabaseTests
{
    [Test]
    public async Task A_reader_misses_no_line_of_a_late_commit()
    {
        var deployment = await EnqueueAsync();
        Task second = null!;
        var early = Cursor.Start;

        // The first writer has its numbers and has not committed; the second must not be seen before it.
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, Lines("first", 3), token);
            second = PlatformLogs.AppendAsync(deployment.Id, Lines("second", 3), Token);
            await UntilSomeoneWaitsAsync();
            early = (await Logs.ListAsync(deployment.Id, deployment.UserId, early, 100, token)).After;
        }, Token);
        await second;

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, early, 100, Token);
        Assert.That(
            page.Items.Select(l => (l.Seq, l.Message)),
            Is.EqualTo(new[] { (1L, "first 0"), (2L, "first 1"), (3L, "first 2"), (4L, "second 0"), (5L, "second 1"), (6L, "second 2") }));
    }

    [Test]
    public async Task A_reader_misses_no_late_line_of_another_program()
    {
        var deployment = await EnqueueAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var insert = connection.CreateCommand())
        {
            insert.CommandText = $"""
                INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at)
                VALUES (gen_random_uuid(), '{deployment.Id}', now(), 'info', 'python', now())
                """;
            await insert.ExecuteNonQueryAsync(Token);
        }

        var ours = PlatformLogs.AppendAsync(deployment.Id, Lines("ours", 1), Token);
        await UntilSomeoneWaitsAsync();
        Assert.That((await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token)).Items, Is.Empty);
        await transaction.CommitAsync(Token);
        await ours;

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token);
        Assert.That(page.Items.Select(l => (l.Seq, l.Message)), Is.EqualTo(new[] { (1L, "python"), (2L, "ours 0") }));
    }

    [Test]
    public async Task Many_writers_leave_no_gap_and_a_reader_gets_each_line_once()
    {
        const int Writers = 8;
        const int Batches = 20;
        const int BatchSize = 5;
        var deployment = await EnqueueAsync();
        using var start = new Barrier(Writers + 1);

        var writers = Enumerable.Range(0, Writers).Select(w => Task.Factory.StartNew(
            async () =>
            {
                start.SignalAndWait(TimeSpan.FromSeconds(30));
                for (var b = 0; b < Batches; b++)
                {
                    await PlatformLogs.AppendAsync(deployment.Id, Lines($"{w}/{b}", BatchSize), Token);
                }
            }, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()).ToList();

        start.SignalAndWait(TimeSpan.FromSeconds(30));
        var all = Task.WhenAll(writers);
        var read = new List<DeploymentLog>();
        var cursor = Cursor.Start;
        for (var last = false; ; last = all.IsCompleted)
        {
            var page = await Logs.ListAsync(deployment.Id, deployment.UserId, cursor, 50, Token);
            read.AddRange(page.Items);
            cursor = page.After;
            if (last && page.Items.Count == 0)
            {
                break;
            }
        }

        await all;
        Assert.That(read.Select(l => l.Seq), Is.EqualTo(Enumerable.Range(1, Writers * Batches * BatchSize).Select(i => (long)i)));
        Assert.That(
            read.Chunk(BatchSize).Select(batch => batch.Select(l => l.Message.Split(' ')[0]).Distinct().Count()),
            Is.All.EqualTo(1),
            "batches stay together");
        for (var w = 0; w < Writers; w++)
        {
            Assert.That(
                read.Where(l => l.Message.StartsWith($"{w}/", StringComparison.Ordinal)).Select(l => l.Message),
                Is.EqualTo(Enumerable.Range(0, Batches).SelectMany(b => Enumerable.Range(0, BatchSize).Select(i => $"{w}/{b} {i}"))));
        }
    }

    [Test]
    public async Task The_same_lines_sent_twice_concurrently_are_stored_once()
    {
        var deployment = await EnqueueAsync();
        NewDeploymentLog[] lines = [.. Enumerable.Range(0, 5).Select(
            i => new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = $"{i}" })];
        Task again = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, lines, token);
            again = PlatformLogs.AppendAsync(deployment.Id, lines, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);
        await again;

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token);
        Assert.That(page.Items.Select(l => (l.Seq, l.Message)), Is.EqualTo(Enumerable.Range(0, 5).Select(i => (i + 1L, $"{i}"))));
    }

    [Test]
    public async Task Copied_lines_are_numbered_after_concurrent_commits()
    {
        var deployment = await EnqueueAsync();
        Task many = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, Lines("first", 3), token);
            many = PlatformLogs.AppendAsync(deployment.Id, Lines("many", DeploymentLogAppends.CopyFrom), Token);
            await UntilSomeoneWaitsAsync();
        }, Token);
        await many;

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.After(2), 2, Token);
        Assert.That(page.Items.Select(l => (l.Seq, l.Message)), Is.EqualTo(new[] { (3L, "first 2"), (4L, "many 0") }));
    }

    private static NewDeploymentLog[] Lines(string prefix, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new NewDeploymentLog { Message = $"{prefix} {i}" })];
}
