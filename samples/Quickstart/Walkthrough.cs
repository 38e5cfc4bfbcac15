using AutoStack.Data;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;

namespace Quickstart;

/// <summary>The run from beginning to end; each step's file has the details.</summary>
internal static class Walkthrough
{
    private const string Email = "quickstart@example.org";

    public static async Task RunAsync(Arguments arguments, Screen screen, CancellationToken cancellationToken)
    {
        using var workspace = new Workspace();
        var shell = new Shell(workspace);
        await shell.RequireAsync("git", cancellationToken);
        await shell.RequireAsync("dotnet", cancellationToken);

        await using var database = await Database.OpenAsync(arguments.ConnectionString, screen, cancellationToken);

        // As a service would do it in its Program.cs; every repository is then a constructor parameter away.
        await using var services = new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = database.ConnectionString;
                options.MinPoolSize = 0; // Nothing to keep warm in a program that ends in seconds.
            })
            .AddSingleton(screen)
            .AddSingleton(workspace)
            .AddSingleton(shell)
            .AddSingleton<OwnQueue>()
            .AddSingleton<Launcher>()
            .AddSingleton<Worker>()
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

        await services.GetRequiredService<OwnQueue>().RequireEmptyAsync(cancellationToken);
        var repositories = await SampleRepository.CreateAllAsync(workspace, shell, cancellationToken);
        var user = await RegisterUserAsync(services, cancellationToken);
        var projects = await RegisterProjectsAsync(services, user, repositories, cancellationToken);
        screen.Line($"User      {user.Name} <{user.Email}>");
        screen.Line($"Projects  {string.Join(", ", projects.Select(project => project.Name))}");

        screen.Heading("Log lines, as they are read back from the database");
        var queue = await EnqueueAsync(services, projects, cancellationToken);
        try
        {
            await WorkAndFollowAsync(services, queue, projects, cancellationToken);
        }
        catch
        {
            // A given database outlives this run, and somebody's worker would find what is still queued.
            await CancelAsync(services, user, queue);
            throw;
        }

        await ShowAsync(services, user, queue, screen, cancellationToken);
    }

    private static async Task<User> RegisterUserAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        return await services.GetRequiredService<IPlatformUserRepository>().FindByEmailAsync(Email, cancellationToken)
            ?? await services.GetRequiredService<IUserRepository>().AddAsync(
                new NewUser { Name = "Quickstart", Email = Email }, cancellationToken);
    }

    private static Task<List<Project>> RegisterProjectsAsync(
        IServiceProvider services, User user, IReadOnlyList<SampleRepository> repositories, CancellationToken cancellationToken) =>
        services.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            // Both or none.
            var projects = new List<Project>();
            foreach (var repository in repositories)
            {
                projects.Add(await tx.Get<IProjectRepository>().AddAsync(new NewProject
                {
                    UserId = user.Id,
                    Name = repository.Name,
                    Repository = repository.Address,
                    Branch = SampleRepository.Branch,
                    BuildCommand = SampleRepository.BuildCommand,
                    OutputDir = SampleRepository.OutputDir,
                }, ct));
            }

            return projects;
        }, cancellationToken);

    private static Task<List<Deployment>> EnqueueAsync(
        IServiceProvider services, IReadOnlyList<Project> projects, CancellationToken cancellationToken) =>
        services.GetRequiredService<IUnitOfWork>().RunAsync(async (tx, ct) =>
        {
            var queue = new List<Deployment>();
            foreach (var project in projects)
            {
                var deployment = await tx.Get<IDeploymentRepository>().EnqueueAsync(
                    new NewDeployment { ProjectId = project.Id, UserId = project.UserId, IsProduction = true }, ct);
                queue.Add(
                    deployment ?? throw new QuickstartException($"The project {project.Name} was removed while it was being deployed."));
            }

            return queue;
        }, cancellationToken);

    // The worker writes, the follower reads; all they share is the database.
    private static async Task WorkAndFollowAsync(
        IServiceProvider services, IReadOnlyList<Deployment> queue, IReadOnlyList<Project> projects, CancellationToken cancellationToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = Task.WhenAll(
            queue.Zip(projects, (deployment, project) => FollowAsync(services, deployment, project, stopping.Token)));
        try
        {
            await services.GetRequiredService<Worker>().RunAsync(queue.Select(deployment => deployment.Id).ToHashSet(), cancellationToken);
        }
        catch
        {
            // Nobody will write any more.
            await stopping.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        await following;
    }

    // As a page of its owner would.
    private static async Task FollowAsync(
        IServiceProvider services, Deployment deployment, Project project, CancellationToken cancellationToken)
    {
        var follower = services.GetRequiredService<IDeploymentLogFollower>();
        await foreach (var line in follower.FollowAsync(deployment.Id, deployment.UserId, Cursor.Start, cancellationToken))
        {
            services.GetRequiredService<Screen>().LogLine(project.Name, line);
        }
    }

    private static async Task CancelAsync(IServiceProvider services, User user, IReadOnlyList<Deployment> queue)
    {
        foreach (var deployment in queue)
        {
            await services.GetRequiredService<IDeploymentRepository>().CancelAsync(
                deployment.Id, user.Id, "The quickstart was stopped.", CancellationToken.None);
        }
    }

    private static async Task ShowAsync(
        IServiceProvider services, User user, IReadOnlyList<Deployment> queue, Screen screen, CancellationToken cancellationToken)
    {
        var deployments = services.GetRequiredService<IDeploymentRepository>();
        foreach (var deployment in queue)
        {
            var details = await deployments.FindDetailsAsync(
                deployment.Id, user.Id, IDeploymentRepository.MaxDetailLogs, cancellationToken);
            if (details is not null)
            {
                Tables.Show(screen, details);
            }
        }

        screen.Heading("Recent deployments");
        var page = await deployments.ListRecentAsync(user.Id, Cursor.Start, 10, cancellationToken);
        screen.Show(Tables.Recent(page.Items));
    }
}
