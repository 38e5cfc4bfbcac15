using System.Reflection;
using AutoStack.Data.Archives;
using AutoStack.Data.Logs;
using AutoStack.Data.Parquet;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

public sealed class PublicSurface : DatabaseTests
{
    private static IEnumerable<Type> Interfaces =>
        typeof(IUnitOfWork).Assembly.GetExportedTypes()
            .Where(t => t is { IsInterface: true, IsGenericType: false } && t != typeof(IRepositories));

    // The host brings the store of archives; a unit of work alone has statements of the service.
    private static IEnumerable<Type> Registered =>
        Interfaces.Where(type => type != typeof(IArchiveStore) && type != typeof(IOwnStatements));

    [TestCaseSource(nameof(Registered))]
    public void Every_interface_resolves(Type type) =>
        Assert.That(
            typeof(PublicSurface).GetMethod(nameof(Get), BindingFlags.Instance | BindingFlags.NonPublic)!
                .MakeGenericMethod(type).Invoke(this, null),
            Is.Not.Null);

    // ILogSecrets works in memory only; IStandbyReads hands out repositories.
    private static IEnumerable<Type> Asynchronous =>
        Interfaces.Where(type => type != typeof(ILogSecrets) && type != typeof(IStandbyReads));

    [TestCaseSource(nameof(Asynchronous))]
    public void Every_method_is_asynchronous_and_ends_with_a_token(Type type)
    {
        foreach (var method in type.GetMethods())
        {
            Assert.That(method.Name, Does.EndWith("Async"));
            var isStream = method.ReturnType.IsGenericType && method.ReturnType.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);
            Assert.That(isStream || typeof(Task).IsAssignableFrom(method.ReturnType), Is.True, method.Name);
            var last = method.GetParameters()[^1];
            Assert.That((last.ParameterType, last.IsOptional), Is.EqualTo((typeof(CancellationToken), true)), method.Name);
        }
    }

    [Test]
    public void Every_member_of_a_row_is_required()
    {
        var rows = typeof(IUnitOfWork).Assembly.GetExportedTypes()
            .Where(t => t.IsClass && t.GetProperty("Id")?.PropertyType == typeof(Guid)
                && t.Name != "AutoStackDataOptions" && !t.Name.StartsWith("New", StringComparison.Ordinal));

        var members = rows.SelectMany(t => t.GetProperties(BindingFlags.Public | BindingFlags.Instance)).Where(p => p.CanWrite);
        Assert.That(members, Is.All.Matches<PropertyInfo>(
            p => p.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null));
    }

    [Test]
    public void The_public_surface_matches_the_approved_file() =>
        ApprovedSurface.Check(typeof(IUnitOfWork).Assembly, "PublicSurface.approved.txt");

    [Test]
    public void The_public_surface_of_the_package_for_Parquet_matches_the_approved_file() =>
        ApprovedSurface.Check(typeof(ParquetArchiveFormat).Assembly, "Parquet.approved.txt");
}
