using System.Globalization;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;

namespace Quickstart;

/// <summary>Takes deployments from the queue and builds them, one after the other.</summary>
internal sealed class Worker(
    IDeploymentLifecycle lifecycle, IPlatformDeploymentStageRepository stages, IDeploymentLogWriter logs, OwnQueue queue, Launcher launcher, Shell shell, Workspace workspace)
{
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
            // The claim made it 'cloning'; every later step is announced before it begins.
            var folder = workspace.Folder("builds", deployment.Id.ToString());
            var mirror = $"url.{workspace.Folder("repositories")}/.insteadOf={SampleRepository.Host}";
            await RunAsync(log, folder, "git", ["-c", mirror, "clone", "--no-checkout", project.Repository, "."], cancellationToken);

            await EnterAsync(deployment, DeploymentStatus.Checkout, cancellationToken);
            await RunAsync(log, folder, "git", ["checkout", deployment.Branch ?? project.Branch, "--"], cancellationToken);
            var commit = await ReadCommitAsync(folder, cancellationToken);
            await lifecycle.SetCommitAsync(deployment.Id, commit, cancellationToken);

            await EnterAsync(deployment, DeploymentStatus.Installing, cancellationToken);
            await RunAsync(log, folder, "dotnet", ["restore", "--disable-build-servers"], cancellationToken);

            await EnterAsync(deployment, DeploymentStatus.Building, cancellationToken);
            log.Write($"$ {project.BuildCommand}");
            Check("The build command", await shell.RunCommandAsync(folder, project.BuildCommand, log.Write, cancellationToken));

            await EnterAsync(deployment, DeploymentStatus.Copying, cancellationToken);
            var artifacts = workspace.Folder("artifacts", deployment.Id.ToString());
            var count = Copy(Path.Combine(folder, project.OutputDir), artifacts);
            log.Write($"Copied {count} files to {artifacts}");

            // The one stage that no status stands for: it is entered and left by hand.
            await stages.CompleteAsync(deployment.Id, StageName.Copying, cancellationToken);
            await stages.StartAsync(deployment.Id, StageName.Deploying, cancellationToken);
            var image = $"{project.Name}:{commit.Hash[..12]}";
            var url = await launcher.LaunchAsync(deployment.Id, image, artifacts, log, cancellationToken);
            await stages.CompleteAsync(deployment.Id, StageName.Deploying, cancellationToken);

            // The log first: whoever sees the end of a deployment finds its last line.
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
            // The user cancelled or deleted it: the row says so already, and there is nothing to add.
        }
    }

    private async Task EnterAsync(Deployment deployment, DeploymentStatus step, CancellationToken cancellationToken)
    {
        if (await lifecycle.AdvanceAsync(deployment.Id, step, cancellationToken) != TransitionResult.Applied)
        {
            throw new DeploymentEndedException();
        }
    }

    private async Task RunAsync(BuildLog log, string folder, string program, string[] arguments, CancellationToken cancellationToken)
    {
        log.Write($"$ {program} {string.Join(' ', arguments)}");
        Check($"{program} {arguments[0]}", await shell.RunAsync(folder, program, arguments, log.Write, cancellationToken));
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
        return new CommitInfo(lines[0], lines[3], lines[1], DateTimeOffset.Parse(lines[2], CultureInfo.InvariantCulture));
    }

    private static int Copy(string source, string target)
    {
        var files = new DirectoryInfo(source).GetFiles("*", SearchOption.AllDirectories);
        foreach (var file in files)
        {
            var copy = Path.Combine(target, Path.GetRelativePath(source, file.FullName));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            file.CopyTo(copy);
        }

        return files.Length;
    }
}

/// <summary>A step went wrong, for a reason that the owner of the project is told.</summary>
internal sealed class StepFailedException(string message) : Exception(message);

/// <summary>The deployment has ended meanwhile, by no doing of the worker.</summary>
internal sealed class DeploymentEndedException : Exception;
