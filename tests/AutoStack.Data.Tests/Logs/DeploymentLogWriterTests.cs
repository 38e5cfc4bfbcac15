using System.Text;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Logs;

/// <summary>Nothing here waits for the time: unless a test says otherwise, lines are stored when it asks for it.</summary>
[CancelAfter(120_000)]
public sealed class DeploymentLogWriterTests : DatabaseTests
{
    // So few that they are inserted, and so many that they are copied.
    [TestCase(50)]
    [TestCase(300)]
    public async Task Lines_of_many_deployments_are_stored_in_the_order_of_their_calls(int count)
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var project = await AddProjectAsync();
        var deployments = new List<Deployment>();
        for (var i = 0; i < 20; i++)
        {
            deployments.Add(await EnqueueAsync(project));
            await PlatformLogs.AppendAsync(deployments[i].Id, [new NewDeploymentLog { Message = "before" }], Token);
        }

        for (var i = 0; i < count; i++)
        {
            foreach (var deployment in deployments)
            {
                await writer.WriteAsync(deployment.Id, Line($"line {i}"), Token);
            }
        }

        Assert.That(await MessagesAsync(deployments[0]), Is.EqualTo(new[] { "before" }), "held");
        await writer.FlushAsync(Token);

        foreach (var deployment in deployments)
        {
            var page = await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token);
            Assert.That(page.Items.Select(l => l.Seq), Is.EqualTo(Enumerable.Range(1, count + 1).Select(i => (long)i)));
            Assert.That(page.Items.Skip(1).Select(l => l.Message), Is.EqualTo(Enumerable.Range(0, count).Select(i => $"line {i}")));
        }
    }

    [Test]
    public async Task A_line_reads_back_as_it_was_written()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        var line = new NewDeploymentLog
        {
            Id = Guid.CreateVersion7(),
            Timestamp = Clock.GetUtcNow().AddHours(-1),
            Level = DeploymentLogLevel.Error,
            Message = "a\0b\uD800 ä",
        };
        await writer.WriteAsync(deployment.Id, line, Token);
        await writer.WriteAsync(deployment.Id, line, Token);
        await writer.WriteAsync(deployment.Id, Line("now"), Token);
        await writer.FlushAsync(deployment.Id, Token);
        await writer.WriteAsync(deployment.Id, line, Token);
        await writer.FlushAsync(deployment.Id, Token);

        var lines = (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token)).Items;

        Assert.That(
            lines.Select(l => (l.Seq, l.Message)),
            Is.EqualTo(new[] { (1L, "a\uFFFDb\uFFFD ä"), (2L, "now") }),
            "an id is stored once");
        Assert.That((lines[0].Id, lines[0].Level), Is.EqualTo((line.Id!.Value, DeploymentLogLevel.Error)));
        Assert.That(lines[0].Timestamp, Is.EqualTo(line.Timestamp!.Value).Within(TimeSpan.FromMicroseconds(1)));
        Assert.That(lines[1].Timestamp, Is.GreaterThan(lines[0].Timestamp.AddMinutes(59)));
    }

    [TestCase(10, 4096, TestName = "So_many_lines_are_stored_without_being_asked_for")]
    [TestCase(50_000, 1024, TestName = "So_many_bytes_are_stored_without_being_asked_for")]
    public async Task Enough_lines_are_stored_without_a_flush(int flushLines, int flushBytes)
    {
        await using var host = NewHost(o => (o.FlushLines, o.FlushBytes) = (flushLines, flushBytes));
        var deployment = await EnqueueAsync();
        for (var i = 0; i < 10; i++)
        {
            await host.GetRequiredService<IDeploymentLogWriter>().WriteAsync(deployment.Id, Line(new string('x', 103)), Token);
        }

        while ((await MessagesAsync(deployment)).Count() < 9)
        {
            await Task.Delay(5, Token);
        }
    }

    [Test]
    public async Task Lines_are_stored_without_a_flush_after_the_interval()
    {
        await using var host = NewHost(o => o.FlushInterval = TimeSpan.FromMilliseconds(1));
        var deployment = await EnqueueAsync();
        await host.GetRequiredService<IDeploymentLogWriter>().WriteAsync(deployment.Id, Line("x"), Token);

        while (!(await MessagesAsync(deployment)).Any())
        {
            await Task.Delay(5, Token);
        }
    }

    [Test]
    public async Task A_missing_deployment_loses_only_its_lines_and_reports_once()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        var missing = Guid.NewGuid();
        await writer.WriteAsync(missing, Line("lost"), Token);
        await writer.WriteAsync(deployment.Id, Line("kept"), Token);
        await writer.WriteAsync(missing, Line("lost"), Token);

        await writer.FlushAsync(deployment.Id, Token);

        Assert.That(await MessagesAsync(deployment), Is.EqualTo(new[] { "kept" }));
        var refused = Assert.ThrowsAsync<LogLinesRefusedException>(() => writer.FlushAsync(missing, Token))!;
        Assert.That(
            refused.InnerException,
            Is.TypeOf<MissingReferenceException>().With.Property("Constraint").EqualTo("deployment_logs_deployment_id_fkey"));
        Assert.That((refused.Lines, refused.DeploymentIds), Is.EqualTo((2, new[] { missing })));
        await writer.FlushAsync(missing, Token);
        Assert.That(
            () => writer.FlushAsync(Token),
            Throws.TypeOf<LogLinesRefusedException>(),
            "who flushes all is told on its own account");
        await writer.FlushAsync(Token);
    }

    [Test]
    public async Task A_line_that_a_trigger_of_another_program_refuses_does_not_stop_other_logs()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (own, other) = (await EnqueueAsync(), await EnqueueAsync());
        await ExecuteAsync("""
            CREATE FUNCTION refuse_line() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN IF NEW.message = 'bad' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER refuse BEFORE INSERT ON deployment_logs FOR EACH ROW EXECUTE FUNCTION refuse_line();
            """);
        try
        {
            foreach (var message in new[] { "1", "bad", "2" })
            {
                await writer.WriteAsync(own.Id, Line(message), Token);
                await writer.WriteAsync(other.Id, Line($"other {message}"), Token);
            }

            await writer.FlushAsync(other.Id, Token);
            Assert.That(
                () => writer.FlushAsync(own.Id, Token), Throws.TypeOf<LogLinesRefusedException>().With.Property("Lines").EqualTo(1));
        }
        finally
        {
            await ExecuteAsync("DROP TRIGGER refuse ON deployment_logs");
        }

        Assert.That(await MessagesAsync(own), Is.EqualTo(new[] { "1", "2" }));
        Assert.That(await MessagesAsync(other), Has.Exactly(3).Items);
    }

    [Test]
    public async Task A_line_refused_for_its_id_does_not_affect_others()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (first, second) = (await EnqueueAsync(), await EnqueueAsync());
        var taken = new NewDeploymentLog { Id = Guid.CreateVersion7(), Message = "taken" };
        await PlatformLogs.AppendAsync(first.Id, [taken], Token);
        for (var i = 0; i < 5; i++)
        {
            await writer.WriteAsync(second.Id, i == 2 ? taken : Line($"{i}"), Token);
            await writer.WriteAsync(first.Id, Line($"{i}"), Token);
        }

        Assert.That(
            () => writer.FlushAsync(second.Id, Token),
            Throws.TypeOf<LogLinesRefusedException>().With.InnerException.TypeOf<DuplicateException>());

        Assert.That(await MessagesAsync(second), Is.EqualTo(new[] { "0", "1", "3", "4" }));
        Assert.That(await MessagesAsync(first), Is.EqualTo(new[] { "taken", "0", "1", "2", "3", "4" }));
    }

    [Test]
    public async Task A_log_beyond_its_maximum_ends_with_one_note()
    {
        await using var host = NewHost(o => o.MaxBytesPerDeployment = 10 * (100 + 128));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (loud, other) = (await EnqueueAsync(), await EnqueueAsync());
        for (var i = 0; i < 30; i++)
        {
            await writer.WriteAsync(loud.Id, Line(new string('x', 100)), Token);
            await writer.FlushAsync(Token);
        }

        await writer.WriteAsync(other.Id, Line("other"), Token);
        await writer.FlushAsync(Token);

        var lines = (await Logs.ListAsync(loud.Id, loud.UserId, Cursor.Start, 100, Token)).Items;
        Assert.That(lines, Has.Count.EqualTo(11));
        Assert.That(
            (lines[^1].Message, lines[^1].Level),
            Is.EqualTo(("[The log is longer than 2280 bytes: what follows is not stored.]", DeploymentLogLevel.Warning)));
        Assert.That(await MessagesAsync(other), Is.EqualTo(new[] { "other" }));
    }

    [TestCase("x", 0)]
    [TestCase("ä", 1)]
    [TestCase("€", 0)]
    [TestCase("😀", 1)]
    [TestCase("\0", 0)]
    public async Task A_line_too_long_is_cut_between_characters_with_a_note(string character, int shift)
    {
        await using var host = NewHost(o => o.MaxLineBytes = 256);
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        var text = new string('x', shift) + string.Concat(Enumerable.Repeat(character, 300));
        await writer.WriteAsync(deployment.Id, Line(text), Token);
        await writer.FlushAsync(Token);

        var stored = (await MessagesAsync(deployment)).Single();
        var kept = stored[..stored.IndexOf(" [", StringComparison.Ordinal)];
        var clean = text.Replace('\0', '\uFFFD');

        Assert.That(Encoding.UTF8.GetByteCount(stored), Is.InRange(250, 256));
        Assert.That(clean, Does.StartWith(kept));
        Assert.That(stored, Does.EndWith($" [{Encoding.UTF8.GetByteCount(clean) - Encoding.UTF8.GetByteCount(kept)} bytes cut]"));
    }

    [Test]
    public async Task Disposing_the_services_stores_buffered_lines([Values] bool wait)
    {
        var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var deployment = await EnqueueAsync();
        for (var i = 0; i < 100; i++)
        {
            await writer.WriteAsync(deployment.Id, Line($"{i}"), Token);
        }

        if (wait)
        {
            await host.DisposeAsync();
        }
        else
        {
#pragma warning disable CA1849 // Both ways of a host.
            host.Dispose();
#pragma warning restore CA1849
        }

        Assert.That(await MessagesAsync(deployment), Is.EqualTo(Enumerable.Range(0, 100).Select(i => $"{i}")));
        Assert.That(() => writer.WriteAsync(deployment.Id, Line("late"), Token), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public async Task An_invalid_line_is_refused_with_the_reason()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();

        Assert.That(() => writer.WriteAsync(Guid.NewGuid(), null!, Token), Throws.ArgumentException.With.Message.Contains("line"));
        Assert.That(() => writer.WriteAsync(Guid.NewGuid(), Line(null!), Token), Throws.ArgumentException.With.Message.Contains("message"));
        Assert.That(
            () => writer.WriteAsync(Guid.NewGuid(), Line("x") with { Level = DeploymentLogLevel.From("loud") }, Token),
            Throws.ArgumentException.With.Message.Contains("debug, info, warning, error"));
        await writer.FlushAsync(Token);
        await writer.FlushAsync(Guid.NewGuid(), Token);
    }

    private static NewDeploymentLog Line(string message) => new() { Message = message };

    private ServiceProvider NewHost(Action<LogWriterOptions>? configure = null) => new ServiceCollection()
        .AddSingleton<TimeProvider>(Clock)
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            options.MinPoolSize = 0;
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
            configure?.Invoke(options.LogWriter);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment) =>
        (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(l => l.Message);
}
