using AutoStack.Data;
using AutoStack.Data.Accounts;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

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
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Services
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
            .AddSingleton<Builder>()
            .AddDeploymentWorker(
                options => options.Name = "quickstart",
                (job, _, token) => job.Services.GetRequiredService<Builder>().BuildAsync(job, token));
        var host = builder.Build();
        await using var services = (IAsyncDisposable)host;
        await RunAsync(host, workspace, shell, screen, cancellationToken);
    }

    private static async Task RunAsync(
        IHost host, Workspace workspace, Shell shell, Screen screen, CancellationToken cancellationToken)
    {
        var services = host.Services;
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
            await WorkAndFollowAsync(host, queue, projects, cancellationToken);
        }
        catch
        {
            // A given database outlives this run, and another worker would find what is still queued.
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
        IHost host, IReadOnlyList<Deployment> queue, IReadOnlyList<Project> projects, CancellationToken cancellationToken)
    {
        var own = host.Services.GetRequiredService<OwnQueue>();
        own.Add(queue);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = Task.WhenAll(
            queue.Zip(projects, (deployment, project) => FollowAsync(host.Services, deployment, project, stopping.Token)));
        await host.StartAsync(cancellationToken);
        try
        {
            await await Task.WhenAny(following, own.Foreign);
        }
        finally
        {
            // A build that is still running goes back to the queue.
            await host.StopAsync(CancellationToken.None);
            await stopping.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
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
            _ = await services.GetRequiredService<IDeploymentRepository>().CancelAsync(
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
