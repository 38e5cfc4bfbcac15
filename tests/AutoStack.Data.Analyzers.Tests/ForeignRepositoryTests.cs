using AutoStack.Data.CodeFixes;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>ASD0001.</summary>
public sealed class ForeignRepositoryTests
{
    [Test]
    public async Task Injected_repositories_are_replaced_by_those_of_the_unit_of_work() =>
        await Code.MendsAsync<ForeignRepositoryAnalyzer, ForeignRepositoryCodeFix>(
            Code.Class("""
                    private readonly IProjectRepository field = projects;

                    private IProjectRepository Property { get; } = projects;

                    public async Task RunAsync(IDeploymentQueries parameter, IServiceProvider services, Guid id, CancellationToken stop)
                    {
                        var local = services.GetRequiredService<IUserRepository>();
                        await unitOfWork.RunAsync(async (tx, token) =>
                        {
                            await [|projects|].FindAsync(id, id, token);
                            await [|field|].FindAsync(id, id, token);
                            await [|this.Property|].FindAsync(id, id, token);
                            await [|parameter|].CountAsync(id, DeploymentFilter.All, token);
                            await [|local|].FindAsync(id, token);
                        }, stop);
                        await unitOfWork.RunAsync((work, token) => [|projects|].FindAsync(id, id, token), stop);
                        var (found, read) = await unitOfWork.RunForTokenAsync(
                            async delegate(IRepositories inner, CancellationToken token)
                            {
                                return await [|projects|].FindAsync(id, id, token);
                            }, stop);
                    }
                """),
            Code.Class("""
                    private readonly IProjectRepository field = projects;

                    private IProjectRepository Property { get; } = projects;

                    public async Task RunAsync(IDeploymentQueries parameter, IServiceProvider services, Guid id, CancellationToken stop)
                    {
                        var local = services.GetRequiredService<IUserRepository>();
                        await unitOfWork.RunAsync(async (tx, token) =>
                        {
                            await tx.Get<IProjectRepository>().FindAsync(id, id, token);
                            await tx.Get<IProjectRepository>().FindAsync(id, id, token);
                            await tx.Get<IProjectRepository>().FindAsync(id, id, token);
                            await tx.Get<IDeploymentQueries>().CountAsync(id, DeploymentFilter.All, token);
                            await tx.Get<IUserRepository>().FindAsync(id, token);
                        }, stop);
                        await unitOfWork.RunAsync((work, token) => work.Get<IProjectRepository>().FindAsync(id, id, token), stop);
                        var (found, read) = await unitOfWork.RunForTokenAsync(
                            async delegate(IRepositories inner, CancellationToken token)
                            {
                                return await inner.Get<IProjectRepository>().FindAsync(id, id, token);
                            }, stop);
                    }
                """));

    [Test]
    public async Task What_may_belong_to_the_unit_of_work_is_not_reported() =>
        await Code.ReportsAsync<ForeignRepositoryAnalyzer>(Code.Class("""
                private IProjectRepository Current => projects;

                public async Task RunAsync(
                    [FromKeyedServices("billing")] IUserRepository other, IServiceProvider services, List<Func<Task>> later,
                    Guid id, CancellationToken stop)
                {
                    var keyed = services.GetRequiredKeyedService<IUserRepository>("billing");
                    IProjectRepository set = projects;
                    await projects.FindAsync(id, id, stop);
                    await unitOfWork.RunAsync(async (tx, token) =>
                    {
                        var own = tx.Get<IProjectRepository>();
                        set = tx.Get<IProjectRepository>();
                        await own.FindAsync(id, id, token);
                        await set.FindAsync(id, id, token);
                        await Current.FindAsync(id, id, token);
                        await tx.Get<IProjectRepository>().FindAsync(id, id, token);
                        await other.FindAsync(id, token);
                        await keyed.FindAsync(id, token);
                        await foreach (var line in follower.FollowAsync(id, id, Cursor.Start, token))
                        {
                            logger.LogInformation("{Line}", line.Seq);
                        }

                        later.Add(() => projects.FindAsync(id, id, stop));
                    }, stop);
                }

                private static Task OtherAsync(Func<IRepositories, CancellationToken, Task> work) => Task.CompletedTask;

                public Task CallAsync(Guid id) => OtherAsync((tx, token) => projects.FindAsync(id, id, token));
            """));

    [Test]
    public async Task A_delegate_that_discards_its_repositories_gets_no_code_fix() =>
        await Code.MendsAsync<ForeignRepositoryAnalyzer, ForeignRepositoryCodeFix>(
            Code.Method("await unitOfWork.RunAsync((_, token) => {|ASD0001:projects|}.FindAsync(id, ownerId, token), cancellationToken);"),
            Code.Method("await unitOfWork.RunAsync((_, token) => {|ASD0001:projects|}.FindAsync(id, ownerId, token), cancellationToken);"));

    [Test]
    public void The_repositories_are_those_of_the_library() => Assert.That(
        RepositoryNames.All,
        Is.EquivalentTo(Repositories.RequestInterfaces.Concat(Repositories.WorkerInterfaces).Select(type => type.Name)),
        "The rule ASD0001 must know these interfaces: correct RepositoryNames.");
}
