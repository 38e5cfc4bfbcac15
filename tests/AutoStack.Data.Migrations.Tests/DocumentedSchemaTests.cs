using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// <c>DocumentedSchema.txt</c> is the catalog of a database in which the statements of the schema's documentation were run as they are written
/// there, and not the scripts.
/// </summary>
public sealed class DocumentedSchemaTests : MigrationTests
{
    private static readonly string[] Documented = Resource.Text("DocumentedSchema.txt").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    [Test]
    public void The_documentation_has_13_tables_and_20_named_indexes()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Documented.Count(line => line.StartsWith("table ", StringComparison.Ordinal)), Is.EqualTo(13));
            Assert.That(Documented.Count(line => line.StartsWith("index idx_", StringComparison.Ordinal)), Is.EqualTo(20));
            Assert.That(Documented, Has.Member("extension uuid-ossp in public"));
        }
    }

    [Test]
    public async Task Version_2_is_the_documented_schema()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);

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
        await Migrator().UpgradeAsync(cancellationToken: Token);

        Assert.That(Documented.Except(await CatalogAsync()), Is.Empty);
    }

    [Test]
    public async Task Tables_are_made_in_public_whatever_the_search_path_of_the_role()
    {
        await ExecuteAsync($"CREATE SCHEMA other; ALTER DATABASE {Database.Name} SET search_path = other");

        await Migrator().UpgradeAsync(MigrationTarget.Version(2), cancellationToken: Token);

        Assert.That(await CatalogAsync(), Is.EqualTo(Documented.Append("schema other").Order(StringComparer.Ordinal)));
    }
}
