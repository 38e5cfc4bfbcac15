using AutoStack.Data.Accounts;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>A user with a row in every table that has owners.</summary>
/// <param name="User">The user.</param>
/// <param name="Project">The project.</param>
/// <param name="Deployment">A deployment that waits, with rows in every table.</param>
/// <param name="EndedId">A cancelled deployment with a log.</param>
/// <param name="Connection">The connection to GitHub.</param>
internal sealed record Tenant(User User, Project Project, Deployment Deployment, Guid EndedId, GitHubConnection Connection)
{
    private static int sequence;

    public Guid Id => User.Id;

    public Guid ProjectId => Project.Id;

    public Guid DeploymentId => Deployment.Id;

    public static async Task<Tenant> CreateAsync(IServiceProvider services, CancellationToken token)
    {
        var name = $"tenant-{Interlocked.Increment(ref sequence)}";
        T Get<T>()
            where T : notnull => services.GetRequiredService<T>();
        var user = await Get<IUserRepository>().AddAsync(new NewUser { Name = name, Email = $"{name}@example.com" }, token);
        await Get<IUserPreferencesRepository>().UpdateAsync(user.Id, new UserPreferencesPatch { Theme = Theme.Dark }, token);
        await Get<ISessionRepository>().AddAsync(new NewSession { UserId = user.Id }, token);
        var connection = await Get<IGitHubConnectionRepository>().ConnectAsync(
            user.Id, new GitHubTokens { AccessToken = "token", GitHubUsername = name }, token);
        var project = await Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = user.Id, Name = name, Repository = $"{name}/site" }, token);
        await Get<IProjectEnvironmentRepository>().ReplaceAsync(project.Id, user.Id, "NAME=value", token);
        var deployment = (await Get<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment
            {
                ProjectId = project.Id,
                UserId = user.Id,

                // For a call that copies the environment later.
                WithoutEnvironment = true,
                Commit = new CommitInfo("0123456789012345678901234567890123456789", name, name),
            }, token))!;
        await Get<IPlatformDeploymentLogRepository>().AppendAsync(
            deployment.Id, [new NewDeploymentLog { Message = name, Level = DeploymentLogLevel.Error }], token);
        await Get<IPlatformDeploymentRuntimeLogRepository>().AppendAsync(
            deployment.Id, RuntimeLogSource.Docker, [new NewDeploymentRuntimeLog(deployment.CreatedAt, name)], token);
        await Get<IPlatformDeploymentContainerRepository>().ReserveAsync(
            new NewDeploymentContainer { DeploymentId = deployment.Id, Image = name, Host = name }, token);
        await Get<IPlatformDeploymentHealthCheckRepository>().AddAsync(
            new NewDeploymentHealthCheck { DeploymentId = deployment.Id, Url = $"https://{name}.example.com", IsLive = true }, token);
        var ended = (await Get<IDeploymentRepository>().EnqueueAsync(
            new NewDeployment { ProjectId = project.Id, UserId = user.Id }, token))!;
        await Get<IPlatformDeploymentLogRepository>().AppendAsync(ended.Id, [new NewDeploymentLog { Message = name }], token);
        await Get<IDeploymentRepository>().CancelAsync(ended.Id, user.Id, reason: null, token);
        return new Tenant(user, project, deployment, ended.Id, connection);
    }
}
