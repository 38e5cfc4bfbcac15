using System.Globalization;
using AutoStack.Data;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;

namespace Platform.Building;

/// <summary>Builds a deployment: fetches the sources, runs the build command, copies the result, and starts it.</summary>
internal sealed class Builder(Workspace workspace, Sites sites, IPlatformDeploymentStageRepository stages)
{
    /// <summary>Builds a deployment that the hosted worker has claimed.</summary>
    /// <returns>The address of the result.</returns>
    /// <exception cref="DeploymentFailedException">A step went wrong; its message is for the owner.</exception>
    public async Task<string?> BuildAsync(DeploymentJob job, DeploymentJobLog log, CancellationToken token)
    {
        // A folder per attempt: another worker may have begun before.
        var checkout = workspace.Folder("builds", $"{job.Deployment.Id:N}-{job.Attempt}");
        try
        {
            return await BuildAsync(job, log, checkout, token);
        }
        finally
        {
            Workspace.Remove(checkout);
        }
    }

    private async Task<string> BuildAsync(DeploymentJob job, DeploymentJobLog log, string checkout, CancellationToken token)
    {
        // The claim has set the status to 'cloning'. Each call of EnterAsync throws when the owner has cancelled.
        var command = new Command(checkout, log);
        var commit = Example.FindByAddress(job.Project.Repository) is { } example
            ? await CopyAsync(job, log, example, checkout, token)
            : await CloneAsync(job, command, token);
        await job.RecordCommitAsync(commit, token);

        await job.EnterAsync(DeploymentStatus.Installing, token);
        await log.WriteAsync("Nothing to install before the build command.", token);

        await job.EnterAsync(DeploymentStatus.Building, token);
        if (string.IsNullOrWhiteSpace(job.Project.BuildCommand))
        {
            await log.WriteAsync("No build command: the files are served as they are.", token);
        }
        else
        {
            await command.RunLineAsync(job.Project.BuildCommand, token);
        }

        await job.EnterAsync(DeploymentStatus.Copying, token);
        var address = await PublishAsync(job, log, Files.FindBelow(checkout, job.Project.OutputDir), token);
        await job.StepAsync(ct => stages.CompleteAsync(job.Claim, StageName.Deploying, ct), token);
        return address;
    }

    // The copy is the site's once it runs: it goes when the site stops.
    private async Task<string> PublishAsync(DeploymentJob job, DeploymentJobLog log, string output, CancellationToken token)
    {
        var result = workspace.Folder("sites", $"{job.Deployment.Id:N}-{job.Attempt}");
        try
        {
            await log.WriteAsync($"Copied {Files.Copy(output, result)} files.", token);

            // No status names this stage, so that the build starts and completes it.
            await job.StepAsync(ct => stages.CompleteAsync(job.Claim, StageName.Copying, ct), token);
            await job.StepAsync(ct => stages.StartAsync(job.Claim, StageName.Deploying, ct), token);
            return await sites.StartAsync(job, log, result, token);
        }
        catch
        {
            Workspace.Remove(result);
            throw;
        }
    }

    private static async Task<CommitInfo> CopyAsync(
        DeploymentJob job, DeploymentJobLog log, Example example, string checkout, CancellationToken token)
    {
        await log.WriteAsync($"Copied {example.CopyTo(checkout)} files of the bundled example '{example.Name}'.", token);
        await job.EnterAsync(DeploymentStatus.Checkout, token);
        return example.Commit();
    }

    private static async Task<CommitInfo> CloneAsync(DeploymentJob job, Command command, CancellationToken token)
    {
        var repository = job.Project.Repository.Contains(':', StringComparison.Ordinal)
            ? job.Project.Repository
            : $"https://github.com/{job.Project.Repository}";
        var branch = job.Deployment.Branch ?? job.Project.Branch;
        await command.RunAsync("git", ["clone", "--depth=1", "--no-tags", $"--branch={branch}", "--", repository, "."], token);
        await job.EnterAsync(DeploymentStatus.Checkout, token);

        // The author of the commit chose every line but the hash.
        var lines = await command.ReadAsync("git", ["log", "-1", "--format=%H%n%an%n%cI%n%s"], token);
        var time = DateTimeOffset.TryParse(lines[2], CultureInfo.InvariantCulture, out var parsed) ? parsed : (DateTimeOffset?)null;
        return new CommitInfo(lines[0], lines.ElementAtOrDefault(3), lines[1], time);
    }
}
