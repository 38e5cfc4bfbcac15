using AutoStack.Data.Accounts;
using AutoStack.Data.Analytics;
using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.HealthChecks;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.RowSecurity;

/// <summary>A call of one tenant with the ids of another.</summary>
/// <param name="Name">The name of the call.</param>
/// <param name="Writes">Whether the call is one that changes rows.</param>
/// <param name="RunAsync">Runs the call of the first tenant with the ids of the second.</param>
internal sealed record OwnerCall(
    string Name, bool Writes, Func<IServiceProvider, Tenant, Tenant, CancellationToken, Task<object?>> RunAsync)
{
    public override string ToString() => Name;
}

/// <summary>Every call that names an owner, so that each statement of an owner runs in at least one of them.</summary>
internal static class OwnerCalls
{
    private static readonly TimeRange Ever = new(
        new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2026, 12, 31, 0, 0, 0, TimeSpan.Zero));

    private static readonly GitHubTokens Tokens = new() { AccessToken = "another" };

    public static IReadOnlyList<OwnerCall> All { get; } =
    [
        Call<IDashboardQueries>("dashboard", async (all, me, _, ct) => await all.SummarizeAsync(me.Id, ct)),
        Call<IDeploymentTrendQueries>("per day", async (all, me, other, ct) => await all.ListPerDayAsync(me.Id, other.ProjectId, Ever, ct)),
        Call<IDeploymentTrendQueries>("success",
            async (all, me, other, ct) => await all.ListSuccessPerWeekAsync(me.Id, other.ProjectId, Ever, ct)),
        Call<IDeploymentTrendQueries>("durations",
            async (all, me, other, ct) => await all.ListDurationsPerWeekAsync(me.Id, other.ProjectId, Ever, ct)),
        Call<IDeploymentTrendQueries>("statuses",
            async (all, me, other, ct) => await all.ListStatusesAsync(me.Id, other.ProjectId, Ever, ct)),
        Call<IDeploymentTrendQueries>("per hour",
            async (all, me, other, ct) => await all.ListPerHourAsync(me.Id, other.ProjectId, Ever, ct)),
        Call<IPipelineQueries>("pipeline", async (all, me, other, ct) => await all.FindAsync(other.DeploymentId, me.Id, ct)),
        Call<IPipelineQueries>("pipelines", async (all, me, _, ct) => await all.ListLatestAsync(me.Id, 10, ct)),
        Call<IProjectAnalyticsQueries>("analytics", async (all, me, other, ct) => await all.FindAsync(other.ProjectId, me.Id, Ever, ct)),
        Call<IUsageQueries>("usage", async (all, me, _, ct) => await all.ListProjectUsageAsync(me.Id, Ever, Cursor.Start, 10, ct)),
        Call<IUsageQueries>("created", async (all, me, _, ct) => await all.CountCreatedSinceAsync(me.Id, Ever.From, ct)),
        Call<IUsageQueries>("active", async (all, me, _, ct) => await all.CountActiveAsync(me.Id, ct)),
        Call<IDeploymentContainerRepository>("container",
            async (all, me, other, ct) => await all.FindLatestAsync(other.DeploymentId, me.Id, ct)),
        Call<IDeploymentContainerRepository>("containers",
            async (all, me, other, ct) => await all.ListByDeploymentAsync(other.DeploymentId, me.Id, ct)),
        Call<IDeploymentQueries>(
            "deployments", async (all, me, _, ct) => await all.ListAsync(me.Id, new DeploymentFilter(), Cursor.Start, 10, ct)),
        Call<IDeploymentQueries>(
            "of a status", async (all, me, _, ct) => await all.ListAsync(
                me.Id, new DeploymentFilter { Status = DeploymentStatus.Queued }, Cursor.Start, 10, ct)),
        Call<IDeploymentQueries>(
            "by message",
            async (all, me, _, ct) => await all.ListAsync(me.Id, new DeploymentFilter { CommitMessage = "tenant" }, Cursor.Start, 10, ct)),
        Call<IDeploymentQueries>("count", async (all, me, _, ct) => await all.CountAsync(me.Id, new DeploymentFilter(), ct)),
        Call<IDeploymentQueries>(
            "count by message",
            async (all, me, _, ct) => await all.CountAsync(me.Id, new DeploymentFilter { CommitMessage = "tenant" }, ct)),
        Call<IDeploymentQueries>("projects", async (all, me, _, ct) => await all.ListProjectsAsync(me.Id, Cursor.Start, 10, ct)),
        Call<IDeploymentStageRepository>("stages",
            async (all, me, other, ct) => await all.ListByDeploymentAsync(other.DeploymentId, me.Id, ct)),
        Call<IDeploymentStageRepository>(
            "stages of several", async (all, me, other, ct) =>
                (await all.ListByDeploymentsAsync([other.DeploymentId], me.Id, ct)).SelectMany(stages => stages).ToList()),
        Call<IDeploymentRepository>("deployment", async (all, me, other, ct) => await all.FindAsync(other.DeploymentId, me.Id, ct)),
        Call<IDeploymentRepository>("details", async (all, me, other, ct) => await all.FindDetailsAsync(other.DeploymentId, me.Id, 10, ct)),
        Call<IDeploymentRepository>("recent", async (all, me, _, ct) => await all.ListRecentAsync(me.Id, Cursor.Start, 10, ct)),
        Call<IDeploymentRepository>(
            "of a project", async (all, me, other, ct) => await all.ListByProjectAsync(other.ProjectId, me.Id, Cursor.Start, 10, ct)),
        Call<IDeploymentRepository>("latest", async (all, me, other, ct) => await all.FindLatestAsync(other.ProjectId, me.Id, null, ct)),
        Call<IDeploymentEnvironmentRepository>(
            "snapshot", async (all, me, other, ct) => await all.SnapshotAsync(other.DeploymentId, me.Id, ct), writes: true),
        Call<IDeploymentRepository>(
            "enqueue", async (all, me, other, ct) =>
                await all.EnqueueAsync(new NewDeployment { ProjectId = other.ProjectId, UserId = me.Id }, ct), writes: true),
        Call<IDeploymentRepository>(
            "enqueue again", async (all, me, other, ct) => await all.EnqueueAsync(
                new NewDeployment { Id = other.DeploymentId, ProjectId = other.ProjectId, UserId = me.Id }, ct), writes: true),
        Call<IDeploymentRepository>(
            "enqueue superseding", async (all, me, other, ct) => await all.EnqueueAsync(
                new NewDeployment { ProjectId = other.ProjectId, UserId = me.Id, Supersedes = Superseding.WaitingAndRunning }, ct),
            writes: true),
        Call<IDeploymentRepository>("roll back",
            async (all, me, other, ct) => await all.RollbackAsync(
                other.ProjectId, me.Id, new Rollback { DeploymentId = other.EndedId }, ct),
            writes: true),
        Call<IDeploymentRepository>("redeploy",
            async (all, me, other, ct) => await all.RedeployAsync(other.DeploymentId, me.Id, null, ct), writes: true),
        Call<IDeploymentRepository>("cancel",
            async (all, me, other, ct) => await all.CancelAsync(other.DeploymentId, me.Id, null, ct), writes: true),
        Call<IDeploymentRepository>("delete",
            async (all, me, other, ct) => await all.SoftDeleteAsync(other.DeploymentId, me.Id, ct), writes: true),
        Call<IDeploymentHealthCheckRepository>("check",
            async (all, me, other, ct) => await all.FindLatestAsync(other.DeploymentId, me.Id, ct)),
        Call<IDeploymentHealthCheckRepository>("checks",
            async (all, me, other, ct) => await all.ListLatestAsync(other.DeploymentId, me.Id, 10, ct)),
        Call<IDeploymentHealthCheckRepository>(
            "uptime", async (all, me, other, ct) => await all.FindUptimeAsync(other.DeploymentId, me.Id, Ever, ct)),
        Call<IDeploymentHealthCheckRepository>(
            "history", async (all, me, other, ct) => await all.ListHistoryAsync(
                other.DeploymentId, me.Id, Ever, TimeSpan.FromDays(10), ct)),
        Call<IDeploymentLogRepository>("log",
            async (all, me, other, ct) => await all.ListAsync(other.DeploymentId, me.Id, Cursor.Start, 10, ct)),
        Call<IDeploymentLogRepository>("tail",
            async (all, me, other, ct) => await all.ListTailAsync(other.DeploymentId, me.Id, Cursor.Start, 10, ct)),
        Call<IDeploymentLogRepository>(
            "errors", async (all, me, other, ct) => await all.ListTailAsync(
                other.DeploymentId, me.Id, DeploymentLogLevel.Error, Cursor.Start, 10, ct)),
        Call<IDeploymentLogRepository>(
            "search of a log",
            async (all, me, other, ct) => await all.SearchAsync(other.DeploymentId, me.Id, "tenant", Cursor.Start, 10, ct)),
        Call<IDeploymentLogSearch>(
            "search", async (all, me, _, ct) => await all.SearchAsync(me.Id, "tenant", new LogSearchScope(), Cursor.Start, 10, ct)),
        Call<IDeploymentLogFollower>("follow", async (all, me, other, ct) =>
        {
            await foreach (var line in all.FollowAsync(other.EndedId, me.Id, Cursor.Start, ct))
            {
                return line;
            }

            return null;
        }),
        Call<IDeploymentLogFollower>(
            "found log",
            async (all, me, other, ct) => await all.FindAsync(other.EndedId, me.Id, Cursor.Start, ct) is null ? null : "a log"),
        Call<IDeploymentRuntimeLogRepository>("output",
            async (all, me, other, ct) => await all.ListAsync(other.DeploymentId, me.Id, Cursor.Start, 10, ct)),
        Call<IDeploymentRuntimeLogRepository>(
            "end of output", async (all, me, other, ct) => await all.ListTailAsync(other.DeploymentId, me.Id, Cursor.Start, 10, ct)),
        Call<IProjectRepository>("project", async (all, me, other, ct) => await all.FindAsync(other.ProjectId, me.Id, ct)),
        Call<IProjectRepository>("by repository",
            async (all, me, other, ct) => await all.FindByRepositoryAsync(me.Id, other.Project.Repository, ct)),
        Call<IProjectRepository>(
            "add project", async (all, me, other, ct) => await all.AddAsync(
                new NewProject { Id = other.ProjectId, UserId = me.Id, Name = "mine", Repository = "mine/site" }, ct), writes: true),
        Call<IProjectRepository>(
            "ensure project", async (all, me, other, ct) => await all.EnsureAsync(
                new NewProject { UserId = me.Id, Name = "mine", Repository = other.Project.Repository },
                new ProjectPatch { Name = "mine" }, ct), writes: true),
        Call<IProjectRepository>(
            "update project", async (all, me, other, ct) => await all.UpdateAsync(
                other.ProjectId, me.Id, new ProjectPatch { Name = "mine" }, null, ct), writes: true),
        Call<IProjectRepository>("remove project",
            async (all, me, other, ct) => await all.RemoveAsync(other.ProjectId, me.Id, ct), writes: true),
        Call<IProjectEnvironmentRepository>(
            "environment", async (all, me, other, ct) => (await all.FindAsync(other.ProjectId, me.Id, ct))?.Reveal()),
        Call<IProjectEnvironmentRepository>(
            "replace environment",
            async (all, me, other, ct) => await all.ReplaceAsync(other.ProjectId, me.Id, "NAME=mine", ct), writes: true),
        Call<IUserRepository>("user", async (all, me, _, ct) => await all.FindAsync(me.Id, ct)),
        Call<IUserRepository>(
            "update user",
            async (all, me, _, ct) => await all.UpdateAsync(me.Id, new UserPatch { AvatarUrl = "https://example.com" }, null, ct),
            writes: true),
        Call<IUserPreferencesRepository>("preferences", async (all, me, _, ct) => await all.FindAsync(me.Id, ct)),
        Call<IUserPreferencesRepository>("target",
            async (all, me, _, ct) => await all.FindNotificationTargetAsync(me.Id, success: true, ct)),
        Call<IUserPreferencesRepository>(
            "update preferences", async (all, me, _, ct) =>
                await all.UpdateAsync(me.Id, new UserPreferencesPatch { Theme = Theme.Light }, ct), writes: true),
        Call<IGitHubConnectionRepository>("connection", async (all, me, _, ct) => await all.FindAsync(me.Id, ct)),
        Call<IGitHubConnectionRepository>(
            "tokens", async (all, me, _, ct) => (await all.FindTokensAsync(me.Id, ct))?.GitHubUsername),
        Call<IGitHubConnectionRepository>("connect", async (all, me, _, ct) => await all.ConnectAsync(me.Id, Tokens, ct), writes: true),
        Call<IGitHubConnectionRepository>(
            "refresh",
            async (all, me, other, ct) => await all.RefreshAsync(other.Connection with { UserId = me.Id }, Tokens, ct), writes: true),
        Call<IGitHubConnectionRepository>("disconnect", async (all, me, _, ct) => await all.RemoveAsync(me.Id, ct), writes: true),
        Call<ISessionRepository>("sessions", async (all, me, _, ct) => await all.ListActiveAsync(me.Id, ct)),
        Call<ISessionRepository>("end sessions",
            async (all, me, _, ct) => await all.RevokeAllAsync(me.Id, exceptSessionId: null, ct), writes: true),
    ];

    private static OwnerCall Call<T>(string name, Func<T, Tenant, Tenant, CancellationToken, Task<object?>> run, bool writes = false)
        where T : notnull => new(name, writes, (services, me, other, token) => run(services.GetRequiredService<T>(), me, other, token));
}
