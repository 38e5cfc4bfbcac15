using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Logs;

/// <summary>The purge of both log tables.</summary>
[TestFixture("deployment_logs")]
[TestFixture("deployment_runtime_logs")]
public sealed class LogPurgeTests(string table) : DatabaseTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private bool IsRuntime => table == "deployment_runtime_logs";

    [Test]
    public async Task Purge_removes_the_oldest_lines_without_a_gap_and_cursors_stay_valid()
    {
        await ExecuteAsync($"DELETE FROM {table}");
        var deployment = await LoggedAsync(1, 3, 2, 50, 4, 60);
        var old = await LoggedAsync(1, 2, 3);
        var before = Noon.AddSeconds(30);
        var reader = (await ListAsync(deployment, Cursor.Start, 2)).After;

        Assert.That(await PurgeAsync(before, 2), Is.EqualTo(2));
        Assert.That(
            await MessagesAsync(deployment, Cursor.Start),
            Is.EqualTo(new[] { "2", "50", "4", "60" }),
            "in the order of the lines, not of their timestamps");
        Assert.That(await PurgeAsync(before, 1000), Is.EqualTo(3));
        Assert.That(await PurgeAsync(before, 1000), Is.Zero);

        Assert.That(
            await MessagesAsync(deployment, Cursor.Start),
            Is.EqualTo(new[] { "50", "4", "60" }),
            "4 is old, but after a line that stays");
        Assert.That(
            await MessagesAsync(deployment, reader),
            Is.EqualTo(new[] { "50", "4", "60" }),
            "a removed place precedes the remaining lines");
        Assert.That(await MessagesAsync(old, Cursor.Start), Is.EqualTo(new[] { "3" }), "the last line stays");
        var end = (await TailAsync(old)).After;
        Assert.That(end, Is.EqualTo(Cursor.After(3)));
        await AppendAsync(old, 4);
        Assert.That(await MessagesAsync(old, end), Is.EqualTo(new[] { "4" }), "so that a reader misses nothing");
        Assert.That((await TailAsync(old)).After, Is.EqualTo(Cursor.After(4)));
        Assert.That(() => PurgeAsync(before, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_purge_skips_a_log_that_another_purge_has_locked()
    {
        await ExecuteAsync($"DELETE FROM {table}");
        var first = await LoggedAsync(1, 2, 3, 4, 5, 6);
        var second = await LoggedAsync(1, 2, 3, 4);
        var before = Noon.AddDays(1);

        // The first purge has removed two lines and not committed: until then nobody may see that the third is gone and the first is not.
        await UnitOfWork.RunAsync(async (tx, ct) =>
        {
            var purged = IsRuntime
                ? await tx.Get<IPlatformDeploymentRuntimeLogRepository>().PurgeAsync(before, 2, ct)
                : await tx.Get<IPlatformDeploymentLogRepository>().PurgeAsync(before, 2, ct);
            Assert.That(purged, Is.EqualTo(2));
            Assert.That(await PurgeAsync(before, 1000).WaitAsync(TimeSpan.FromSeconds(20), ct), Is.EqualTo(3));
            Assert.That(await MessagesAsync(first, Cursor.Start), Has.Exactly(6).Items);
        }, Token);

        Assert.That(await MessagesAsync(first, Cursor.Start), Has.Exactly(4).Items);
        Assert.That(await MessagesAsync(second, Cursor.Start), Is.EqualTo(new[] { "4" }));
    }

    private Task<int> PurgeAsync(DateTimeOffset before, int limit) =>
        IsRuntime ? PlatformRuntimeLogs.PurgeAsync(before, limit, Token) : PlatformLogs.PurgeAsync(before, limit, Token);

    private async Task<IEnumerable<string>> MessagesAsync(Deployment deployment, Cursor cursor) =>
        (await ListAsync(deployment, cursor, 100)).Messages;

    private async Task<(IEnumerable<string> Messages, Cursor After)> ListAsync(Deployment deployment, Cursor cursor, int limit)
    {
        if (IsRuntime)
        {
            var runtime = await RuntimeLogs.ListAsync(deployment.Id, deployment.UserId, cursor, limit, Token);
            return (runtime.Items.Select(line => line.Message), runtime.After);
        }

        var page = await Logs.ListAsync(deployment.Id, deployment.UserId, cursor, limit, Token);
        return (page.Items.Select(line => line.Message), page.After);
    }

    private async Task<(Cursor Before, Cursor After)> TailAsync(Deployment deployment)
    {
        if (IsRuntime)
        {
            var runtime = await RuntimeLogs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token);
            return (runtime.Before, runtime.After);
        }

        var page = await Logs.ListTailAsync(deployment.Id, deployment.UserId, Cursor.Start, 1, Token);
        return (page.Before, page.After);
    }

    private async Task<Deployment> LoggedAsync(params int[] seconds)
    {
        var deployment = await EnqueueAsync();
        await AppendAsync(deployment, seconds);
        return deployment;
    }

    // A line per second: the message is the second.
    private async Task AppendAsync(Deployment deployment, params int[] seconds)
    {
        if (IsRuntime)
        {
            var lines = seconds.Select(second => new NewDeploymentRuntimeLog(Noon.AddSeconds(second), $"{second}")).ToList();
            await PlatformRuntimeLogs.AppendAsync(deployment.Id, RuntimeLogSource.Docker, lines, Token);
        }
        else
        {
            var lines = seconds.Select(
                second => new NewDeploymentLog { Timestamp = Noon.AddSeconds(second), Message = $"{second}" }).ToList();
            await PlatformLogs.AppendAsync(deployment.Id, lines, Token);
        }
    }
}
