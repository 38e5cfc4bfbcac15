using System.Reflection;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Registered = AutoStack.Data.Database;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// An interface serves a user's request, and each method takes the user or the caller's own proof; or it serves the platform's own work,
/// and no method takes an owner. What a request handler injects then cannot reach another tenant's rows.
/// </summary>
public sealed class InterfaceKinds : DatabaseTests
{
    // Types that identify the user before the sign-in: the secret, the address or the account that the caller presents.
    private static readonly string[] Proofs =
        ["SessionToken", "RotationRequest", "ResetToken", "ProviderIdentity", "NewAccount", "NewUser", "SignInAttempt"];

    private static readonly string[] ProofNames = ["email", "providerId"];

    // The user's own row: the id of IUserRepository is the user's.
    private static readonly string[] OfTheUserItself = ["IUserRepository"];

    private static IEnumerable<Type> RequestInterfaces => Registered.RequestInterfaces.Where(
        type => type != typeof(IUnitOfWork) && type != typeof(IStandbyReads));

    private static IEnumerable<Type> WorkerInterfaces => Registered.WorkerInterfaces;

    private static IEnumerable<Type> PublicInterfaces =>
        typeof(IUnitOfWork).Assembly.GetExportedTypes().Where(type => type is { IsInterface: true, IsGenericType: false });

    [Test]
    public void Every_interface_is_for_requests_or_for_workers()
    {
        var kinds = Registered.RequestInterfaces.Concat(Registered.WorkerInterfaces).ToList();

        Assert.That(kinds, Is.Unique);
        Assert.That(
            PublicInterfaces.Select(type => type.Name).Except(kinds.Select(type => type.Name)),
            Is.EquivalentTo(new[] { nameof(IRepositories), nameof(IOwnStatements), "IPasswordHasher", "IArchiveStore" }));
    }

    [Test]
    public void A_platforms_interface_has_the_prefix_where_a_users_interface_has_its_name()
    {
        const string Prefix = "IPlatform";
        var ofRequests = Registered.RequestInterfaces.Select(type => type.Name).ToHashSet();

        Assert.That(
            Registered.WorkerInterfaces.Select(type => type.Name)
                .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !ofRequests.Contains("I" + name[Prefix.Length..])),
            Is.Empty);
    }

    [TestCaseSource(nameof(RequestInterfaces))]
    public void Methods_for_requests_take_the_user_or_a_proof(Type type) =>
        Assert.That(type.GetMethods().Where(method => !NamesTheUser(type, method)).Select(method => method.Name), Is.Empty);

    [TestCaseSource(nameof(WorkerInterfaces))]
    public void Methods_for_workers_take_no_owner(Type type) =>
        Assert.That(
            type.GetMethods().Where(method => method.GetParameters().Any(parameter => parameter.Name == "ownerId"))
                .Select(method => method.Name),
            Is.Empty);

    [Test]
    public async Task Worker_interfaces_are_not_available_without_AddAutoStackDataWorkers()
    {
        await using var provider = new ServiceCollection().AddAutoStackData(Database.ConnectionString).BuildServiceProvider();
        var unitOfWork = provider.GetRequiredService<IUnitOfWork>();
        var get = typeof(IRepositories).GetMethod(nameof(IRepositories.Get))!;

        foreach (var type in WorkerInterfaces)
        {
            Assert.That(provider.GetService(type), Is.Null, type.Name);
        }

        foreach (var type in Repositories.WorkerInterfaces)
        {
            var refusal = Assert.CatchAsync<TargetInvocationException>(() => unitOfWork.RunAsync(
                (tx, _) => Task.FromResult(get.MakeGenericMethod(type).Invoke(tx, null)), Token))!;
            Assert.That(
                refusal.InnerException,
                Is.InstanceOf<InvalidOperationException>().With.Message.Contains("AddAutoStackDataWorkers"),
                type.Name);
        }
    }

    [Test]
    public void Workers_without_AddAutoStackData_are_refused() =>
        Assert.That(
            () => new ServiceCollection().AddAutoStackDataWorkers(),
            Throws.InvalidOperationException.With.Message.Contains("call AddAutoStackData before"));

    [Test]
    public async Task Workers_with_a_key_are_registered_under_that_key_only()
    {
        await using var provider = new ServiceCollection()
            .AddKeyedAutoStackData("eu", options => options.ConnectionString = Database.ConnectionString)
            .AddKeyedAutoStackData("us", options => options.ConnectionString = Database.ConnectionString)
            .AddKeyedAutoStackDataWorkers("eu")
            .AddKeyedAutoStackDataWorkers("eu")
            .BuildServiceProvider();

        foreach (var type in WorkerInterfaces)
        {
            Assert.That(provider.GetKeyedServices(type, "eu").Count(), Is.EqualTo(1), type.Name);
            Assert.That(provider.GetKeyedServices(type, "us"), Is.Empty, type.Name);
            Assert.That(provider.GetService(type), Is.Null, type.Name);
        }
    }

    private static bool NamesTheUser(Type type, MethodInfo method) =>
        method.GetParameters().Any(parameter =>
            parameter.Name is "ownerId" or "userId"
            || (parameter.Name == "id" && OfTheUserItself.Contains(type.Name))
            || ProofNames.Contains(parameter.Name)
            || Proofs.Contains(parameter.ParameterType.Name)
            || parameter.ParameterType.GetProperties().Any(property =>
                property.Name is "UserId" or "OwnerId" && property.PropertyType == typeof(Guid)));
}
