using System.Globalization;
using AutoStack.Data;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;

namespace Quickstart;

/// <summary>Builds the deployments that the hosted worker of the library claims.</summary>
internal sealed class Builder(
    IPlatformDeploymentStageRepository stages,
    IDeploymentLogWriter logs,
    OwnQueue queue,
    Launcher launcher,
    Shell shell,
    Workspace workspace)
{
    private static readonly TimeSpan GitLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan BuildLimit = TimeSpan.FromMinutes(10);

    /// <summary>Builds and starts the site of a deployment.</summary>
    /// <returns>Its address.</returns>
    /// <exception cref="DeploymentFailedException">A step went wrong.</exception>
    public async Task<string?> BuildAsync(DeploymentJob job, CancellationToken cancellationToken)
    {
        await queue.RequireOwnAsync(job);
        var log = new BuildLog(logs, job.Deployment.Id);
        try
        {
            return await BuildAsync(job, log, cancellationToken);
        }
        catch (StepFailedException exception)
        {
            throw new DeploymentFailedException(exception.Message, exception);
        }
        finally
        {
            await log.CompleteAsync();
        }
    }

    private async Task<string> BuildAsync(DeploymentJob job, BuildLog log, CancellationToken cancellationToken)
    {
        var (deployment, project) = (job.Deployment, job.Project);

        // The claim set the status to 'cloning'; every later step is reported before it begins.
        var folder = workspace.Folder("builds", deployment.Id.ToString());
        var mirror = $"url.{workspace.Folder("repositories")}/.insteadOf={SampleRepository.Host}";
        string[] clone = ["-c", mirror, "clone", "--no-checkout", "--no-local", "--", project.Repository, "."];
        await RunAsync(log, folder, "git", clone, GitLimit, cancellationToken);

        await job.EnterAsync(DeploymentStatus.Checkout, cancellationToken);

        // The full name of the ref: a branch named --something must not be an option.
        var branch = $"refs/remotes/origin/{deployment.Branch ?? project.Branch}";
        string[] checkout = ["-c", "advice.detachedHead=false", "checkout", "--detach", branch, "--"];
        await RunAsync(log, folder, "git", checkout, GitLimit, cancellationToken);
        var commit = await ReadCommitAsync(folder, cancellationToken);
        await job.RecordCommitAsync(commit, cancellationToken);

        await job.EnterAsync(DeploymentStatus.Installing, cancellationToken);
        await RunAsync(log, folder, "dotnet", ["restore", "--disable-build-servers"], BuildLimit, cancellationToken);

        await job.EnterAsync(DeploymentStatus.Building, cancellationToken);
        log.Write($"$ {project.BuildCommand}");
        Check("The build command", await shell.RunCommandAsync(folder, project.BuildCommand, log.Write, BuildLimit, cancellationToken));

        await job.EnterAsync(DeploymentStatus.Copying, cancellationToken);
        var artifacts = workspace.Folder("artifacts", deployment.Id.ToString());
        var count = OutputFolder.Copy(OutputFolder.Find(folder, project.OutputDir), artifacts);
        log.Write($"Copied {count} files to {artifacts}");

        // No status names this stage, so the build starts and completes it.
        await job.StepAsync(token => stages.CompleteAsync(job.Claim, StageName.Copying, token), cancellationToken);
        await job.StepAsync(token => stages.StartAsync(job.Claim, StageName.Deploying, token), cancellationToken);
        var url = await launcher.LaunchAsync(job, $"{project.Name}:{commit.Hash[..12]}", artifacts, log, cancellationToken);
        await job.StepAsync(token => stages.CompleteAsync(job.Claim, StageName.Deploying, token), cancellationToken);
        return url;
    }

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
