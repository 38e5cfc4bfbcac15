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

    private const string Usings = """
        using System;
        using System.Threading;
        using System.Threading.Tasks;
        using AutoStack.Data;
        using AutoStack.Data.Projects;
        using Microsoft.Extensions.DependencyInjection;

        """;

    private const string Call = "RunAsync(async (tx, token) => await";
    private const string Rest = "FindAsync(id, id, token))";

    private static IEnumerable<TestCaseData> OfAnotherDatabase =>
    [
        new($$"""
            class Archiver(IProjectRepository projects, [FromKeyedServices("archive")] IUnitOfWork archive)
            {
                public Task RunAsync(Guid id) => archive.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "A_keyed_unit_of_work" },
        new($$"""
            class Archiver(IServiceProvider services, IUnitOfWork unitOfWork)
            {
                private readonly IProjectRepository projects = services.GetRequiredKeyedService<IProjectRepository>("billing");

                public Task RunAsync(Guid id) => unitOfWork.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "A_field_with_a_key" },
        new($$"""
            class Archiver
            {
                private readonly IProjectRepository projects;
                private readonly IUnitOfWork unitOfWork;

                public Archiver(IServiceProvider services, IUnitOfWork unitOfWork)
                {
                    this.unitOfWork = unitOfWork;
                    projects = services.GetRequiredKeyedService<IProjectRepository>("billing");
                }

                public Task RunAsync(Guid id) => unitOfWork.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "A_field_that_the_constructor_sets_with_a_key" },
        new($$"""
            class Archiver(IUnitOfWork unitOfWork, IServiceProvider services)
            {
                private readonly IUnitOfWork archive = services.GetRequiredKeyedService<IUnitOfWork>("archive");

                public Task RunAsync(Guid id) => unitOfWork.RunAsync(
                    async (tx, token) => await CopyAsync(tx.Get<IProjectRepository>(), id), default);

                private Task CopyAsync(IProjectRepository projects, Guid id) => archive.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "The_repository_of_an_outer_unit_of_work" },
        new($$"""
            class Archiver(IUnitOfWork unitOfWork)
            {
                public Task RunAsync(Guid id) => unitOfWork.RunAsync(
                    async (tx, token) => await CopyAsync(tx.Get<IProjectRepository>(), id), default);

                private Task CopyAsync(IProjectRepository projects, Guid id) => unitOfWork.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "A_parameter_that_the_class_passes_itself" },
        new($$"""
            sealed class OfBilling() : FromKeyedServicesAttribute("billing");

            class Archiver(IUnitOfWork unitOfWork)
            {
                public Task RunAsync([OfBilling] IProjectRepository projects, Guid id) => unitOfWork.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "An_attribute_of_ones_own" },
        new($$"""
            class Endpoints
            {
                public static Delegate Handler =>
                    ([FromKeyedServices("archive")] IUnitOfWork archive, IProjectRepository projects, Guid id) =>
                        archive.{{Call}} projects.{{Rest}};
            }
            """) { TestName = "An_endpoint" },
        new($$"""
            abstract class Base(IUnitOfWork unitOfWork, IProjectRepository projects)
            {
                public Task RunAsync(Guid id) => unitOfWork.{{Call}} projects.{{Rest}};
            }

            class Archiver(IUnitOfWork unitOfWork, [FromKeyedServices("archive")] IProjectRepository projects) : Base(unitOfWork, projects);
            """) { TestName = "A_class_below" },
        new($$"""
            class Archiver(IUnitOfWork unitOfWork)
            {
                private IProjectRepository? projects;

                public void Set(IProjectRepository other) => projects = other;

                public Task RunAsync(Guid id) => unitOfWork.{{Call}} projects!.{{Rest}};
            }
            """) { TestName = "A_field_that_a_method_sets" },
        new($$"""
            class Archiver(IServiceProvider services, IServiceProvider others)
            {
                public async Task RunAsync(Guid id)
                {
                    var host = others.CreateScope();
                    var unitOfWork = services.GetRequiredService<IUnitOfWork>();
                    var projects = host.ServiceProvider.GetRequiredService<IProjectRepository>();
                    await unitOfWork.{{Call}} projects.{{Rest}};
                }
            }
            """) { TestName = "Another_provider" },
        new($$"""
            class Archiver(IUnitOfWork unitOfWork, IProjectRepository projects)
            {
                public async Task RunAsync(Guid id, Func<IProjectRepository> archive)
                {
                    var copy = projects;
                    copy = archive();
                    await unitOfWork.{{Call}} copy.{{Rest}};
                }
            }
            """) { TestName = "A_copy_that_is_set_again" },
    ];

    [TestCaseSource(nameof(OfAnotherDatabase))]
    public async Task What_may_belong_to_another_database_is_not_reported(string code) =>
        await Code.ReportsAsync<ForeignRepositoryAnalyzer>("#nullable enable\n" + Usings + code);

    [Test]
    public async Task Copies_checked_fields_and_what_may_be_null_are_reported() =>
        await Code.MendsAsync<ForeignRepositoryAnalyzer, ForeignRepositoryCodeFix>(
            Copies("[|copy|]", "[|inner|]", "[|maybe|]?", "[|field|]", "[|found|]", "[|given|]"),
            Copies(
                "tx.Get<IProjectRepository>()", "tx.Get<IProjectRepository>()", "tx.Get<IProjectRepository>()?",
                "tx.Get<IProjectRepository>()", "tx.Get<IProjectRepository>()", "tx.Get<IProjectRepository>()"));

    private static string Copies(string copy, string inside, string maybe, string field, string found, string given) => $$"""
        #nullable enable
        {{Usings}}class Keeper
        {
            private readonly IProjectRepository field;
            private readonly IUnitOfWork unitOfWork;

            public Keeper(IProjectRepository projects, IUnitOfWork unitOfWork)
            {
                field = projects ?? throw new ArgumentNullException(nameof(projects));
                this.unitOfWork = unitOfWork;
            }

            public async Task RunAsync(Guid id, IProjectRepository? maybe, AsyncServiceScope scope)
            {
                var copy = field;
                await unitOfWork.RunAsync(async (tx, token) =>
                {
                    var inner = field;
                    await {{copy}}.FindAsync(id, id, token);
                    await {{inside}}.FindAsync(id, id, token);
                    await {{maybe}}.FindAsync(id, id, token)!;
                    await {{field}}.FindAsync(id, id, token);
                }, default);
                var found = scope.ServiceProvider.GetRequiredService<IProjectRepository>();
                await scope.ServiceProvider.GetRequiredService<IUnitOfWork>().RunAsync(
                    async (tx, token) => await {{found}}.FindAsync(id, id, token), default);
            }

            public static Delegate Endpoint => (IUnitOfWork work, IProjectRepository given, Guid id) =>
                work.RunAsync((tx, token) => {{given}}.FindAsync(id, id, token), default);
        }
        """;

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
