using AutoStack.Data.FaultTests.Ledgers;
using AutoStack.Data.Logs;

namespace AutoStack.Data.FaultTests.Workload;

/// <summary>Follows one log from its beginning, and after a failure from the last line that it saw.</summary>
internal sealed class Following(string name, Service service, Ledger ledger, Guid deploymentId, Guid ownerId)
{
    private readonly Follow follow = new(name, deploymentId);
    private int seen;

    /// <summary>The number of lines seen; written by the follower's task, read by the laboratory.</summary>
    public int Seen => Volatile.Read(ref seen);

    public Guid DeploymentId => deploymentId;

    public async Task RunAsync(CancellationToken ending)
    {
        ledger.Follows.Enqueue(follow);
        var cursor = Cursor.Start;
        while (!ending.IsCancellationRequested)
        {
            await ledger.TryAsync(name, "LogFollower.FollowAsync", async () =>
            {
                try
                {
                    var lines = service.Get<IDeploymentLogFollower>().FollowAsync(deploymentId, ownerId, cursor, ending);
                    await foreach (var line in lines.ConfigureAwait(false))
                    {
                        follow.Seen.Add(line);
                        cursor = line.Cursor;
                        Volatile.Write(ref seen, follow.Seen.Count);
                    }
                }
                catch (OperationCanceledException) when (ending.IsCancellationRequested)
                {
                    // The laboratory ends.
                }

                return true;
            });
        }
    }
}
