using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>What another transaction holds keeps the lines of its own deployment back, and no others.</summary>
[CancelAfter(60_000)]
public sealed class HeldBackLogTests : DatabaseTests
{
    private const string Insert =
        "BEGIN; INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at) VALUES (gen_random_uuid(), "
            + "'{0}', now(), 'info', 'foreign', now())";

    [TestCase(Insert)]
    [TestCase("BEGIN; SELECT 1 FROM deployments WHERE id = '{0}' FOR UPDATE")]
    [TestCase("BEGIN; DELETE FROM deployments WHERE id = '{0}'")]
    public async Task An_open_transaction_blocks_the_log_of_its_deployment_only(string sql)
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (held, other) = (await EnqueueAsync(), await EnqueueAsync());
        await using var foreign = await HoldAsync(sql, held);
        await WriteAsync(writer, held, 0, 3);
        var flush = writer.FlushAsync(held.Id, Token);
        for (var i = 0; i < 5; i++)
        {
            await WriteAsync(writer, other, i, 1);
            await WriteAsync(writer, held, 3 + i, 1);
            await writer.FlushAsync(other.Id, Token);
            await PlatformLogs.AppendAsync((await EnqueueAsync()).Id, [new NewDeploymentLog { Message = "elsewhere" }], Token);
        }

        Assert.That(flush.IsCompleted, Is.False);
        Assert.That(await MessagesAsync(other), Is.EqualTo(Enumerable.Range(0, 5).Select(i => $"{i}")));
        await EndAsync(foreign);
        await flush;
        await writer.FlushAsync(held.Id, Token);

