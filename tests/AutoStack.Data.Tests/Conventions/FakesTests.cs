using System.Reflection;
using AutoStack.Data.Deployments;
using AutoStack.Data.Logs;
using AutoStack.Data.Projects;
using AutoStack.Data.Tests.Samples;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>A service can fake every interface: what a method returns, throws or takes can be created by public means.</summary>
public sealed class FakesTests
{
    private static Assembly Library => typeof(IUnitOfWork).Assembly;

    private static IEnumerable<Type> Returned => Library.GetExportedTypes()
        .Where(type => type.IsInterface && !type.IsGenericType)
        .SelectMany(type => type.GetMethods())
        .SelectMany(method => OwnTypesOf(method.ReturnType).Concat(method.GetParameters().SelectMany(p => OwnTypesOf(p.ParameterType))))
        .Distinct();

    [Test]
    public void Everything_that_an_interface_returns_or_takes_can_be_created()
    {
        var types = Returned.ToList();

        Assert.That(types, Has.Count.GreaterThan(100));
        Assert.Multiple(() =>
        {
            foreach (var type in types)
            {
                Assert.That(() => new PublicValues(isFull: true).Create(type), Is.Not.Null, type.Name);
                Assert.That(() => new PublicValues(isFull: false).Create(type), Is.Not.Null, type.Name);
            }
        });
    }

    [Test]
    public void Every_exception_can_be_created()
    {
        var exceptions = Library.GetExportedTypes().Where(type => type.IsSubclassOf(typeof(Exception)) && !type.IsAbstract).ToList();

        Assert.That(exceptions, Has.Count.GreaterThan(10));
        Assert.That(exceptions.Select(type => new PublicValues(isFull: true).Create(type)), Is.All.InstanceOf<Exception>());
        Assert.That(new DatabaseUnavailableException("gone", outcomeUnknown: true), Has.Property("OutcomeUnknown").True);
        Assert.That(new DuplicateException("users_email_key"), Has.Property("Constraint").EqualTo("users_email_key"));
    }

    [Test]
    public void Every_type_of_the_OpenTelemetry_package_can_be_created() => CreatedByServices.Assert(
        typeof(OpenTelemetry.Metrics.AutoStackDataMeterProviderBuilderExtensions).Assembly,
        new Dictionary<Type, Func<object>>(),
        new Dictionary<Type, string>());

    [Test]
    public async Task The_fakes_of_the_page_answer_as_the_library_does()
    {
        var (project, owner) = (Guid.NewGuid(), Guid.NewGuid());
        var fake = new FakeEnvironments();
        fake.AddProject(project, owner);
        var unitOfWork = new FakeUnitOfWork(fake);

        var replaced = await unitOfWork.RunAsync(
            (tx, token) => tx.Get<IProjectEnvironmentRepository>().ReplaceAsync(project, owner, "KEY=1", token));
        var (other, read) = await unitOfWork.RunForTokenAsync(
            (tx, token) => tx.Get<IProjectEnvironmentRepository>().ReplaceAsync(project, Guid.NewGuid(), "KEY=2", token));

        Assert.That((replaced, other, read), Is.EqualTo((EnvironmentOutcome.Replaced, EnvironmentOutcome.NotFound, ReadToken.None)));
        Assert.That((await fake.FindAsync(project, owner))?.Reveal(), Is.EqualTo("KEY=1"));
        fake.Failure = new ConflictException("again later");
        Assert.That(() => fake.FindAsync(project, owner), Throws.TypeOf<ConflictException>());
        Assert.That(Fakes.Answers(), Has.Length.EqualTo(5));
    }

    // What AddDeploymentWorker calls a build with.
    [Test]
    public async Task A_build_runs_on_fakes()
    {
        var values = new PublicValues(isFull: true);
        var claimed = (ClaimedDeployment)values.Create(typeof(ClaimedDeployment))!;
        var (lifecycle, writer) = (Fake<IDeploymentLifecycle>(TransitionOutcome.AlreadyThere), Fake<IDeploymentLogWriter>(null));
        await using var services = new ServiceCollection().BuildServiceProvider();

        var url = await Fakes.BuildAsync(claimed, lifecycle, writer, services, async (job, log, token) =>
        {
            await job.EnterAsync(DeploymentStatus.Building, token);
            await log.WriteAsync("built", token);
            return $"{job.Deployment.Id} {job.Attempt}";
        }, CancellationToken.None);

        Assert.That(url, Is.EqualTo($"{claimed.Deployment.Id} {claimed.Attempt}"));
        Assert.That(Called.Select(call => call.Name), Is.EqualTo(new[] { "AdvanceAsync", "WriteAsync" }));
    }

    private static List<MethodInfo> Called { get; } = [];

    private static T Fake<T>(object? result)
        where T : class
    {
        var fake = DispatchProxy.Create<T, Proxy>();
        ((Proxy)(object)fake).Result = result;
        return fake;
    }

    /// <summary>Answers every call alike, as a class of a mocking library.</summary>
    public class Proxy : DispatchProxy
    {
        public object? Result { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Called.Add(targetMethod!);
            return Result is TransitionOutcome outcome ? Task.FromResult(outcome) : Task.CompletedTask;
        }
    }

    private static IEnumerable<Type> OwnTypesOf(Type type) =>
        type.IsGenericParameter || typeof(Delegate).IsAssignableFrom(type) ? []
        : type.IsGenericType && type.Assembly != Library ? type.GetGenericArguments().SelectMany(OwnTypesOf)
        : type.Assembly == Library && !type.IsInterface && !type.ContainsGenericParameters ? [type]
        : [];
}
