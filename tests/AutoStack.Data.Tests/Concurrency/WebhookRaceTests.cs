using System.Text.Json;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.Tests.Concurrency;

public sealed class WebhookRaceTests : DatabaseTests
{
    [Test]
    public async Task A_delivery_that_arrives_twice_concurrently_is_one_row()
    {
        var delivery = Unique("d");
        Task<WebhookStoreResult> second = null!;

        var first = await UnitOfWork.RunAsync(async (tx, token) =>
        {
            var stored = await tx.Get<IWebhookPayloadRepository>().StoreAsync(Payload(delivery), token);
            second = Webhooks.StoreAsync(Payload(delivery), Token);
            await UntilSomeoneWaitsAsync();
            return stored;
        }, Token);

        Assert.That(await second, Is.EqualTo(first with { Outcome = WebhookStoreOutcome.Duplicate }));
        Assert.That(
            await ScalarAsync("SELECT count(*) FROM webhook_payloads WHERE headers ->> 'x-github-delivery' = $1", delivery), Is.EqualTo(1));
    }

    [Test]
    public async Task A_delivery_whose_first_copy_is_rolled_back_is_stored_by_the_second()
    {
        var delivery = Unique("d");
        Task<WebhookStoreResult> second = null!;

        Assert.That(
            () => UnitOfWork.RunAsync(async (tx, token) =>
            {
                await tx.Get<IWebhookPayloadRepository>().StoreAsync(Payload(delivery), token);
                second = Webhooks.StoreAsync(Payload(delivery), Token);
                await UntilSomeoneWaitsAsync();
                throw new InvalidOperationException("power");
            }, Token),
            Throws.InvalidOperationException);

        Assert.That((await second).Outcome, Is.EqualTo(WebhookStoreOutcome.Stored));
        Assert.That(await Webhooks.FindAsync((await second).PayloadId, Token), Is.Not.Null);
    }

    [Test]
    public async Task Of_two_deployments_attached_concurrently_one_stays()
    {
        var stored = await Webhooks.StoreAsync(Payload(Unique("d")), Token);
        var first = await EnqueueAsync();
        var second = await EnqueueAsync();
        Task<AttachOutcome> late = null!;

        await UnitOfWork.RunAsync(async (tx, token) =>
        {
            Assert.That(
                await tx.Get<IWebhookPayloadRepository>().AttachDeploymentAsync(stored.PayloadId, first.Id, token),
                Is.EqualTo(AttachOutcome.Attached));
            late = Webhooks.AttachDeploymentAsync(stored.PayloadId, second.Id, Token);
            await UntilSomeoneWaitsAsync();
        }, Token);

        Assert.That(await late, Is.EqualTo(AttachOutcome.OtherDeployment));
        Assert.That((await Webhooks.FindAsync(stored.PayloadId, Token))!.DeploymentId, Is.EqualTo(first.Id));
    }

    private static NewWebhookPayload Payload(string delivery) => new()
    {
        Provider = WebhookProvider.GitHub,
        PayloadJson = JsonSerializer.SerializeToElement(new { zen = "Keep it logically awesome." }),
        Headers = JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["X-GitHub-Delivery"] = delivery }),
    };
}
