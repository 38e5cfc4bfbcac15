using AutoStack.Data.Deployments;
using AutoStack.Data.FaultTests.Ledgers;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Queues deployments of one project, and some of a project that does not exist.</summary>
internal sealed class Enqueuing(string name, Service service, Ledger ledger, int seed, Guid projectId, Guid userId)
    : Caller(name, service, ledger, seed)
{
    protected override async Task TurnAsync(CancellationToken ending)
    {
        var isMissing = OneOf(5);
        var id = NewId();
        var mark = $"build {id:n}";
        var deployment = new NewDeployment
        {
            Id = id,
            ProjectId = isMissing ? NewId() : projectId,
            UserId = userId,
            Commit = new CommitInfo("abc", mark),
        };
        var effect = Ledger.Expect(RowKind.Deployment, id, mark);
        var result = await RepeatAsync(
            "Deployments.EnqueueAsync",
            () => Service.Get<IDeploymentRepository>().EnqueueAsync(deployment, CancellationToken.None),
            attempt =>
            {
                // Null says that nothing was queued, as an exception of the library does.
                effect.Attempts.Add(attempt is { IsAcknowledged: true, Value: null } ? Verdict.Refused : attempt.Verdict);
                return true;
            });
        if (result.IsAcknowledged && result.Value is null != isMissing)
        {
            Ledger.Contradictions.Enqueue($"{Name}: the answer of {id} is {(isMissing ? "a row" : "null")}");
        }

        // The two workers keep up with this pace.
        await Task.Delay(Random.Next(20, 60), CancellationToken.None);
    }
}
