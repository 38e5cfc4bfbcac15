using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Testing;

/// <summary>
/// Adds rows for a test in one line, through the library's own methods: the rows are those that a service and its worker would add. Works
/// on any services with <c>AddAutoStackData</c> and <c>AddAutoStackDataWorkers</c>, such as those of a test host of ASP.NET Core.
/// </summary>
/// <param name="services">The services.</param>
public sealed class TestRows(IServiceProvider services)
{
    private readonly IServiceProvider services = services ?? throw new ArgumentNullException(nameof(services));

    /// <summary>Adds a user, Ada, with an e-mail address of her own.</summary>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The user.</returns>
    /// <exception cref="AutoStackDataException">The database refuses, or is away.</exception>
    public Task<User> AddUserAsync(CancellationToken cancellationToken = default) =>
        Get<IUserRepository>().AddAsync(
            new NewUser { Name = "Ada", Email = $"ada-{Unique()}@example.com" }, cancellationToken);

    /// <summary>Adds a project.</summary>
    /// <param name="owner">The owner; null for a new user.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The project.</returns>
    /// <exception cref="AutoStackDataException">The database refuses, or is away.</exception>
    public async Task<Project> AddProjectAsync(User? owner = null, CancellationToken cancellationToken = default)
    {
        owner ??= await AddUserAsync(cancellationToken).ConfigureAwait(false);
        return await Get<IProjectRepository>().AddAsync(
            new NewProject { UserId = owner.Id, Name = $"site-{Unique()}", Repository = "https://example.com/ada/site.git" },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Adds a deployment that waits in the queue.</summary>
    /// <param name="project">The project; null for a new one of a new user.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The deployment.</returns>
    /// <exception cref="InvalidOperationException">The project does not exist any more.</exception>
    /// <exception cref="AutoStackDataException">The database refuses, or is away.</exception>
    public async Task<Deployment> AddDeploymentAsync(Project? project = null, CancellationToken cancellationToken = default)
    {
        project ??= await AddProjectAsync(owner: null, cancellationToken).ConfigureAwait(false);
        return await Get<IDeploymentRepository>().EnqueueAsync(
                new NewDeployment { ProjectId = project.Id, UserId = project.UserId }, cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"The project {project.Id} does not exist.");
    }

    /// <summary>
    /// Adds a deployment that a worker has claimed, taken through its steps, and ended. Other waiting deployments keep their places in the
    /// queue. Not for a database whose queue another worker serves at the same time.
    /// </summary>
    /// <param name="project">The project; null for a new one of a new user.</param>
    /// <param name="failure">The reason with which the deployment fails while it builds; null for a successful one.</param>
    /// <param name="lines">The lines of its log; null for none.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    /// <returns>The deployment, with its project and user.</returns>
    /// <exception cref="ArgumentException"><paramref name="failure"/> is blank.</exception>
    /// <exception cref="InvalidOperationException">
    /// The project does not exist any more, another worker has claimed the deployment, or the queue is paused.
    /// </exception>
    /// <exception cref="AutoStackDataException">The database refuses, or is away.</exception>
    public async Task<FinishedDeployment> AddFinishedDeploymentAsync(
        Project? project = null, string? failure = null, IReadOnlyCollection<string>? lines = null,
        CancellationToken cancellationToken = default)
    {
        if (failure is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(failure);
        }

        project ??= await AddProjectAsync(owner: null, cancellationToken).ConfigureAwait(false);
        var queued = await AddDeploymentAsync(project, cancellationToken).ConfigureAwait(false);
        var claim = await ClaimAsync(queued.Id, cancellationToken).ConfigureAwait(false);
        var lifecycle = Get<IDeploymentLifecycle>();
        foreach (var step in Steps(failure is null))
        {
            Check(await lifecycle.AdvanceAsync(claim, step, cancellationToken).ConfigureAwait(false));
        }

        if (lines is { Count: > 0 })
        {
            await Get<IPlatformDeploymentLogRepository>().AppendAsync(
                queued.Id, [.. lines.Select(line => new NewDeploymentLog { Message = line })], cancellationToken).ConfigureAwait(false);
        }

        Check(failure is null
            ? await lifecycle.SucceedAsync(claim, $"https://{project.Name}.example.com/", cancellationToken).ConfigureAwait(false)
            : await lifecycle.FailAsync(claim, failure, cancellationToken).ConfigureAwait(false));
        var ended = await Get<IDeploymentRepository>().FindAsync(queued.Id, project.UserId, cancellationToken).ConfigureAwait(false);
        var user = await Get<IUserRepository>().FindAsync(project.UserId, cancellationToken).ConfigureAwait(false);
        return new FinishedDeployment(user!, project, ended!);
    }

    private static DeploymentStatus[] Steps(bool succeeds)
    {
        DeploymentStatus[] steps =
            [DeploymentStatus.Checkout, DeploymentStatus.Installing, DeploymentStatus.Building, DeploymentStatus.Copying];
        return succeeds ? steps : steps[..^1];
    }

    private static string Unique() => Guid.NewGuid().ToString("N")[..12];

    private static void Check(TransitionOutcome outcome)
    {
        if (!outcome.MayContinue())
        {
            throw new InvalidOperationException($"The deployment could not be taken to its end: {outcome}.");
        }
    }

    // Claims until the deployment comes, and returns the others to their places.
    private async Task<DeploymentClaim> ClaimAsync(Guid id, CancellationToken cancellationToken)
    {
        var lifecycle = Get<IDeploymentLifecycle>();
        var others = new List<DeploymentClaim>();
        try
        {
            var options = new ClaimOptions { Worker = "test", Lease = TimeSpan.FromHours(1) };
            while (await lifecycle.ClaimNextAsync(options, cancellationToken).ConfigureAwait(false) is { } claimed)
            {
                if (claimed.Deployment.Id == id)
                {
                    return claimed.Claim;
                }

                others.Add(claimed.Claim);
            }

            throw new InvalidOperationException($"The deployment {id} cannot be claimed: another worker has it, or the queue is paused.");
        }
        finally
        {
            foreach (var other in others)
            {
                // Also after a cancellation: a claim that is not returned blocks its deployment. One that another worker has taken over
                // is not ours to return.
                _ = await lifecycle.ReleaseAsync(other, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private T Get<T>()
        where T : notnull => services.GetRequiredService<T>();
}
