using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Logs;

/// <summary>A log whose last lines were removed with their period continues at its stored end.</summary>
[CancelAfter(60_000)]
public sealed class LogEndTests : DatabaseTests
{
    [TestCase(1)]
    [TestCase(DeploymentLogAppends.CopyFrom)]
    public async Task An_append_continues_at_the_end_of_a_log_without_lines(int count)
    {
        var deployment = await EndedAsync();

        await PlatformLogs.AppendAsync(
            deployment.Id, [.. Enumerable.Repeat(new NewDeploymentLog { Message = "line" }, count)], Token);

        Assert.That(await FirstAndLastAsync(deployment), Is.EqualTo((42L, 41L + count)));
        Assert.That(
            await ScalarAsync("SELECT max(log_bytes) FROM deployment_logs WHERE deployment_id = $1", deployment.Id),
            Is.EqualTo(9000L + (count * 132L)));
    }

    [Test]
    public async Task A_buffered_writer_continues_at_the_end_of_a_log_without_lines()
    {
        var deployment = await EndedAsync();

        var writer = Get<IDeploymentLogWriter>();
        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "line" }, Token);
        await writer.FlushAsync(Token);

        Assert.That(await FirstAndLastAsync(deployment), Is.EqualTo((42L, 42L)));
    }

    [Test]
    public async Task Lines_of_other_writers_continue_at_the_end()
    {
        var deployment = await EndedAsync();

        await ExecuteAsync(ForeignLine("deployment_logs"), deployment.Id);
        await ExecuteAsync(ForeignLine("deployment_logs"), deployment.Id);
        await ExecuteAsync(ForeignLine("deployment_runtime_logs"), deployment.Id);

        Assert.That(await FirstAndLastAsync(deployment), Is.EqualTo((42L, 43L)));
        Assert.That(
            await ScalarAsync("SELECT string_agg(log_bytes::text, ' ' ORDER BY seq) FROM deployment_logs WHERE deployment_id = $1",
                deployment.Id),
            Is.EqualTo("9135 9270"));
        Assert.That(
            await ScalarAsync("SELECT max(seq) FROM deployment_runtime_logs WHERE deployment_id = $1", deployment.Id), Is.EqualTo(8L));
    }

    [Test]
    public async Task The_output_of_a_container_continues_at_its_own_end()
    {
        var deployment = await EndedAsync();

        await PlatformRuntimeLogs.AppendAsync(
            deployment.Id, RuntimeLogSource.Docker, [new(Clock.GetUtcNow(), "a"), new(Clock.GetUtcNow(), "b")], Token);

        var page = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, Cursor.Start, 10, Token);
        Assert.That(page.Items.Select(line => line.Seq), Is.EqualTo(new[] { 8L, 9L }));
    }

    [TestCase("deployment_logs")]
    [TestCase("deployment_runtime_logs")]
    public async Task An_append_that_waits_for_its_table_holds_no_lock_of_a_log(string table)
    {
        var deployment = await EnqueueAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using (var command = connection.CreateCommand())
        {
            command.CommandText = $"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE";
            await command.ExecuteNonQueryAsync(Token);
        }

        Task[] appends = table == "deployment_logs"
            ?
            [
                PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "line" }], Token),
                WriteAsync(deployment),
            ]
            : [PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, [new(Clock.GetUtcNow(), "a")], Token)];
        await UntilSomeoneWaitsAsync(appends.Length);
        var held = await ScalarAsync("""
            SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
            WHERE l.locktype = 'advisory' AND d.datname = current_database()
            """);
        await transaction.RollbackAsync(Token);
        await Task.WhenAll(appends);

        Assert.That(held, Is.Zero);
    }

    private static string ForeignLine(string table) =>
        $"INSERT INTO {table} (id, deployment_id, timestamp, message) VALUES (gen_random_uuid(), $1, now(), 'foreign')";

    private async Task WriteAsync(Deployment deployment)
    {
        var writer = Get<IDeploymentLogWriter>();
        await writer.WriteAsync(deployment.Id, new NewDeploymentLog { Message = "line" }, Token);
        await writer.FlushAsync(Token);
    }

    private async Task<Deployment> EndedAsync()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("INSERT INTO deployment_log_ends (deployment_id, seq, log_bytes, runtime_seq) VALUES ($1, 41, 9000, 7)",
            deployment.Id);
        return deployment;
    }

    private async Task<(long First, long Last)> FirstAndLastAsync(Deployment deployment) => (
        (long)(await ScalarAsync("SELECT min(seq) FROM deployment_logs WHERE deployment_id = $1", deployment.Id))!,
        (long)(await ScalarAsync("SELECT max(seq) FROM deployment_logs WHERE deployment_id = $1", deployment.Id))!);
}
