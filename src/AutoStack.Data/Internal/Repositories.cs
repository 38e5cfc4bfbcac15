using System.Collections.Frozen;
using AutoStack.Data.Deployments;
using AutoStack.Data.Projects;
using AutoStack.Data.Users;

namespace AutoStack.Data.Internal;

/// <summary>The one table of repositories: which class stands behind which interface. Registration and transactions both go by it.</summary>
internal static class Repositories
{
    private static readonly FrozenDictionary<Type, Func<Db, TimeProvider, object>> Factories = new Dictionary<Type, Func<Db, TimeProvider, object>>
    {
        [typeof(IUserRepository)] = (db, clock) => new UserRepository(db, clock),
        [typeof(IProjectRepository)] = (db, clock) => new ProjectRepository(db, clock),
        [typeof(IDeploymentRepository)] = (db, clock) => new DeploymentRepository(db, clock),
        [typeof(IDeploymentLifecycle)] = (db, clock) => new DeploymentLifecycle(db, clock),
        [typeof(IDeploymentLogRepository)] = (db, clock) => new DeploymentLogRepository(db, clock),
        [typeof(IDeploymentStageRepository)] = (db, clock) => new DeploymentStageRepository(db, clock),
        [typeof(IDeploymentContainerRepository)] = (db, clock) => new DeploymentContainerRepository(db, clock),
        [typeof(IDeploymentHealthCheckRepository)] = (db, clock) => new DeploymentHealthCheckRepository(db, clock),
    }.ToFrozenDictionary();

    /// <summary>The interfaces.</summary>
    public static IReadOnlyCollection<Type> Interfaces => Factories.Keys;

    /// <summary>The repository behind an interface, over a connection pool or a transaction.</summary>
    /// <exception cref="ArgumentException">There is no such repository.</exception>
    public static object Create(Type type, Db db, TimeProvider clock) =>
        Factories.TryGetValue(type, out var factory)
            ? factory(db, clock)
            : throw new ArgumentException($"{type.Name} is no repository of AutoStack.Data. Known: {string.Join(", ", Interfaces.Select(i => i.Name).Order())}.");
}