        Assert.That(await MessagesAsync(held), Is.EqualTo(Enumerable.Range(0, 8).Select(i => $"{i}")));
    }

    [Test]
    public async Task Copied_lines_are_blocked_too_and_keep_their_order()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (held, other) = (await EnqueueAsync(), await EnqueueAsync());
        await using var foreign = await HoldAsync(Insert, held);
        await WriteAsync(writer, held, 0, 400);
        await WriteAsync(writer, other, 0, DeploymentLogAppends.CopyFrom);
        await writer.FlushAsync(other.Id, Token);
        await WriteAsync(writer, held, 400, 400);
        await EndAsync(foreign);
        await writer.FlushAsync(Token);

        Assert.That(await MessagesAsync(held), Is.EqualTo(Enumerable.Range(0, 800).Select(i => $"{i}")));
    }

    [Test]
    public async Task A_blocked_log_leaves_room_for_the_others()
    {
        await using var host = NewHost(o => (o.MaxBufferedLines, o.FlushLines) = (100, 10));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (held, other) = (await EnqueueAsync(), await EnqueueAsync());
        await using var foreign = await HoldAsync(Insert, held);
        var loud = Enumerable.Range(0, 200).Select(i => writer.WriteAsync(held.Id, Line($"{i}"), Token)).ToList();

        await WriteAsync(writer, other, 0, 300);
        await writer.FlushAsync(other.Id, Token);

        Assert.That(loud.Count(call => call.IsCompleted), Is.EqualTo(50), "half of the buffer");
        Assert.That(await MessagesAsync(other), Is.EqualTo(Enumerable.Range(0, 300).Select(i => $"{i}")));
        await EndAsync(foreign);
        await Task.WhenAll(loud);
        await writer.FlushAsync(held.Id, Token);
        Assert.That(await MessagesAsync(held), Is.EqualTo(Enumerable.Range(0, 200).Select(i => $"{i}")));
    }

    [Test]
    public async Task A_blocked_log_is_retried_after_pauses()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var held = await EnqueueAsync();
        await using var foreign = await HoldAsync(Insert, held);
        await WriteAsync(writer, held, 0, 1);
        var flush = writer.FlushAsync(held.Id, Token);
        var before = await TransactionsAsync();
        await Task.Delay(1500, Token);

        Assert.That(await TransactionsAsync() - before, Is.LessThan(60), "transactions in a second and a half");
        await EndAsync(foreign);
        await flush;
    }

    [Test]
    public async Task A_log_blocked_too_long_fails_callers_and_keeps_its_lines()
    {
        await using var host = NewHost(o => (o.FailAfter, o.MaxBufferedLines) = (TimeSpan.FromTicks(1), 4));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (held, other) = (await EnqueueAsync(), await EnqueueAsync());
        await using var foreign = await HoldAsync(Insert, held);
        await WriteAsync(writer, held, 0, 2);

        Assert.That(() => writer.FlushAsync(held.Id, Token), Throws.TypeOf<ConflictException>());
        Assert.That(() => writer.WriteAsync(held.Id, Line("no room"), Token), Throws.TypeOf<ConflictException>());
        await WriteAsync(writer, other, 0, 5);
        await writer.FlushAsync(other.Id, Token);
        await EndAsync(foreign);

        // The writer knows of the lines a moment after they are stored.
        while (true)
        {
            try
            {
                await WriteAsync(writer, held, 2, 1);
                break;
            }
            catch (ConflictException)
            {
                await Task.Delay(5, Token);
            }
        }

        await writer.FlushAsync(Token);
        Assert.That(await MessagesAsync(held), Is.EqualTo(new[] { "0", "1", "2" }));
    }

    [Test]
    public async Task Disposal_waits_for_a_blocked_log()
    {
        var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var held = await EnqueueAsync();
        await using var foreign = await HoldAsync(Insert, held);
        await WriteAsync(writer, held, 0, 3);
        var end = host.DisposeAsync().AsTask();
        await Task.Delay(100, Token);
        Assert.That(end.IsCompleted, Is.False);
        await EndAsync(foreign);
        await end;

        Assert.That(await MessagesAsync(held), Is.EqualTo(new[] { "0", "1", "2" }));
    }

    [Test]
    public async Task A_cancelled_call_neither_ends_nor_delays_a_flush()
    {
        await using var host = NewHost(o => o.MaxBufferedLines = 4);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var held = await EnqueueAsync();
        await using var foreign = await HoldAsync(Insert, held);
        await WriteAsync(writer, held, 0, 2);
        using var cancel = new CancellationTokenSource();
        var cancelled = writer.WriteAsync(held.Id, Line("cancelled"), cancel.Token);
        var waiting = writer.WriteAsync(held.Id, Line("2"), Token);
        var flush = writer.FlushAsync(held.Id, Token);
        await cancel.CancelAsync();
        Assert.That(() => cancelled, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(flush.IsCompleted, Is.False);
        await EndAsync(foreign);
        await waiting;
        await flush;

        Assert.That(await MessagesAsync(held), Is.EqualTo(new[] { "0", "1", "2" }));
    }

    [Test]
    public async Task Lines_of_five_thousand_deployments_are_flushed_together()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, is_deleted, created_at)
            SELECT gen_random_uuid(), $1, $2, 'building', 'manual', FALSE, FALSE, now() FROM generate_series(1, 5000)
            """, project.Id, project.UserId);
        var ids = new List<Guid>();
        await using (var command = Raw.CreateCommand($"SELECT id FROM deployments WHERE project_id = '{project.Id}'"))
        await using (var reader = await command.ExecuteReaderAsync(Token))
        {
            while (await reader.ReadAsync(Token))
            {
                ids.Add(reader.GetGuid(0));
            }
        }

        foreach (var id in ids.Concat(ids))
        {
            await writer.WriteAsync(id, Line("x"), Token);
        }

        await writer.FlushAsync(Token);

        Assert.That(
            await ScalarAsync(
                """
                SELECT count(*)::int
                FROM deployment_logs l
                JOIN deployments d ON d.id = l.deployment_id
                WHERE d.project_id = $1 AND l.seq IN (1, 2)
                """, project.Id),
            Is.EqualTo(10_000));
    }

    [Test]
    public async Task Two_writers_of_the_same_deployments_store_each_line_once()
    {
        const int Lines = 500;
        await using var one = NewHost(o => (o.FlushLines, o.FlushInterval) = (20, TimeSpan.FromMilliseconds(1)));
        await using var two = NewHost(o => (o.FlushLines, o.FlushInterval) = (20, TimeSpan.FromMilliseconds(1)));
        Deployment[] deployments = [await EnqueueAsync(), await EnqueueAsync(), await EnqueueAsync()];
        await Task.WhenAll(new[] { (one, "a"), (two, "b") }.Select(async host =>
        {
            var writer = host.Item1.GetRequiredService<IDeploymentLogWriter>();
            for (var i = 0; i < Lines; i++)
            {
                foreach (var deployment in deployments)
                {
                    await writer.WriteAsync(deployment.Id, Line($"{host.Item2} {i}"), Token);
                }
            }

            await writer.FlushAsync(Token);
        }));

        foreach (var deployment in deployments)
        {
            var lines = (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items;
            Assert.That(lines.Select(line => line.Seq), Is.EqualTo(Enumerable.Range(1, 2 * Lines).Select(i => (long)i)));
            foreach (var name in new[] { "a", "b" })
            {
                Assert.That(
                    lines.Where(line => line.Message.StartsWith(name, StringComparison.Ordinal)).Select(line => line.Message),
                    Is.EqualTo(Enumerable.Range(0, Lines).Select(i => $"{name} {i}")));
            }
        }
    }

    [Test]
    public async Task An_append_to_a_runtime_log_does_not_wait_for_another_deployment()
    {
        var held = await EnqueueAsync();
        await using var foreign = await HoldAsync(
            "BEGIN; INSERT INTO deployment_runtime_logs (id, deployment_id, source, message, timestamp) VALUES (gen_random_uuid(), '{0}', "
                + "'docker', 'x', now())",
            held);
        for (var i = 0; i < 50; i++)
        {
            var stored = PlatformRuntimeLogs.AppendAsync(
                (await EnqueueAsync()).Id, RuntimeLogSource.Docker, [new(Clock.GetUtcNow(), "x")], Token);
            Assert.That(await stored, Is.EqualTo(1));
        }

        await EndAsync(foreign);
    }

    private static NewDeploymentLog Line(string message) => new() { Message = message };

    private static async Task WriteAsync(IDeploymentLogWriter writer, Deployment deployment, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            await writer.WriteAsync(deployment.Id, Line($"{i}"), Token);
        }
    }

    private static async Task EndAsync(NpgsqlConnection connection)
    {
        await using var end = new NpgsqlCommand("ROLLBACK", connection);
        await end.ExecuteNonQueryAsync(Token);
    }

    private async Task<NpgsqlConnection> HoldAsync(string sql, Deployment deployment)
    {
        var connection = await Raw.OpenConnectionAsync(Token);
        await using var hold = new NpgsqlCommand(sql.Replace("{0}", deployment.Id.ToString(), StringComparison.Ordinal), connection);
        await hold.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private async Task<long> TransactionsAsync()
    {
        TestServer.Require(15, "before, a session does not report its statistics on request.");
        await ExecuteAsync("SELECT pg_stat_force_next_flush()");
        return (long)(await ScalarAsync("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"))!;
    }

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment) =>
        (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(line => line.Message);

    private ServiceProvider NewHost(Action<LogWriterOptions>? configure = null) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            options.MinPoolSize = 0;
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
            configure?.Invoke(options.LogWriter);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
