using AutoStack.Data.Deployments;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Deployments;

/// <summary>Notifications arrive in the order of commits: one that the test sends itself shows that nothing came before it.</summary>
public sealed class QueueNotificationTests : DatabaseTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly List<string> received = [];
    private NpgsqlConnection listener = null!;

    [SetUp]
    public async Task ListenAsync()
    {
        received.Clear();
        listener = await Raw.OpenConnectionAsync(Token);
        listener.Notification += (_, notification) => received.Add($"{notification.Channel}:{notification.Payload}");
        await using var command = new NpgsqlCommand($"LISTEN {IDeploymentRepository.QueueChannel}; LISTEN test_end", listener);
        await command.ExecuteNonQueryAsync(Token);
    }

    [TearDown]
    public async Task StopAsync() => await listener.DisposeAsync();

    [Test]
    public async Task Enqueue_and_redeploy_notify_with_an_empty_payload()
    {
        var deployment = await EnqueueAsync();
        Assert.That(await ReceivedAsync(), Is.EqualTo(new[] { "autostack_deployments:" }));

        await Deployments.RedeployAsync(deployment.Id, deployment.UserId, null, Token);
        Assert.That(await ReceivedAsync(), Is.EqualTo(new[] { "autostack_deployments:" }));
    }

    [Test]
    public async Task A_unit_of_work_sends_one_notification_with_its_commit()
    {
        var project = await AddProjectAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var repository = tx.Get<IDeploymentRepository>();
            var first = (await repository.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, token))!;
            await repository.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, token);
            await repository.RedeployAsync(first.Id, first.UserId, null, token);
            Assert.That(await ReceivedAsync(), Is.Empty, "not committed yet");
        }, Token);

        Assert.That(await ReceivedAsync(), Is.EqualTo(new[] { "autostack_deployments:" }));
        Assert.That(
            (await Deployments.ListByProjectAsync(project.Id, project.UserId, Cursor.Start, 10, Token)).Items, Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Calls_that_queue_nothing_send_no_notification()
    {
        var project = await AddProjectAsync();
        var stranger = await AddUserAsync();
        var request = new NewDeployment { Id = Guid.NewGuid(), ProjectId = project.Id, UserId = project.UserId };
        var deployment = (await Deployments.EnqueueAsync(request, Token))!;
        var copy = Guid.NewGuid();
        await Deployments.RedeployAsync(deployment.Id, deployment.UserId, new Redeployment { Id = copy }, Token);
        await ReceivedAsync();

        await Deployments.EnqueueAsync(request, Token);
        await Deployments.EnqueueAsync(new NewDeployment { ProjectId = project.Id, UserId = stranger.Id }, Token);
        await Deployments.EnqueueAsync(new NewDeployment { ProjectId = Guid.NewGuid(), UserId = project.UserId }, Token);
        await Deployments.RedeployAsync(deployment.Id, deployment.UserId, new Redeployment { Id = copy }, Token);
        await Deployments.RedeployAsync(deployment.Id, stranger.Id, null, Token);
        await Deployments.CancelAsync(copy, deployment.UserId, null, Token);
        await Deployments.SoftDeleteAsync(deployment.Id, deployment.UserId, Token);
        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IDeploymentRepository>().EnqueueAsync(request with { Id = null }, token);
                throw new InvalidOperationException();
            }, Token),
            Throws.InvalidOperationException);

        Assert.That(await ReceivedAsync(), Is.Empty);
    }

    [Test]
    public async Task A_deployment_that_goes_back_to_the_queue_notifies()
    {
        await EmptyTheQueueAsync();
        var deployment = await EnqueueAsync();
        var released = (await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;
        await ReceivedAsync();
        Assert.That(await Lifecycle.ReleaseAsync(released.Claim, Token), Is.EqualTo(TransitionOutcome.Applied));
        Assert.That(await ReceivedAsync(), Is.EqualTo(new[] { "autostack_deployments:" }), "released");

        await Lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token);
        Clock.Advance(Minute);
        Assert.That((await Maintenance.RequeueExpiredAsync(3, 10, Token)).Requeued, Is.EqualTo(new[] { deployment.Id }));
        Assert.That(await ReceivedAsync(), Is.EqualTo(new[] { "autostack_deployments:" }), "taken back from a lost worker");

        await Maintenance.RequeueExpiredAsync(3, 10, Token);
        Assert.That(await ReceivedAsync(), Is.Empty, "nothing to take back");
    }

    // A notification inside the transaction of an enqueue would make the commits of all enqueues wait for each other.
    [Test]
    public async Task No_transaction_notifies()
    {
        await EmptyTheQueueAsync();
        var project = await AddProjectAsync();
        await using var host = new ServiceCollection()
            .AddSingleton<TimeProvider>(Clock)
            .AddAutoStackData(options => LibraryConnection.Set(options, Database.ConnectionString))
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        host.GetRequiredKeyedService<Data.Database>(AutoStackDataServiceCollectionExtensions.DefaultKey).QueueNotifier.Dispose();
        var (deployments, lifecycle) = (host.GetRequiredService<IDeploymentRepository>(), host.GetRequiredService<IDeploymentLifecycle>());
        var deployment = (await deployments.EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, Token))!;
        await deployments.RedeployAsync(deployment.Id, deployment.UserId, null, Token);
        for (var i = 0; i < 2; i++)
        {
            var job = (await lifecycle.ClaimNextAsync(new ClaimOptions { Lease = Minute }, Token))!;
            if (i == 0)
            {
                await lifecycle.ReleaseAsync(job.Claim, Token);
            }
        }

        Clock.Advance(Minute);
        var (requeued, _) = await host.GetRequiredService<IDeploymentMaintenance>().RequeueExpiredAsync(3, 10, Token);

        Assert.That(requeued, Has.Count.EqualTo(1));
        Assert.That(await ReceivedAsync(), Is.Empty);
    }

    private Task<int> EmptyTheQueueAsync() => ExecuteAsync(
        "UPDATE deployments SET status = 'cancelled', completed_at = created_at WHERE status = 'queued'");

    private async Task<string[]> ReceivedAsync()
    {
        await NotifiedAsync();
        await ExecuteAsync("NOTIFY test_end");
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(TimeSpan.FromSeconds(30));
        while (!received.Contains("test_end:"))
        {
            await listener.WaitAsync(timeout.Token);
        }

        string[] all = [.. received.Where(notification => notification != "test_end:")];
        received.Clear();
        return all;
    }
}
