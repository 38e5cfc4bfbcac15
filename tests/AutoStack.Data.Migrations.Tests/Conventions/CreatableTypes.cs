using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Conventions;

namespace AutoStack.Data.Migrations.Tests.Conventions;

/// <summary>The types of the packages AutoStack.Data.Migrations and AutoStack.Data.Testing that a test of a service creates.</summary>
public sealed class CreatableTypes
{
    private static readonly IReadOnlyList<MigrationScript> Scripts = MigrationScript.Load(
    [
        new("0001_create_invoices.sql", "CREATE TABLE invoices (id bigint)"), new("0001_create_invoices.down.sql", "DROP TABLE invoices"),
    ]);

    [Test]
    public void Every_type_of_the_migrations_can_be_created() => CreatedByServices.Assert(
        typeof(SchemaMigrator).Assembly,
        new Dictionary<Type, Func<object>>
        {
            [typeof(IgnoreList)] = () => IgnoreList.Empty,
            [typeof(MigrationPlan)] = () => new MigrationPlan(isDowngrade: false, [new SetVersions("billing", 0, 1)], Scripts),
            [typeof(MigrationScript)] = () => Scripts[0],
            [typeof(MigrationStep)] = () => Scripts[0].Up,
            [typeof(MigrationTarget)] = () => MigrationTarget.Head,
            [typeof(SchemaMigrator)] = () => new SchemaMigrator("Host=127.0.0.1;Database=test"),
            [typeof(ScriptSet)] = () => ScriptSet.FromDirectory("billing", SampleSet()),
        },
        new Dictionary<Type, string>());

    [Test]
    public void Every_type_of_the_test_package_can_be_created() => CreatedByServices.Assert(
        typeof(PostgresServer).Assembly,
        new Dictionary<Type, Func<object>> { [typeof(IServiceProvider)] = () => new NoServices() },
        new Dictionary<Type, string>
        {
            [typeof(PostgresServer)] = "a running server",
            [typeof(TestDatabase)] = "a database of a running server",
            [typeof(TestServices)] = "the services of a database",
        });

    private static string SampleSet()
    {
        var folder = Path.Combine(TestContext.CurrentContext.WorkDirectory, "billing-set");
        Directory.CreateDirectory(folder);
        foreach (var step in new[] { Scripts[0].Up, Scripts[0].Down })
        {
            File.WriteAllText(Path.Combine(folder, step.FileName), step.Sql);
        }

        return folder;
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
