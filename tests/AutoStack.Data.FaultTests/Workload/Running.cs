using AutoStack.Data.Containers;
using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

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
        var reserved = await RepeatAsync(
            "Containers.ReserveAsync",
            () => Containers.ReserveAsync(container, CancellationToken.None),
            attempt =>
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
