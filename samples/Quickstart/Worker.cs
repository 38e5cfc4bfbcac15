using System.Globalization;
using AutoStack.Data;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;

namespace Quickstart;

/// <summary>Claims deployments from the queue and builds them, one after the other.</summary>
internal sealed class Worker(
    IDeploymentLifecycle lifecycle,
    IPlatformDeploymentStageRepository stages,
    IDeploymentLogWriter logs,
    OwnQueue queue,
    Launcher launcher,
    Shell shell,
    Workspace workspace)
{
    private static readonly TimeSpan GitLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);

    public async Task RunAsync(HashSet<Guid> own, CancellationToken cancellationToken)
    {
        while (await queue.ClaimNextAsync(own, cancellationToken) is { } work)
        {
            await DeployAsync(work.Deployment, work.Project, cancellationToken);
        }
    }

    private async Task DeployAsync(Deployment deployment, Project project, CancellationToken cancellationToken)
    {
        var log = new BuildLog(logs, deployment.Id);
        try
        {
            // The claim set the status to 'cloning'; every later step is reported before it begins.
            var folder = workspace.Folder("builds", deployment.Id.ToString());
            var mirror = $"url.{workspace.Folder("repositories")}/.insteadOf={SampleRepository.Host}";
            string[] clone = ["-c", mirror, "clone", "--no-checkout", "--no-local", "--", project.Repository, "."];
            await RunAsync(log, folder, "git", clone, GitLimit, cancellationToken);

            await EnterAsync(deployment, DeploymentStatus.Checkout, cancellationToken);

            // The full name of the ref: a branch named --something must not be an option.
            var branch = $"refs/remotes/origin/{deployment.Branch ?? project.Branch}";
            string[] checkout = ["-c", "advice.detachedHead=false", "checkout", "--detach", branch, "--"];
            await RunAsync(log, folder, "git", checkout, GitLimit, cancellationToken);
            var commit = await ReadCommitAsync(folder, cancellationToken);
            DeploymentEndedException.ThrowUnlessContinuing(await lifecycle.RecordCommitAsync(deployment.Id, commit, cancellationToken));

            await EnterAsync(deployment, DeploymentStatus.Installing, cancellationToken);
            await RunAsync(log, folder, "dotnet", ["restore", "--disable-build-servers"], BuildLimit, cancellationToken);

            await EnterAsync(deployment, DeploymentStatus.Building, cancellationToken);
            log.Write($"$ {project.BuildCommand}");
            Check("The build command", await shell.RunCommandAsync(folder, project.BuildCommand, log.Write, BuildLimit, cancellationToken));

            await EnterAsync(deployment, DeploymentStatus.Copying, cancellationToken);
            var artifacts = workspace.Folder("artifacts", deployment.Id.ToString());
            var count = OutputFolder.Copy(OutputFolder.Find(folder, project.OutputDir), artifacts);
            log.Write($"Copied {count} files to {artifacts}");

            // No status names this stage, so the worker starts and completes it.
            DeploymentEndedException.ThrowUnlessContinuing(await stages.CompleteAsync(deployment.Id, StageName.Copying, cancellationToken));
            DeploymentEndedException.ThrowUnlessContinuing(await stages.StartAsync(deployment.Id, StageName.Deploying, cancellationToken));
            var image = $"{project.Name}:{commit.Hash[..12]}";
            var url = await launcher.LaunchAsync(deployment.Id, image, artifacts, log, cancellationToken);
            DeploymentEndedException.ThrowUnlessContinuing(
                await stages.CompleteAsync(deployment.Id, StageName.Deploying, cancellationToken));

            // The log comes first: a reader who sees the end of a deployment also finds its last line.
            await log.CompleteAsync();
            await lifecycle.SucceedAsync(deployment.Id, url, cancellationToken);
        }
        catch (StepFailedException exception)
        {
            log.Write(exception.Message, DeploymentLogLevel.Error);
            await log.CompleteAsync();
            await lifecycle.FailAsync(deployment.Id, exception.Message, cancellationToken);
        }
        catch (DeploymentEndedException)
        {
            // The row holds the end already: its owner cancelled or deleted the deployment, or a sweeper failed it.
        }
    }

    private async Task EnterAsync(Deployment deployment, DeploymentStatus step, CancellationToken cancellationToken) =>
        DeploymentEndedException.ThrowUnlessContinuing(await lifecycle.AdvanceAsync(deployment.Id, step, cancellationToken));

    private async Task RunAsync(
        BuildLog log, string folder, string program, string[] arguments, TimeSpan limit, CancellationToken cancellationToken)
    {
        log.Write($"$ {program} {string.Join(' ', arguments)}");
        Check(program, await shell.RunAsync(folder, program, arguments, log.Write, limit, cancellationToken));
    }

    private static void Check(string what, int exitCode)
    {
        if (exitCode != 0)
        {
            throw new StepFailedException($"{what} ended with exit code {exitCode}.");
        }
    }

    private async Task<CommitInfo> ReadCommitAsync(string folder, CancellationToken cancellationToken)
    {
        var lines = await shell.ReadAsync(folder, "git", ["log", "-1", "--format=%H%n%an%n%cI%n%s"], cancellationToken);

        // The author of the commit chose every line but the hash.
        var time = DateTimeOffset.TryParse(lines[2], CultureInfo.InvariantCulture, out var parsed) ? parsed : (DateTimeOffset?)null;
        return new CommitInfo(lines[0], lines.ElementAtOrDefault(3) ?? "", lines[1][..Math.Min(lines[1].Length, 200)], time);
    }
}
