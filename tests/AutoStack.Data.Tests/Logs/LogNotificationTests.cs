using System.Diagnostics;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Logs;

[CancelAfter(120_000)]
public sealed class LogNotificationTests : DatabaseTests
{
    private readonly List<string> received = [];
    private NpgsqlConnection listener = null!;

    [SetUp]
    public async Task ListenAsync()
    {
        received.Clear();
        listener = await Raw.OpenConnectionAsync(Token);
        listener.Notification += (_, notification) => received.Add(notification.Payload);
        await using var command = new NpgsqlCommand($"LISTEN {IDeploymentLogRepository.Channel}", listener);
        await command.ExecuteNonQueryAsync(Token);
    }

    [TearDown]
    public async Task StopAsync() => await listener.DisposeAsync();

    [Test]
    public async Task Committed_lines_are_notified_and_rolled_back_lines_are_not()
    {
        var (rolledBack, appended) = (await EnqueueAsync(), await EnqueueAsync());
        var (inUnit, buffered) = (await EnqueueAsync(), await EnqueueAsync());
        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, ct) =>
            {
                await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(rolledBack.Id, [new NewDeploymentLog { Message = "x" }], ct);
                throw new InvalidOperationException();
            }, Token),
            Throws.InvalidOperationException);

        await PlatformLogs.AppendAsync(appended.Id, [new NewDeploymentLog { Message = "x" }], Token);
        await ReceivedAsync(appended.Id);
        await UnitOfWork.RunAsync(
            (tx, ct) => tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(inUnit.Id, [new NewDeploymentLog { Message = "x" }], ct),
            Token);
        await ReceivedAsync(inUnit.Id);
        await Get<IDeploymentLogWriter>().WriteAsync(buffered.Id, new NewDeploymentLog { Message = "x" }, Token);
        await ReceivedAsync(buffered.Id);

        Assert.That(received, Has.None.EqualTo(rolledBack.Id.ToString()));
    }

    [Test]
    public async Task Many_appends_are_merged_into_few_notifications()
    {
        var (deployment, end) = (await EnqueueAsync(), await EnqueueAsync());
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 200; i++)
        {
            await PlatformLogs.AppendAsync(deployment.Id, [new NewDeploymentLog { Message = "x" }], Token);
        }

        await PlatformLogs.AppendAsync(end.Id, [new NewDeploymentLog { Message = "x" }], Token);
        await ReceivedAsync(end.Id);

        var most = 2 + (int)(Stopwatch.GetElapsedTime(started).TotalMilliseconds / 100);
        Assert.That(received.Count(payload => payload == deployment.Id.ToString()), Is.InRange(1, most));
    }

    private async Task ReceivedAsync(Guid deploymentId)
    {
        while (!received.Contains(deploymentId.ToString()))
        {
            await listener.WaitAsync(Token);
        }
    }
}
