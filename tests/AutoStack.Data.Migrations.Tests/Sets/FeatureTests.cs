using AutoStack.Data.Cli;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>Optional features, by the example of one that adds a table and replaces objects of the core.</summary>
public sealed class FeatureTests : MigrationTests
{
    private static readonly KeyValuePair<string, string>[] Files =
    [
        new("0001_create_notes.sql", """
            -- autostack: requires=core:2
            -- Notes about users, for the support.
            CREATE TABLE notes (user_id uuid NOT NULL, note text NOT NULL);
            DROP INDEX idx_projects_user_id;
            """),
        new("0001_create_notes.down.sql", """
            CREATE INDEX idx_projects_user_id ON projects (user_id);
            DROP TABLE notes;
            """),
        new("0002_add_notes_author.sql", "ALTER TABLE notes ADD author text; ALTER TABLE users ALTER name TYPE text;"),
        new("0002_add_notes_author.down.sql",
            "ALTER TABLE users ALTER name TYPE varchar(255); ALTER TABLE notes DROP author;"),
    ];

    private static string? expected;

    [SetUp]
    public async Task StartAtHeadAsync()
    {
        await StartAtAsync(Head);
        expected ??= await ExpectedCatalog.DescribeAsync(ScriptSet.Feature("notes", Files, null));
    }

    [Test]
    public void This_version_has_these_features() =>
        Assert.That(
            ScriptSet.BuiltInFeatures.Select(feature => feature.Name),
            Is.EqualTo(new[]
            {
                "audit", "citus", "commit-search", "log-partitions", "log-search", "row-security", "signed-identity", "timescale",
            }));

    [Test]
    public async Task Without_features_the_list_is_empty_and_needs_no_database()
    {
        var list = await RunAsync(["feature", "list"], answer: null, connection: null);
        var json = await RunAsync(["feature", "list", "--json"], answer: null, connection: null);
        var enable = await RunAsync(["feature", "enable", "notes"], answer: null, ConnectionString);

        Assert.That((list.Code, list.Output.Trim()), Is.EqualTo((0, "This version has no optional feature.")));
        Assert.That(json.Output.Trim(), Is.EqualTo("""{"features":[]}"""));
        Assert.That((enable.Code, enable.Error.Trim()), Is.EqualTo((2, "This version has no optional feature.")));
    }

    [Test]
    public void The_expected_catalog_has_what_the_feature_changes() => Assert.That(expected!.Split('\n')[..^1], Is.EqualTo(new[]
    {
        "1-    table notes",
        "1-    column notes.user_id: uuid NOT NULL",
        "1-    column notes.note: text NOT NULL",
        "2-    column notes.author: text",
        "2-    column users.name: text NOT NULL",
        "-1-    index projects.idx_projects_user_id: CREATE INDEX idx_projects_user_id ON public.projects USING btree (user_id)",
    }));

