using AutoStack.Data.Containers;
using AutoStack.Data.Deployments;
using AutoStack.Data.Hosting;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;

namespace AutoStack.Data.Tests.Samples;

internal sealed class FakeEnvironments : IProjectEnvironmentRepository
{
    private readonly Dictionary<(Guid Project, Guid Owner), Secret?> rows = [];

    /// <summary>What the calls throw; null for nothing.</summary>
    public AutoStackDataException? Failure { get; set; }

    public void AddProject(Guid projectId, Guid ownerId) => rows[(projectId, ownerId)] = null;

    public Task<Secret?> FindAsync(Guid projectId, Guid ownerId, CancellationToken cancellationToken = default) =>
        Failure is null ? Task.FromResult(rows.GetValueOrDefault((projectId, ownerId))) : Task.FromException<Secret?>(Failure);

    public Task<EnvironmentOutcome> ReplaceAsync(
        Guid projectId, Guid ownerId, Secret? environment, CancellationToken cancellationToken = default)
    {
        if (!rows.ContainsKey((projectId, ownerId)))
        {
            return Task.FromResult(EnvironmentOutcome.NotFound); // also a project of another user
        }

        rows[(projectId, ownerId)] = environment;
        return Task.FromResult(EnvironmentOutcome.Replaced);
    }
}

internal sealed class FakeUnitOfWork(params object[] repositories) : IUnitOfWork, IRepositories
{
    public TRepository Get<TRepository>()
        where TRepository : class => repositories.OfType<TRepository>().Single();

    public Task RunAsync(Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken = default) =>
        work(this, cancellationToken);

    public Task<TResult> RunAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken = default) =>
        work(this, cancellationToken);

    public async Task<ReadToken> RunForTokenAsync(
        Func<IRepositories, CancellationToken, Task> work, CancellationToken cancellationToken = default)
    {
        await work(this, cancellationToken);
        return ReadToken.None;
    }

    public async Task<(TResult Result, ReadToken Token)> RunForTokenAsync<TResult>(
        Func<IRepositories, CancellationToken, Task<TResult>> work, CancellationToken cancellationToken = default) =>
        (await work(this, cancellationToken), ReadToken.None);
}

/// <summary>The other code of <c>docs/fakes.md</c>.</summary>
internal static class Fakes
{
    public static object[] Answers()
    {
        var answers = new object[]
        {
            new Page<Project>([], Next: null),
            new LogPage<DeploymentLog>([], Before: Cursor.Start, After: Cursor.Parse("s.2")),
            new ReservationResult(ReservationOutcome.NoFreePort, Container: null),
            new DuplicateException("users_email_key"),
            new DatabaseUnavailableException("The server is away.", outcomeUnknown: true),
        };

        return answers;
    }

    public static async Task<string?> BuildAsync(
        ClaimedDeployment claimed, IDeploymentLifecycle lifecycle, IDeploymentLogWriter writer, IServiceProvider services,
        Func<DeploymentJob, DeploymentJobLog, CancellationToken, Task<string?>> build, CancellationToken stopping)
    {
        using var job = new DeploymentJob(claimed, lifecycle, services, stopping);
        var url = await build(job, new DeploymentJobLog(writer, job), stopping);
        return url;
    }
}
