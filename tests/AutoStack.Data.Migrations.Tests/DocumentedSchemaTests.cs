using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// <c>DocumentedSchema.txt</c> is the catalog of a database that was created by the statements of the schema's documentation, as written
/// there, not by the scripts.
/// </summary>
public sealed class DocumentedSchemaTests : MigrationTests
{
    private static readonly string[] Documented = Resource.Text("DocumentedSchema.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Test]
    public void The_documented_schema_has_the_tables_and_indexes_of_its_version()
    {
        var expected = Catalog.Expected(AdoptionPlanner.DocumentedVersion).Objects;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Names("table"), Is.EquivalentTo(expected.Where(o => o.Kind == SchemaObjectKind.Table).Select(o => o.Name)));
            Assert.That(Names("index").Where(IsNamed), Is.EquivalentTo(
                expected.Where(o => o.Kind == SchemaObjectKind.Index && IsNamed(o.Name)).Select(o => o.Name)));
            Assert.That(Documented, Has.Member("extension uuid-ossp in public"));
        }

        static IEnumerable<string> Names(string kind) => Documented
            .Where(line => line.StartsWith(kind + " ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[1].TrimEnd(':'));

        static bool IsNamed(string index) => index.StartsWith("idx_", StringComparison.Ordinal);
    }

    [Test]
    public async Task Version_2_is_the_documented_schema()
    {
        await StartAtAsync(2);

        var catalog = await CatalogAsync();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Documented.Except(catalog), Is.Empty, "missing in the database");
            Assert.That(catalog.Except(Documented), Is.Empty, "not documented");
            Assert.That(catalog, Is.EqualTo(Documented));
        }
    }

    [Test]
    public async Task Head_only_adds_to_the_documented_schema()
    {
        await StartAtAsync(Head);

        Assert.That(Documented.Except(await CatalogAsync()), Is.Empty);
    }

    [Test]
    public async Task Tables_are_created_in_public_with_an_empty_search_path([Values] bool psql)
    {
        if (psql)
        {
            var plan = await Migrator().PlanUpgradeAsync(cancellationToken: Token);
            var run = await Psql.RunAsync(ConnectionString, "SELECT set_config('search_path', '', false);\n" + plan.ToPsqlScript(), Token);
            Assert.That(run, Is.EqualTo((0, "")));
        }
        else
        {
            var connection = new NpgsqlConnectionStringBuilder(ConnectionString) { Options = "-c search_path=" };
            await new SchemaMigrator(connection.ConnectionString).UpgradeAsync(cancellationToken: Token);
        }

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
    }

    [Test]
    public async Task An_extension_off_the_search_path_is_refused_with_a_repair_statement()
    {
        await ExecuteAsync("CREATE SCHEMA other; CREATE EXTENSION \"uuid-ossp\" SCHEMA other");

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token))!;
        Assert.That(failure.Message,
            Does.Contain("uuid-ossp").And.Contain("42883").And.Contain("ALTER EXTENSION \"uuid-ossp\" SET SCHEMA public;"));

        await ExecuteAsync("ALTER EXTENSION \"uuid-ossp\" SET SCHEMA public;");
        await Migrator().UpgradeAsync(cancellationToken: Token);
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
    }

    [Test]
    public async Task Tables_are_created_in_public_whatever_the_roles_search_path()
    {
        await ExecuteAsync($"CREATE SCHEMA other; ALTER DATABASE {Database.Name} SET search_path = other");

        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);

        Assert.That(await CatalogAsync(), Is.EqualTo(Documented.Append("schema other").Order(StringComparer.Ordinal)));
    }
}
