using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary><c>Internal/Catalogs/Expected.txt</c> is what the scripts make, version by version.</summary>
public sealed class ExpectedCatalogTests : MigrationTests
{
    private static readonly string[] KnownKinds = ["extension", "table", "column", "constraint", "index", "function", "trigger"];

    [Test]
    public async Task The_expected_catalog_is_what_the_scripts_make()
    {
        var versions = new List<Catalog>();
        for (var version = 1; version <= Head; version++)
        {
            await Migrator().UpgradeAsync(MigrationTarget.Version(version), cancellationToken: Token);
            await using var connection = await Raw.OpenConnectionAsync(Token);
            versions.Add(await Catalog.ReadAsync(connection, Token));
        }

        var actual = Catalog.Format(versions);
        var received = Path.Combine(AppContext.BaseDirectory, "Expected.received.txt");
        await File.WriteAllTextAsync(received, actual, Token);
        using var approved = new StreamReader(typeof(Catalog).Assembly.GetManifestResourceStream("Expected.txt")!);
        Assert.That(actual, Is.EqualTo((await approved.ReadToEndAsync(Token)).ReplaceLineEndings("\n")),
            $"If the change is meant, copy {received} to src/AutoStack.Data.Migrations/Internal/Catalogs/Expected.txt.");
    }

    [Test]
    public void Each_version_is_read_back_as_it_was_written()
    {
        var versions = Enumerable.Range(1, Head).Select(Catalog.Expected).ToList();

        using var approved = new StreamReader(typeof(Catalog).Assembly.GetManifestResourceStream("Expected.txt")!);
        Assert.That(Catalog.Format(versions), Is.EqualTo(approved.ReadToEnd().ReplaceLineEndings("\n")));
        Assert.That(Catalog.Expected(0).Objects, Is.Empty);
    }

    [Test]
    public async Task The_scripts_make_no_kind_of_object_that_a_check_does_not_know()
    {
        await Migrator().UpgradeAsync(cancellationToken: Token);

        Assert.That((await CatalogAsync()).Select(line => line.Split(' ')[0]), Is.All.AnyOf(KnownKinds));
    }

    [Test]
    public void Expected_names_need_no_quotes() =>
        Assert.That(Catalog.Expected(Head).Objects.Where(o => o.Kind is not (SchemaObjectKind.Extension or SchemaObjectKind.Function)).Select(o => o.Name),
            Is.All.Match("^[a-z_][a-z0-9_]*$"));
}
