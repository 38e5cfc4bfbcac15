using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Conventions;

namespace AutoStack.Data.Migrations.Tests.Conventions;

public sealed class PublicSurface
{
    [TestCase(typeof(SchemaMigrator))]
    [TestCase(typeof(PostgresServer))]
    public void The_public_surface_is_the_approved_one(Type type) =>
        ApprovedSurface.Check(type.Assembly, $"{type.Assembly.GetName().Name}.approved.txt");

    [TestCase(typeof(SchemaMigrator))]
    [TestCase(typeof(PostgresServer))]
    public void Asynchronous_methods_end_with_an_optional_token(Type type)
    {
        var methods = type.Assembly.GetExportedTypes()
            .SelectMany(t => t.GetMethods())
            .Where(m => m.Name.EndsWith("Async", StringComparison.Ordinal) && m.Name != nameof(IAsyncDisposable.DisposeAsync));

        Assert.That(methods.Select(m => (m.Name, m.GetParameters()[^1])), Is.All.Matches<(string, System.Reflection.ParameterInfo Last)>(
            m => m.Last is { IsOptional: true } && m.Last.ParameterType == typeof(CancellationToken)));
    }
}
