using System.Net;
using System.Text.Json;
using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Retention;
using AutoStack.Data.Tests.Support;
using AutoStack.Data.Webhooks;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Integrity;

/// <summary>What services do with the library in the life of a user, of projects and of deployments.</summary>
internal sealed class LifeCycle(IServiceProvider services, CancellationToken token)
{
    private static readonly JsonElement Empty = JsonElement.Parse("{}");

    private T Get<T>()
        where T : notnull => services.GetRequiredService<T>();

    /// <summary>One of each: accounts, sessions, secrets, deployments in every state, logs, containers, webhooks, retention.</summary>
    public async Task RunAsync(string name = "ada")
    {
        var user = await RegisterAsync(name);
        var project = await AddProjectAsync(user, name);
        await SignInAsync(user, name);
        foreach (var end in new[]
        {
            DeploymentStatus.Success, DeploymentStatus.Failed, DeploymentStatus.Cancelled, DeploymentStatus.Queued,
            DeploymentStatus.Copying,
        })
        {
            await BuildAsync(project, end);
        }

        await TakeBackAsync(project);
        var deleted = await EnqueueAsync(project);
        await Get<IDeploymentRepository>().SoftDeleteAsync(deleted.Id, user, token);
        await EnqueueAsync(project);
        await Get<IDeploymentRepository>().CancelAsync((await EnqueueAsync(project)).Id, user, "Not needed.", token);
        await Get<IWebhookPayloadRepository>().StoreAsync(
            new NewWebhookPayload
            {
                Provider = WebhookProvider.GitHub,
                PayloadJson = JsonElement.Parse("""{"ref":"refs/heads/main"}"""),
                Headers = Empty,
            }, token);
        await Get<IRetentionService>().RunAsync(new RetentionPolicy(), null, token);
    }

    public async Task<Guid> RegisterAsync(string name)
    {
        var password = await Get<IPasswordHasher>().HashAsync("correct horse", token);
        var account = new NewAccount { Name = "Ada", Email = $"{name}@example.com", Password = password };
        await Get<IIdentityRepository>().RegisterAsync(account, token);
        var user = (await Get<IIdentityRepository>().FindCredentialsAsync(account.Email, token))!.UserId;
        await Get<IUserPreferencesRepository>().UpdateAsync(user, new UserPreferencesPatch { Theme = Theme.Dark }, token);
        await Get<IGitHubConnectionRepository>().ConnectAsync(
            user, new GitHubTokens { AccessToken = Secret.From("gho"), RefreshToken = Secret.From("ghr") }, token);
        return user;
    }

    public async Task SignInAsync(Guid user, string name)
    {
        var attempt = new SignInAttempt { Email = $"{name}@example.com", Address = IPAddress.Loopback };
        await Get<ISignInThrottle>().AcquireAsync(attempt, token);
        var client = ClientKey.New();
        var session = await Get<ISessionRepository>().AddAsync(new NewSession { UserId = user, Client = client }, token);
        var rotated = await Get<ISessionRepository>().RotateAsync(session.Token, client, TimeSpan.FromDays(7), token);
        await Get<ISessionRepository>().RotateAsync(rotated.Token!, client, TimeSpan.FromDays(7), token);
        await Get<ISessionRepository>().AddAsync(new NewSession { UserId = user }, token);
        await Get<IPasswordResetTokenRepository>().IssueAsync(user, TimeSpan.FromHours(1), token);
    }

    public async Task<Project> AddProjectAsync(Guid user, string name)
    {
        var project = await Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = user, Name = name, Repository = $"https://github.com/{name}/site" }, token);
        await Get<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, user, Secret.From("A=1"), token);
        return project;
    }

    // Another writer may hold the only queued row for a moment, and a claim skips rows that are locked.
    private async Task<DeploymentClaim> ClaimAsync()
    {
        var lifecycle = Get<IDeploymentLifecycle>();
        while (true)
        {
            if (await lifecycle.ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromMinutes(1) }, token) is { } claimed)
            {
                return claimed.Claim;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), token);
        }
    }

    public async Task<Deployment> EnqueueAsync(Project project)
    {
        var deployment = await Get<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, token);
        await Get<IDeploymentEnvironmentRepository>().SnapshotAsync(deployment!.Id, project.UserId, token);
        return deployment;
    }

    /// <summary>Claims a deployment and takes it to a status, with a stage, a log and a container.</summary>
    public async Task BuildAsync(Project project, DeploymentStatus end)
    {
        await EnqueueAsync(project);
        var lifecycle = Get<IDeploymentLifecycle>();
        var claim = await ClaimAsync();
        var id = claim.DeploymentId;
        await Get<IPlatformDeploymentStageRepository>().PlanAsync(claim, [StageName.Building, StageName.Deploying], token);
        foreach (var text in new[] { "first", "second", "third" })
        {
            await Get<IDeploymentLogWriter>().WriteAsync(id, new NewDeploymentLog { Message = text }, token);
        }

        await Get<IDeploymentLogWriter>().FlushAsync(id, token);
        await Get<IPlatformDeploymentRuntimeLogRepository>().AppendAsync(
            id, RuntimeLogSource.Docker, [new NewDeploymentRuntimeLog(DateTimeOffset.UtcNow, "ready")], token);
        await lifecycle.AdvanceAsync(claim, DeploymentStatus.Building, token);
        var containers = Get<IPlatformDeploymentContainerRepository>();
        var reserved = await containers.ReserveAsync(new NewDeploymentContainer { DeploymentId = id, Image = "site:1" }, token);
        if (reserved.Container is not { } container)
        {
            // The claim is of a deployment that a life beside this one has queued and deleted meanwhile.
            return;
        }

        await containers.ConfirmAsync(container.Id, $"c{id:N}", token);
        await containers.ReportRunningAsync(container.Id, token);
        await Get<IPlatformDeploymentHealthCheckRepository>().AddManyAsync(
            [new NewDeploymentHealthCheck { DeploymentId = id, Url = "http://localhost/", IsLive = true }], token);
        if (end == DeploymentStatus.Success)
        {
            await lifecycle.SucceedAsync(claim, "https://site.example.com/", token);
        }
        else if (end == DeploymentStatus.Failed)
        {
            await lifecycle.FailAsync(claim, "The build failed.", token);
            await containers.ReportStoppedAsync(container.Id, token);
        }
        else if (end == DeploymentStatus.Cancelled)
        {
            await Get<IDeploymentRepository>().CancelAsync(id, project.UserId, null, token);
        }
        else if (end == DeploymentStatus.Queued)
        {
            await lifecycle.ReleaseAsync(claim, token);
            claim = await ClaimAsync();
            await Get<IDeploymentRepository>().SoftDeleteAsync(claim.DeploymentId, project.UserId, token);
        }
        else
        {
            await lifecycle.AdvanceAsync(claim, end, token);
        }
    }

    // A worker dies: its deployment is queued again, then failed.
    private async Task TakeBackAsync(Project project)
    {
        await EnqueueAsync(project);
        for (var attempts = 2; attempts > 0; attempts--)
        {
            await Get<IDeploymentLifecycle>().ClaimNextAsync(new ClaimOptions { Lease = TimeSpan.FromMilliseconds(1) }, token);
            await Task.Delay(5, token);
            await Get<IDeploymentMaintenance>().RequeueExpiredAsync(2, 10, token);
        }
    }
}
