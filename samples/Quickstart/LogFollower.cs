using AutoStack.Data.Deployments;

namespace Quickstart;

/// <summary>Shows the log of a deployment while it grows, as a page of its owner would: by a cursor, from committed rows.</summary>
internal sealed class LogFollower(IDeploymentRepository deployments, IDeploymentLogRepository logs, Screen screen)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    public async Task FollowAsync(Deployment deployment, string projectName, CancellationToken cancellationToken)
    {
        var place = LogCursor.Start;
        while (true)
        {
            // Asked before reading: what is there when it has ended is all there will be.
            var now = await deployments.FindAsync(deployment.Id, deployment.UserId, cancellationToken);
            var page = await logs.ListAsync(deployment.Id, deployment.UserId, place, IDeploymentLogRepository.MaxPageSize, cancellationToken);
            foreach (var line in page.Lines)
            {
                screen.LogLine(projectName, line);
            }

            place = page.After;
            if (page.Lines.Count < IDeploymentLogRepository.MaxPageSize)
            {
                if (now is null or { Status.IsFinished: true })
                {
                    return;
                }

                await Task.Delay(Interval, cancellationToken);
            }
        }
    }
}
