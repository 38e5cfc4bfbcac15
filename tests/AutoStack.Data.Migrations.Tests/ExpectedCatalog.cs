using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>
/// Compares <c>Expected.txt</c> with what the scripts create, before every other test: with a stale file one test fails and says how to
/// regenerate it, and the tests that rely on the file are skipped.
/// </summary>
[SetUpFixture]
public sealed class ExpectedCatalog
{
    /// <summary>The command that writes the file.</summary>
    public const string Command =
        "AUTOSTACK_REGENERATE=1 dotnet test -c Release tests/AutoStack.Data.Migrations.Tests --filter " +
            "FullyQualifiedName~ExpectedCatalogTests";

    private static readonly string Source = Path.Combine(SourceRoot.Path, "src", "AutoStack.Data.Migrations", "Catalogs", "Expected.txt");

    /// <summary>Why the file cannot be relied on; null when the scripts create what it says.</summary>
    public static string? Failure { get; private set; }

    /// <summary>The text in the assembly, which the build embeds.</summary>
    public static string Embedded
    {
        get
        {
            using var reader = new StreamReader(typeof(Catalog).Assembly.GetManifestResourceStream("Expected.txt")!);
            return reader.ReadToEnd().ReplaceLineEndings("\n");
        }
    }

    /// <summary>Skips a test that relies on the file when the file is stale.</summary>
    public static void RequireCurrent()
    {
        if (Failure is not null)
        {
            Assert.Ignore($"Expected.txt is stale: see {nameof(ExpectedCatalogTests)}.");
        }
    }

    [OneTimeSetUp]
    public async Task CompareAsync()
    {
        if (TestServer.Current is null)
        {
            return;
        }

        try
        {
            var actual = await CreateAsync();
            if (Environment.GetEnvironmentVariable("AUTOSTACK_REGENERATE") is { Length: > 0 })
            {
                await File.WriteAllTextAsync(Source, actual);
            }
            else if (actual != Embedded)
            {
                Failure = $"{Difference(Embedded, actual)}\n" +
                    $"src/AutoStack.Data.Migrations/Catalogs/Expected.txt is not what the scripts create. If the scripts are right, " +
                        $"regenerate it and build again:\n  {Command}";
            }

            await CompareFeaturesAsync();
        }
        catch (Exception exception) when (exception is MigrationException or NpgsqlException)
        {
            Failure = $"The scripts do not run on an empty database: {exception.Message}";
        }
    }

    [OneTimeTearDown]
    public async Task DropTemplatesAsync()
    {
        await Templates.DropAsync();
        await ExtensionServer.StopAsync();
    }

    /// <summary>
    /// What the versions of a feature change in the catalog of the core's newest version, with the features that it needs.
    /// </summary>
    internal static async Task<string> DescribeAsync(ScriptSet feature, PostgresServer? server = null)
    {
        await using var database = await (server ?? TestServer.Current).CreateEmptyDatabaseAsync();
        await using var raw = NpgsqlDataSource.Create(database.ConnectionString);
        var needs = feature.Scripts.SelectMany(script => script.Up.Requirements).ToList();
        var needed = ScriptSet.BuiltInFeatures
            .Where(set => needs.Exists(need => need.Kind == RequirementKind.Set && need.Name == set.Name)).ToList();
        var migrator = new SchemaMigrator(
            database.ConnectionString, new SchemaMigratorOptions { Features = [.. needed, feature] }, [.. SchemaMigrator.Scripts]);
        await migrator.UpgradeAsync();
        foreach (var set in needed)
        {
            await migrator.UpgradeAsync(MigrationTarget.Head.In(set.Name));
        }

        await using var connection = await raw.OpenConnectionAsync();
        foreach (var extension in needs.Where(need => need.Kind == RequirementKind.Extension).Select(need => need.Name).Distinct())
        {
            await using var create = raw.CreateCommand($"CREATE EXTENSION {extension}");
            await create.ExecuteNonQueryAsync();
        }

        var below = await Catalog.ReadAsync(connection, CancellationToken.None);
        var versions = new List<Catalog>();
        await migrator.UpgradeAsync(MigrationTarget.Head.In(feature.Name), new Recorder(reported =>
        {
            if (reported is StepFinished)
            {
                versions.Add(Catalog.ReadAsync(connection, CancellationToken.None).GetAwaiter().GetResult());
            }
        }));
        return FeatureCatalog.Format(below, versions);
    }

    private static async Task CompareFeaturesAsync()
    {
        foreach (var feature in ScriptSet.BuiltInFeatures)
        {
            PostgresServer? server = null;
            if (ExtensionServer.IsNeededBy(feature.Name) && (server = await ExtensionServer.FindAsync(feature.Name)) is null)
            {
                continue;
            }

            var actual = await DescribeAsync(feature, server);
            if (Environment.GetEnvironmentVariable("AUTOSTACK_REGENERATE") is { Length: > 0 })
            {
                Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(Source)!, "Features"));
                await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(Source)!, "Features", feature.Name + ".txt"), actual);
            }
            else if (actual != feature.ExpectedCatalog?.ReplaceLineEndings("\n"))
            {
                Failure ??= $"{Difference(feature.ExpectedCatalog ?? "", actual)}\n" +
                    $"Catalogs/Features/{feature.Name}.txt is not what the feature changes. Regenerate it and build again:\n  {Command}";
            }
        }
    }

    private static async Task<string> CreateAsync()
    {
        await using var database = await TestServer.Current.CreateEmptyDatabaseAsync();
        await using var raw = NpgsqlDataSource.Create(database.ConnectionString);

        // With scripts that are not the package's own, the migrator does not consult the file.
        var migrator = new SchemaMigrator(database.ConnectionString, options: null, [.. SchemaMigrator.Scripts]);
        var versions = new List<Catalog>();
        await using var connection = await raw.OpenConnectionAsync();
        await migrator.UpgradeAsync(progress: new Recorder(reported =>
        {
            if (reported is StepFinished)
            {
                versions.Add(Catalog.ReadAsync(connection, CancellationToken.None).GetAwaiter().GetResult());
            }
        }));
        return Catalog.Format(versions);
    }

    private static string Difference(string embedded, string actual)
    {
        var (before, after) = (embedded.Split('\n'), actual.Split('\n'));
        return string.Join('\n',
            before.Except(after).Take(5).Select(line => $"- {line}").Concat(after.Except(before).Take(5).Select(line => $"+ {line}")));
    }
}
