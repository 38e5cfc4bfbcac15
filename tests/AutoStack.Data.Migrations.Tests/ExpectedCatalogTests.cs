using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Migrations.Tests;

/// <summary><c>Catalogs/Expected.txt</c> is what the scripts create, version by version.</summary>
public sealed class ExpectedCatalogTests
{
    [Test]
    public void The_expected_catalog_is_what_the_scripts_create()
    {
        if (ExpectedCatalog.Failure is { } failure)
        {
            Assert.Fail(failure);
        }
    }

    [Test]
    public void The_expected_catalog_reads_back_as_written()
    {
        ExpectedCatalog.RequireCurrent();
        var versions = Enumerable.Range(1, SchemaMigrator.Scripts.Count).Select(Catalog.Expected).ToList();

        Assert.That(Catalog.Format(versions), Is.EqualTo(ExpectedCatalog.Embedded));
        Assert.That(Catalog.Expected(0).Objects, Is.Empty);
    }

    [Test]
    public void Expected_names_need_no_quotes() =>
        Assert.That(Catalog.Newest.Objects.Where(o => o.Kind is not (SchemaObjectKind.Extension or SchemaObjectKind.Function))
            .Select(o => o.Name),
            Is.All.Match("^[a-z_][a-z0-9_]*$"));
}