    [Test]
    public async Task A_feature_is_listed_enabled_checked_and_disabled()
    {
        var before = await CatalogAsync();
        var off = await RunAsync("feature", "list");
        var upgrade = await RunAsync("upgrade");
        var enable = await RunAsync("feature", "enable", "notes");
        var on = await RunAsync("feature", "list");
        var json = await RunAsync("feature", "list", "--json");
        var check = await RunAsync("check");
        var older = await ConsoleRun.StartAsync(["check"], connection: ConnectionString, cancellationToken: Token);
        var refused = await RunAsync("feature", "disable", "notes");
        var no = await RunAsync(["feature", "disable", "notes"], answer: "n");
        var disable = await RunAsync("feature", "disable", "notes", "--yes");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(off.Output, Does.Match("notes +not enabled +Notes about users, for the support."));
            Assert.That(upgrade.Output.Trim(), Is.EqualTo($"Already at version {Head}, nothing to do."), "an upgrade enables nothing");
            Assert.That(enable.Output, Does.Contain("notes/0001_create_notes.sql").And.Contain("notes 0 → 2: 2 scripts in"));
            Assert.That(on.Output, Does.Match("notes +enabled, version 2 of 2 +Notes"));
            Assert.That(json.Output.Trim(), Is.EqualTo("""
                {"features":[{"name":"notes","description":"Notes about users, for the support.","enabled":true,"version":2,"head":2}]}
                """));
            Assert.That((check.Code, check.Output), Is.EqualTo((0, check.Output)));
            Assert.That(older.Code, Is.EqualTo(4), "a tool without the feature misses what the feature has replaced");
            Assert.That((refused.Code, refused.Error.Trim()),
                Is.EqualTo((2, "disable asks before it drops anything, and nobody can answer: add --yes.")));
            Assert.That((no.Code, no.Error), Is.EqualTo((1, no.Error)));
            Assert.That(no.Error, Does.Contain("Downgrade notes 2 → 0 loses all data in").And.Contain("tables   notes"));
            Assert.That(disable.Output, Does.Contain("notes 2 → 0: 2 scripts in"));
            Assert.That(await CatalogAsync(), Is.EqualTo(before));
        }
    }

    [Test]
    public async Task An_upgrade_brings_an_enabled_feature_to_its_newest_version()
    {
        await RunAsync("upgrade", "1", "--set", "notes");
        var check = await RunAsync("check", "--json");

        var run = await RunAsync("upgrade");

        Assert.That(check.Code, Is.EqualTo(3), "version 1 of the feature is as expected");
        Assert.That(run.Output, Does.Contain("notes 1 → 2: 1 script in"));
        Assert.That((await RunAsync("check")).Code, Is.Zero);
    }

    [Test]
    public async Task A_difference_in_a_table_of_the_feature_is_drift()
    {
        await RunAsync("feature", "enable", "notes");
        await ExecuteAsync("ALTER TABLE notes DROP author; CREATE INDEX idx_projects_user_id ON projects (user_id);");

        var check = await RunAsync("check");

        Assert.That(check.Code, Is.EqualTo(4));
        Assert.That(check.Output, Does.Contain("Column notes.author is missing.")
            .And.Contain("ALTER TABLE public.notes ADD COLUMN author text;"));
    }

    [Test]
    public async Task A_feature_is_enabled_in_code()
    {
        var migrator = Migrator(new SchemaMigratorOptions { Features = [Feature()] });

        var enabled = await migrator.UpgradeAsync(MigrationTarget.Head.In("notes"), cancellationToken: Token);
        var features = await migrator.ReadFeaturesAsync(Token);
        var disabled = await migrator.DowngradeAsync(MigrationTarget.Base.In("notes"), cancellationToken: Token);

        Assert.That(enabled.Sets, Is.EqualTo(new[] { new SetVersions("notes", 0, 2) }));
        Assert.That(features, Is.EqualTo(new[] { new FeatureStatus("notes", "Notes about users, for the support.", 2, 2) }));
        Assert.That(disabled.Sets, Is.EqualTo(new[] { new SetVersions("notes", 2, 0) }));
    }

    [Test]
    public async Task A_misspelt_feature_is_answered_with_the_names()
    {
        var run = await RunAsync("feature", "enable", "note");

        var verb = await RunAsync("feature", "enabel", "notes");

        Assert.That((run.Code, run.Error.Trim()), Is.EqualTo((2, "There is no feature note. The features are notes.")));
        Assert.That(verb.Code, Is.EqualTo(2));
        Assert.That(verb.Error, Does.Contain("Did you mean enable?"));
    }

    private static ScriptSet Feature() => ScriptSet.Feature("notes", Files, expected);

    private Task<ConsoleRun> RunAsync(params string[] args) => RunAsync(args, answer: null);

    private Task<ConsoleRun> RunAsync(string[] args, string? answer) => RunAsync(args, answer, ConnectionString, Feature());

    private async Task<ConsoleRun> RunAsync(string[] args, string? answer, string? connection, params ScriptSet[] features)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var input = new StringReader(answer ?? "");
        var host = new CliHost(output, error, input, name => name == "AUTOSTACK_CONNECTION" ? connection : null)
        {
            Directory = Path.GetTempPath(),
            InputRedirected = answer is null,
            Features = features,
        };
        return new ConsoleRun(await AutoStackDb.RunAsync(args, host, Token), output.ToString(), error.ToString());
    }
}
