using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Concurrency;

/// <summary>Nothing is lost and nothing doubled, whatever goes away in the middle of a flush.</summary>
[CancelAfter(120_000)]
public sealed class LogWriterRaceTests : DatabaseTests
{
    [Test]
    public async Task A_thousand_concurrent_builds_lose_no_line()
    {
        const int Builds = 1000;
        const int Lines = 20;
        await using var host = NewHost(Database.ConnectionString, o =>
        {
            (o.MaxBufferedLines, o.FlushLines) = (1000, 300);
            o.FlushInterval = TimeSpan.FromMilliseconds(5);
        });
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, is_deleted, created_at)
            SELECT gen_random_uuid(), $1, $2, 'building', 'manual', FALSE, FALSE, now() FROM generate_series(1, 1000)
            """, project.Id, project.UserId);
        var ids = new List<Guid>();
        await using (var command = Raw.CreateCommand("SELECT id FROM deployments WHERE project_id = $1"))
        {
            command.Parameters.Add(new NpgsqlParameter { Value = project.Id });
            await using var reader = await command.ExecuteReaderAsync(Token);
            while (await reader.ReadAsync(Token))
            {
                ids.Add(reader.GetGuid(0));
            }
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = Builds, CancellationToken = Token };
        await Parallel.ForEachAsync(ids, parallel, async (id, token) =>
        {
            for (var i = 0; i < Lines; i++)
            {
                await writer.WriteAsync(id, new NewDeploymentLog { Message = $"{i}" }, token);
            }
        });
        await writer.FlushAsync(Token);

        Assert.That(
            await ScalarAsync(
                """
                SELECT count(*)::int
                FROM (SELECT l.deployment_id FROM deployment_logs l JOIN deployments d ON d.id = l.deployment_id
                      WHERE d.project_id = $1
                      GROUP BY l.deployment_id
                      HAVING count(*) = 20 AND bool_and(l.message = (l.seq - 1)::text)) good
                """, project.Id),
            Is.EqualTo(Builds));
    }

    [Test]
    public async Task Lines_written_while_others_are_refused_are_stored_and_flushed()
    {
        await using var host = NewHost(
            Database.ConnectionString, o => (o.FlushLines, o.FlushInterval) = (10, TimeSpan.FromMilliseconds(5)));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        var missing = Guid.NewGuid();

        // The first flush waits for the table, and all further lines are held meanwhile: then two batches at a time are under way.
        var blocker = await HoldTableAsync();

        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "0" }, Token);
        await UntilSomeoneWaitsAsync();
        for (var i = 1; i <= 35; i++)
        {
            await writer.WriteAsync(i % 7 == 0 ? missing : deployment.Id, new NewDeploymentLog { Message = $"{i}" }, Token);
        }

        var flushed = writer.FlushAsync(deployment.Id, Token);
        Assert.That(flushed.IsCompleted, Is.False);
        await blocker.DisposeAsync();
        await flushed;

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 100, Token);
        Assert.That(
            page.Items.Select(l => l.Message), Is.EqualTo(Enumerable.Range(0, 36).Where(i => i == 0 || i % 7 != 0).Select(i => $"{i}")));
        Assert.That(() => writer.FlushAsync(Token), Throws.TypeOf<LogLinesRefusedException>().With.Property("Lines").EqualTo(5));
    }

    [Test]
    public async Task Writers_wait_for_a_full_buffer_in_the_order_of_their_calls()
    {
        await using var host = NewHost(Database.ConnectionString, o => (o.MaxBufferedLines, o.FlushLines) = (3, 1));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        await using var blocker = await HoldTableAsync();
        await writer.WriteAsync(deployment.Id, Line("0"), Token);
        await writer.WriteAsync(deployment.Id, Line("1"), Token);
        using var cancel = new CancellationTokenSource();
        var calls =
            Enumerable.Range(2, 8).Select(i => writer.WriteAsync(deployment.Id, Line($"{i}"), i == 4 ? cancel.Token : Token)).ToList();
        var flush = writer.FlushAsync(deployment.Id, Token);
        await UntilSomeoneWaitsAsync();

        Assert.That(calls.Select(c => c.IsCompleted), Is.All.False);
        await cancel.CancelAsync();
        Assert.That(() => calls[2], Throws.InstanceOf<OperationCanceledException>());
        Assert.That(flush.IsCompleted, Is.False);
        await blocker.DisposeAsync();

        await Task.WhenAll(calls.Where(c => c != calls[2]));
        await flush;
        Assert.That(await LinesAsync(deployment), Is.EqualTo(new[] { 0, 1, 2, 3, 5, 6, 7, 8, 9 }.Select((m, at) => (at + 1L, $"{m}"))));
    }

    [Test]
    public async Task A_connection_killed_during_a_flush_neither_loses_nor_doubles_a_line()
    {
        await using var host = NewHost(Database.ConnectionString);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        await using var blocker = await HoldTableAsync();
        await WriteAsync(writer, deployment, 0, 3);
        var flush = writer.FlushAsync(deployment.Id, Token);
        for (var kill = 0; kill < 4; kill++)
        {
            await UntilSomeoneWaitsAsync();
            await ExecuteAsync(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = "
                    + "'Lock'");
        }

        await WriteAsync(writer, deployment, 3, 3);
        await UntilSomeoneWaitsAsync();
        Assert.That(flush.IsCompleted, Is.False);
        await blocker.DisposeAsync();
        await flush;
        await writer.FlushAsync(deployment.Id, Token);

        Assert.That(await LinesAsync(deployment), Is.EqualTo(Enumerable.Range(0, 6).Select(i => (i + 1L, $"{i}"))));
    }

    [Test]
    public async Task A_commit_whose_answer_is_lost_is_not_repeated()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var host = NewHost(proxy.ConnectionString);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        await WriteAsync(writer, deployment, 0, 3);
        await writer.FlushAsync(Token);

        // The flush has stored its lines, does not hear of it, and finds nobody when it comes back.
        proxy.CutAfter(Stored);
        proxy.RefuseAfterCut = true;
        await WriteAsync(writer, deployment, 3, 3);
        var flush = writer.FlushAsync(deployment.Id, Token);
        while (proxy.Refused < 3)
        {
            await Task.Delay(5, Token);
        }

        Assert.That(await LinesAsync(deployment), Has.Exactly(6).Items, "committed");
        Assert.That(flush.IsCompleted, Is.False);
        await WriteAsync(writer, deployment, 6, 3);
        proxy.Refuse = false;
        await flush;
        await writer.FlushAsync(Token);

        Assert.That(proxy.Cuts, Is.EqualTo(1));
        Assert.That(await LinesAsync(deployment), Is.EqualTo(Enumerable.Range(0, 9).Select(i => (i + 1L, $"{i}"))));
    }

    [Test]
    public async Task A_large_flush_whose_answer_is_lost_is_not_repeated()
    {
        const int Each = DeploymentLogAppends.CopyFrom / 2;
        await using var proxy = new CuttingProxy(Database.ConnectionString);
        await using var host = NewHost(proxy.ConnectionString);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (one, two, missing) = (await EnqueueAsync(), await EnqueueAsync(), Guid.NewGuid());
        await writer.WriteAsync(one.Id, Line("first"), Token);
        await writer.FlushAsync(Token);
        for (var i = 0; i < Each; i++)
        {
            await writer.WriteAsync(one.Id, Line($"{i}"), Token);
            await writer.WriteAsync(two.Id, Line($"{i}"), Token);
        }

        await writer.WriteAsync(missing, Line("lost"), Token);
        proxy.CutAfter("COMMIT");
        await writer.FlushAsync(one.Id, Token);
        await writer.FlushAsync(two.Id, Token);

        Assert.That(() => writer.FlushAsync(missing, Token), Throws.TypeOf<LogLinesRefusedException>().With.Property("Lines").EqualTo(1));
        Assert.That(proxy.Cuts, Is.EqualTo(1));
        foreach (var (deployment, before) in new[] { (one, 1), (two, 0) })
        {
            var tail = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token);
            Assert.That(
                tail.Items.Select(l => (l.Seq, l.Message)),
                Is.EqualTo(Enumerable.Range(Each - 1000, 1000).Select(i => ((long)i + 1 + before, $"{i}"))));
        }
    }

    [Test]
    public async Task A_long_outage_fails_callers_and_keeps_the_buffer()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { Refuse = true };
        await using var host = NewHost(proxy.ConnectionString, o =>
        {
            o.FailAfter = TimeSpan.FromTicks(1);
            (o.MaxBufferedLines, o.FlushLines) = (5, 1);
        });
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        await WriteAsync(writer, deployment, 0, 3);

        Assert.That(() => writer.FlushAsync(Token), Throws.TypeOf<DatabaseUnavailableException>());
        Assert.That(() => writer.WriteAsync(deployment.Id, Line("no room"), Token), Throws.TypeOf<DatabaseUnavailableException>());
        proxy.Refuse = false;
        await UntilStoredAsync(deployment, 3);
        await writer.FlushAsync(Token);
        await WriteAsync(writer, deployment, 3, 1);
        await writer.FlushAsync(Token);

        Assert.That(await LinesAsync(deployment), Is.EqualTo(Enumerable.Range(0, 4).Select(i => (i + 1L, $"{i}"))));
    }

    [Test]
    public async Task Disposal_does_not_wait_forever_for_an_unreachable_database()
    {
        await using var proxy = new CuttingProxy(Database.ConnectionString) { Refuse = true };
        var host = NewHost(proxy.ConnectionString, o => o.DrainTimeout = TimeSpan.Zero);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        await writer.WriteAsync(Guid.NewGuid(), Line("lost"), Token);
        var flush = writer.FlushAsync(Token);

        await host.DisposeAsync();

        Assert.That(() => flush, Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task A_removed_deployment_loses_only_its_own_lines()
    {
        await using var host = NewHost(Database.ConnectionString);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (gone, other) = (await EnqueueAsync(), await EnqueueAsync());
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var remove = new NpgsqlCommand($"DELETE FROM deployments WHERE id = '{gone.Id}'", connection, transaction))
        {
            await remove.ExecuteNonQueryAsync(Token);
        }

        await WriteAsync(writer, other, 0, 1);
        await WriteAsync(writer, gone, 0, 2);
        await WriteAsync(writer, other, 1, 1);
        await writer.FlushAsync(other.Id, Token);
        var flush = writer.FlushAsync(gone.Id, Token);
        Assert.That(flush.IsCompleted, Is.False, "whether the deployment is removed is open");
        await transaction.CommitAsync(Token);

        Assert.That(await LinesAsync(other), Is.EqualTo(new[] { (1L, "0"), (2L, "1") }));
        Assert.That(
            () => flush,
            Throws.TypeOf<LogLinesRefusedException>()
                .With.Property("Lines").EqualTo(2).With.InnerException.TypeOf<MissingReferenceException>());
    }

    [Test]
    public async Task A_reader_misses_no_line_of_a_flush_or_a_late_commit()
    {
        await using var host = NewHost(Database.ConnectionString);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (deployment, other) = (await EnqueueAsync(), await EnqueueAsync());
        Task flush = null!;
        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(deployment.Id, [Line("0"), Line("1")], token);
            await WriteAsync(writer, deployment, 2, 2);
            flush = writer.FlushAsync(Token);
            await WriteAsync(writer, other, 0, 1);
            await writer.FlushAsync(other.Id, Token);
            Assert.That(await LinesAsync(deployment), Is.Empty);
        }, Token);
        await flush;

        Assert.That(await LinesAsync(deployment), Is.EqualTo(Enumerable.Range(0, 4).Select(i => (i + 1L, $"{i}"))));
    }

    // What the server says of the one statement that stores the lines of a flush: no deployment is missing.
    private const string Stored = "SELECT 0";

    private static NewDeploymentLog Line(string message) => new() { Message = message };

    private static async Task WriteAsync(IDeploymentLogWriter writer, Deployment deployment, int from, int count)
    {
        for (var i = from; i < from + count; i++)
        {
            await writer.WriteAsync(deployment.Id, Line($"{i}"), Token);
        }
    }

    private ServiceProvider NewHost(string connectionString, Action<LogWriterOptions>? configure = null) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.MinPoolSize = 0;
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
            configure?.Invoke(options.LogWriter);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    /// <summary>Another session that keeps every line from being stored.</summary>
    private async Task<NpgsqlConnection> HoldTableAsync()
    {
        var connection = await Raw.OpenConnectionAsync(Token);
        await using var hold = new NpgsqlCommand("BEGIN; LOCK TABLE deployment_logs IN SHARE MODE", connection);
        await hold.ExecuteNonQueryAsync(Token);
        return connection;
    }

    private async Task<IEnumerable<(long Seq, string Message)>> LinesAsync(Deployment deployment) =>
        (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(l => (l.Seq, l.Message));

    private async Task UntilStoredAsync(Deployment deployment, int count)
    {
        while ((await LinesAsync(deployment)).Count() < count)
        {
            await Task.Delay(5, Token);
        }
    }
}
