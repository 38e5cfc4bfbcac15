using System.Collections.Concurrent;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Concurrency;

public sealed class ClaimRaceTests : DatabaseTests
{
    [SetUp]
    public Task EmptyTheQueueAsync() => ExecuteAsync("UPDATE deployments SET status = 'failed' WHERE status = 'queued'");

    [Test]
    public async Task Sixteen_workers_claim_each_deployment_exactly_once()
    {
        var project = await AddProjectAsync();
        var queued = new List<Guid>();
        for (var i = 0; i < 100; i++)
        {
            queued.Add((await EnqueueAsync(project)).Id);
        }

        var claimed = new ConcurrentBag<Guid>();
        using var start = new Barrier(16);
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Factory.StartNew(
            async () =>
            {
                start.SignalAndWait(TimeSpan.FromSeconds(30));
                while (await Lifecycle.ClaimNextAsync(Token) is { } job)
                {
                    claimed.Add(job.Deployment.Id);
                }
            }, Token, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap()));

        Assert.That(claimed, Is.EquivalentTo(queued));
    }

    [Test]
    public async Task A_claim_skips_a_deployment_that_another_claim_has_locked()
    {
        var project = await AddProjectAsync();
        var first = await EnqueueAsync(project);
        var second = await EnqueueAsync(project);

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That((await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token))!.Deployment.Id, Is.EqualTo(first.Id));
            Assert.That(
                (await Lifecycle.ClaimNextAsync(token).WaitAsync(TimeSpan.FromSeconds(20), token))!.Deployment.Id, Is.EqualTo(second.Id));
            Assert.That(await Lifecycle.ClaimNextAsync(token).WaitAsync(TimeSpan.FromSeconds(20), token), Is.Null);
        }, Token);
    }

    [Test]
    public async Task An_open_append_does_not_hide_a_queued_deployment()
    {
        var deployment = await EnqueueAsync();

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            await tx.Get<IPlatformDeploymentLogRepository>().AppendAsync(
                deployment.Id, [new NewDeploymentLog { Message = "queued" }], token);
            Assert.That((await Lifecycle.ClaimNextAsync(token))?.Deployment.Id, Is.EqualTo(deployment.Id));
        }, Token);
    }

    [Test]
    public async Task A_claim_that_is_rolled_back_leaves_the_deployment_in_the_queue()
    {
        var deployment = await EnqueueAsync();

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IDeploymentLifecycle>().ClaimNextAsync(token);
                throw new InvalidOperationException();
            }, Token),
            Throws.InvalidOperationException);

        Assert.That((await Lifecycle.ClaimNextAsync(Token))!.Deployment.Id, Is.EqualTo(deployment.Id));
    }
}
