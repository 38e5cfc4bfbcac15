using AutoStack.Data.Deployments;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>What the alert of a stuck queue and the monitor count as waiting, and since when.</summary>
[TestFixture(true)]
[TestFixture(false)]
public sealed class QueueAgeTests(bool alert) : DatabaseTests
{
    private const double Hour = 3_600;
    private const double Day = 24 * Hour;

    private IQueuePauseRepository Queue => Get<IQueuePauseRepository>();

    [SetUp]
    public Task EmptyTheQueueAsync() => ExecuteAsync("""
        UPDATE deployments SET status = 'failed' WHERE status = 'queued';
        DELETE FROM queue_pauses
        """);

    [Test]
    public async Task Nothing_waits_in_an_empty_queue() => Assert.That(await LookAsync(), Is.EqualTo((0, 0)));

    [Test]
    public async Task A_deployment_waits_from_its_creation_on()
    {
        await PlaceAsync((await EnqueueAsync()).Id, "(1::bigint << 32) | ((ms - 86400000) & 2147483647)");

        await AssertAsync(1, Day);
    }

    [Test]
    public async Task A_deployment_that_took_the_turn_of_another_waits_from_its_own_creation_on()
    {
        var id = (await EnqueueAsync()).Id;
        await PlaceAsync(id, "(1::bigint << 32) | ((ms - 86400000) & 2147483647)");
        await ExecuteAsync("UPDATE deployments SET created_at = timezone('UTC', now()) WHERE id = $1", id);

        await AssertAsync(1, 0);
    }

    [Test]
    public async Task A_scheduled_deployment_does_not_wait_before_its_start()
    {
        await PlaceAsync((await EnqueueAsync()).Id, "4611686018427387904 + ms + 3600000");

        Assert.That(await LookAsync(), Is.EqualTo((0, 0)));
    }

    // No worker runs, and so none moves it to its turn.
    [Test]
    public async Task A_scheduled_deployment_waits_from_its_start_on()
    {
        await PlaceAsync((await EnqueueAsync()).Id, "4611686018427387904 + ms - 43200000");

        await AssertAsync(1, Day / 2);
    }

    [Test]
    public async Task A_scheduled_deployment_that_has_its_turn_waits_from_its_start_on()
    {
        var id = (await EnqueueAsync()).Id;
        await PlaceAsync(id, "4611686018427387904 + ms");
        await ExecuteAsync("UPDATE deployments SET status = 'queued', queue_place = NULL WHERE id = $1", id);

        await AssertAsync(1, 0);
    }

    [Test]
    public async Task A_deployment_of_a_paused_project_does_not_wait()
    {
        var deployment = await EnqueueAsync();
        await PlaceAsync(deployment.Id, "(1::bigint << 32) | ((ms - 86400000) & 2147483647)");
        await Queue.PauseAsync(deployment.ProjectId, "ops", reason: null, Token);

        Assert.That(await LookAsync(), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_deployment_of_a_closed_account_does_not_wait()
    {
        var deployment = await EnqueueAsync();
        await ExecuteAsync("UPDATE users SET closed_at = now() WHERE id = $1", deployment.UserId);

        Assert.That(await LookAsync(), Is.EqualTo((0, 0)));
    }

    [Test]
    public async Task A_paused_queue_rings_no_alert_and_shows_what_waits()
    {
        await PlaceAsync((await EnqueueAsync()).Id, "(1::bigint << 32) | ((ms - 86400000) & 2147483647)");
        await Queue.PauseAsync(projectId: null, "ops", reason: null, Token);

        await AssertAsync(1, alert ? 0 : Day);
    }

    private async Task AssertAsync(double waiting, double seconds)
    {
        var found = await LookAsync();

        Assert.That(found.Waiting, Is.EqualTo(waiting));
        Assert.That(found.Seconds, Is.EqualTo(seconds).Within(Hour));
    }

    // Created a day ago; ms is the server's time.
    private Task PlaceAsync(Guid id, string place) => ExecuteAsync($"""
        UPDATE deployments d
        SET created_at = timezone('UTC', now()) - interval '1 day', queue_place = {place}
        FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS ms) n
        WHERE d.id = $1
        """, id);

    private async Task<(double Waiting, double Seconds)> LookAsync()
    {
        if (alert)
        {
            await using var command = Raw.CreateCommand(Query());
            await using var reader = await command.ExecuteReaderAsync(Token);
            await reader.ReadAsync(Token);
            return (
                reader.GetInt64(reader.GetOrdinal("waiting")),
                Convert.ToDouble(reader.GetValue(reader.GetOrdinal("oldest_age_seconds")), null));
        }

        // The clock of the fixture stands still.
        await using var host = new ServiceCollection()
            .AddAutoStackData(options => LibraryConnection.Set(options, Database.ConnectionString))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var queue = (await host.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.Queue, Token)).Queue!;
        return (queue.Waiting, queue.HeadSeconds ?? 0);
    }

    private static string Query()
    {
        var file = File.ReadAllText(Path.Combine(SourceRoot.Path, "deploy", "prometheus", "postgres-queries.yml"));
        var start = file.IndexOf("query: |", file.IndexOf("autostack_queue:", StringComparison.Ordinal), StringComparison.Ordinal) + 8;
        return file[start..file.IndexOf("  metrics:", start, StringComparison.Ordinal)];
    }
}
