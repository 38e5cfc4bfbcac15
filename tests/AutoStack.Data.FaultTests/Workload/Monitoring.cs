using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.HealthChecks;

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
