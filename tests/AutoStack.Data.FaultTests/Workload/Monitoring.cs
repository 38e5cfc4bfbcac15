using System.Text.Json;
using AutoStack.Data.Containers;
using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Webhooks;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Adds health checks, some of a deployment that does not exist.</summary>
internal sealed class Monitoring(string name, Service service, Ledger ledger, int seed, IReadOnlyList<Guid> deployments)
    : Caller(name, service, ledger, seed)
{
    protected override async Task TurnAsync(CancellationToken ending)
    {
        var id = NewId();
        var check = new NewDeploymentHealthCheck
        {
            Id = id,
            DeploymentId = OneOf(5) ? NewId() : deployments[Random.Next(deployments.Count)],
            IsLive = true,
            Url = $"https://example.com/{id:n}",
        };
        await InsertAsync(
            "HealthChecks.AddAsync",
            Ledger.Expect(RowKind.HealthCheck, id, check.Url),
            () => Service.Get<IPlatformDeploymentHealthCheckRepository>().AddAsync(check, CancellationToken.None));
    }
}

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

/// <summary>Reserves ports for containers, and reports some containers stopped.</summary>
internal sealed class Running(string name, Service service, Ledger ledger, int seed, IReadOnlyList<Guid> deployments)
    : Caller(name, service, ledger, seed)
{
    private readonly Queue<PortUse> running = new();

    private IPlatformDeploymentContainerRepository Containers => Service.Get<IPlatformDeploymentContainerRepository>();

    protected override async Task TurnAsync(CancellationToken ending)
    {
        var id = NewId();
        var container = new NewDeploymentContainer
        {
            Id = id,
            DeploymentId = deployments[Random.Next(deployments.Count)],
            Image = $"site:{id:n}",
            Host = "node-1",
        };
        var effect = Ledger.Expect(RowKind.Container, id, container.Image);
        var reserved = await RepeatAsync("Containers.ReserveAsync", () => Containers.ReserveAsync(container, CancellationToken.None), attempt =>
        {
            // A deployment that failed gets no port.
            effect.Attempts.Add(attempt is { IsAcknowledged: true, Value.Container: null } ? Verdict.Refused : attempt.Verdict);
            return true;
        });
        if (reserved.Value?.Container is { } row)
        {
            var use = new PortUse(id, row.Port, Ledger.Now);
            Ledger.Ports.Enqueue(use);
            running.Enqueue(use);
        }

        while (running.Count > 20 || (running.Count > 3 && OneOf(3)))
        {
            var ended = running.Dequeue();
            ended.Until = Ledger.Now;
            var stopped = await RepeatAsync(
                "Containers.ReportStoppedAsync", () => Containers.ReportStoppedAsync(ended.ContainerId, CancellationToken.None));
            ended.IsStopAcknowledged = stopped.IsAcknowledged;
        }
    }
}
