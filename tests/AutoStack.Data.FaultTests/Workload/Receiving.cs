using System.Text.Json;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Stores webhooks, each delivery once or twice.</summary>
internal sealed class Receiving(string name, Service service, Ledger ledger, int seed) : Caller(name, service, ledger, seed)
{
    protected override async Task TurnAsync(CancellationToken ending)
    {
        var id = NewId();
        var delivery = $"{id:d}";
        var result = await StoreAsync(id, delivery, Ledger.Expect(RowKind.Webhook, id, delivery));
        if (!result.IsAcknowledged || !OneOf(3))
        {
            return;
        }

        var again = await TryAsync("Webhooks.StoreAsync, again", () => CallAsync(NewId(), delivery));
        if (again.IsAcknowledged && (again.Value!.Outcome != WebhookStoreOutcome.Duplicate || again.Value.PayloadId != id))
        {
            Ledger.Contradictions.Enqueue($"{Name}: the second copy of delivery {delivery} is {again.Value.Outcome}");
        }
    }

    private Task<Result<WebhookStoreResult>> StoreAsync(Guid id, string delivery, Effect effect) =>
        InsertAsync("Webhooks.StoreAsync", effect, () => CallAsync(id, delivery));

    private Task<WebhookStoreResult> CallAsync(Guid id, string delivery) =>
        Service.Get<IWebhookPayloadRepository>().StoreAsync(
            new NewWebhookPayload
            {
                Id = id,
                Provider = WebhookProvider.GitHub,
                Headers = JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["x-github-delivery"] = delivery }),
                PayloadJson = JsonSerializer.SerializeToElement(new { zen = "Keep it logically awesome." }),
            },
            CancellationToken.None);
}
