using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Logs;

/// <summary>Lines that reach the command timeout keep no other deployment's lines from being stored.</summary>
[CancelAfter(120_000)]
public sealed class SlowLogTests : DatabaseTests
{
    private const long Key = 4711;

    // A line 'slow' takes 0.3 s; a line 'stuck' waits for another session; statements leave their text behind.
    private const string Triggers = """
        CREATE TABLE statements (text text, lines bigint);
        CREATE FUNCTION delay() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.message LIKE 'slow%' THEN
                PERFORM pg_sleep(0.3);
            ELSE
                PERFORM pg_advisory_xact_lock_shared(4711);
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER delay BEFORE INSERT ON deployment_logs FOR EACH ROW
        WHEN (NEW.message LIKE 'slow%' OR NEW.message LIKE 'stuck%') EXECUTE FUNCTION delay();
        CREATE FUNCTION witness() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            INSERT INTO statements SELECT current_query(), count(*) FROM added;
            RETURN NULL;
        END $$;
        CREATE TRIGGER witness AFTER INSERT ON deployment_logs REFERENCING NEW TABLE AS added FOR EACH STATEMENT
        EXECUTE FUNCTION witness();
        """;

    [OneTimeSetUp]
    public Task CreateTriggersAsync() => ExecuteAsync(Triggers);

    [Test]
    public async Task A_batch_that_times_out_is_stored_in_parts()
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (slow, other) = (await EnqueueAsync(), await EnqueueAsync());
        await WriteAsync(writer, slow, "slow", 8);
        await WriteAsync(writer, other, "line", 3);

        await writer.FlushAsync(other.Id, Token);
        Assert.That(await MessagesAsync(slow), Is.Empty, "Eight lines take longer than the timeout.");
        await writer.FlushAsync(slow.Id, Token);

        Assert.That(await MessagesAsync(slow), Is.EqualTo(Enumerable.Range(0, 8).Select(i => $"slow {i}")));
        Assert.That(await MessagesAsync(other), Is.EqualTo(Enumerable.Range(0, 3).Select(i => $"line {i}")));
    }

    [TestCase(5)]
    [TestCase(DeploymentLogAppends.CopyFrom)]
    public async Task A_line_that_never_passes_keeps_its_own_deployment_back(int lines)
    {
        await using var host = NewHost(o => o.FailAfter = TimeSpan.FromSeconds(4));
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        Deployment[] others = [await EnqueueAsync(), await EnqueueAsync(), await EnqueueAsync()];
        var stuck = await EnqueueAsync();
        await using var foreign = await Raw.OpenConnectionAsync(Token);
        await ExecuteAsync(foreign, $"SELECT pg_advisory_lock({Key})");
        await WriteAsync(writer, others[0], "line", lines);
        await WriteAsync(writer, stuck, "stuck", 2);
        await WriteAsync(writer, others[1], "line", 2);
        foreach (var other in others)
        {
            await UntilStoredAsync(writer, other);
        }

        await WriteAsync(writer, others[2], "later", 1);
        await UntilStoredAsync(writer, others[2]);

        Assert.That(async () => await FailureAsync(writer, stuck), Is.TypeOf<StatementTimeoutException>().After(60).Seconds.PollEvery(100));
        Assert.That(await CountAsync(others[0]), Is.EqualTo(lines));
        Assert.That(await MessagesAsync(others[1]), Is.EqualTo(new[] { "line 0", "line 1" }));
        Assert.That(await MessagesAsync(others[2]), Is.EqualTo(new[] { "later 0" }));
        Assert.That(await MessagesAsync(stuck), Is.Empty);

        await ExecuteAsync(foreign, $"SELECT pg_advisory_unlock({Key})");
        await WriteAsync(writer, stuck, "line", 1);
        await UntilStoredAsync(writer, stuck);
        Assert.That(await MessagesAsync(stuck), Is.EqualTo(new[] { "stuck 0", "stuck 1", "line 0" }));
    }

    [TestCase("SELECT pg_advisory_xact_lock(uuid_hash_extended('{0}', 'deployment_logs'::regclass::oid::bigint))")]
    [TestCase("SELECT 1 FROM deployments WHERE id = '{0}' FOR UPDATE")]
    public async Task Lines_that_waited_for_a_lock_are_still_copied(string hold)
    {
        await using var host = NewHost();
        var writer = host.GetRequiredService<IDeploymentLogWriter>();
        var (held, other) = (await EnqueueAsync(), await EnqueueAsync());
        await using var foreign = await Raw.OpenConnectionAsync(Token);
        await ExecuteAsync(foreign, "BEGIN; " + hold.Replace("{0}", held.Id.ToString(), StringComparison.Ordinal));
        await WriteAsync(writer, held, "line", DeploymentLogAppends.CopyFrom);
        await WriteAsync(writer, other, "line", 1);
        await writer.FlushAsync(other.Id, Token);
        Assert.That(await CountAsync(held), Is.Zero, "The log of the deployment is locked.");

        await ExecuteAsync(foreign, "ROLLBACK; DELETE FROM statements");
        await writer.FlushAsync(held.Id, Token);

        Assert.That(await CountAsync(held), Is.EqualTo(DeploymentLogAppends.CopyFrom));
        Assert.That(
            await ScalarAsync($"SELECT min(text) FROM statements WHERE lines = {DeploymentLogAppends.CopyFrom}"), Does.StartWith("COPY"));
    }

    private static async Task WriteAsync(IDeploymentLogWriter writer, Deployment deployment, string text, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = $"{text} {i}" }, Token);
        }
    }

    // While attempts take longer than FailAfter, other callers may be told so.
    private static async Task UntilStoredAsync(IDeploymentLogWriter writer, Deployment deployment)
    {
        while (await FailureAsync(writer, deployment) is not null)
        {
            await Task.Delay(20, Token);
        }
    }

    private static async Task<Exception?> FailureAsync(IDeploymentLogWriter writer, Deployment deployment)
    {
        try
        {
            await writer.FlushAsync(deployment.Id, Token);
            return null;
        }
        catch (AutoStackDataException exception)
        {
            return exception;
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private async Task<long> CountAsync(Deployment deployment) =>
        (long)(await ScalarAsync("SELECT count(*) FROM deployment_logs WHERE deployment_id = $1", deployment.Id))!;

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment) =>
        (await Logs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 1000, Token)).Items.Select(line => line.Message);

    private ServiceProvider NewHost(Action<LogWriterOptions>? configure = null) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = Database.ConnectionString;
            (options.MinPoolSize, options.CommandTimeout) = (0, TimeSpan.FromSeconds(1));
            options.LogWriter.FlushInterval = TimeSpan.FromHours(1);
            configure?.Invoke(options.LogWriter);
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();
}
