using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Writes into the logs of several dozen deployments, which the other service's callers write into as well.</summary>
internal sealed class Logging(string name, Service service, Ledger ledger, int seed, IReadOnlyList<Guid> deployments)
    : Caller(name, service, ledger, seed)
{
    private readonly Lines[] logs = [.. deployments.Select(id => new Lines(service, ledger, name, id))];

    protected override async Task TurnAsync(CancellationToken ending)
    {
        foreach (var log in logs)
        {
            await log.WriteAsync(Random.Next(1, 4));
        }

        await logs[Random.Next(logs.Length)].FlushAsync();
        await Task.Delay(Random.Next(20, 60), CancellationToken.None);
    }
}
