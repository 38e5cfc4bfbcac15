using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The features <c>commit-search</c> and <c>log-search</c> on plain tables, and what they need.</summary>
public sealed class SearchFeatureTests : LogPartitionTestsBase
{
    private static MigrationTarget Commits => MigrationTarget.Head.In("commit-search");

    private static MigrationTarget Logs => MigrationTarget.Head.In("log-search");

    [TestCase("commit-search")]
    [TestCase("log-search")]
    public async Task Without_the_extension_nothing_runs_and_the_way_is_told(string name)
    {
        var catalog = await CatalogAsync();

        var refused = Assert.ThrowsAsync<MigrationException>(
            () => Migrator().UpgradeAsync(MigrationTarget.Head.In(name), cancellationToken: Token))!;

        Assert.That(refused.Error, Is.EqualTo(MigrationError.RequirementMissing));
        Assert.That(refused.Message, Does.StartWith($"{name}/0001_").And.Contain(
            "needs the extension pg_trgm. Create it in this database, as a role that may: CREATE EXTENSION pg_trgm;"));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }

    [Test]
    public async Task The_extension_may_be_in_another_schema_of_the_search_path()
    {
        await ExecuteAsync($"""
            CREATE SCHEMA extras;
            CREATE EXTENSION pg_trgm SCHEMA extras;
            ALTER DATABASE {Database.Name} SET search_path = public, extras;
            """);

        await Migrator().UpgradeAsync(Commits, cancellationToken: Token);
        await Migrator().UpgradeAsync(Logs, cancellationToken: Token);

        Assert.That((await Migrator().CheckAsync(Token)).Differences, Is.Empty);
    }

    [Test]
    public async Task Writers_go_on_while_the_indexes_are_built_and_dropped()
    {
        await ExecuteAsync("CREATE EXTENSION pg_trgm");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var writers = Enumerable.Range(0, 3).Select(_ => WriteAsync(stop.Token)).ToList();

        await Migrator().UpgradeAsync(Commits, cancellationToken: Token);
        await Migrator().UpgradeAsync(Logs, cancellationToken: Token);
        var valid = await ListAsync(ValidSearchIndexes);
        await Migrator().DowngradeAsync(MigrationTarget.Base.In("log-search"), cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Base.In("commit-search"), cancellationToken: Token);
        await stop.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();

        Assert.That(valid, Is.EqualTo(new[] { "deployment_logs_search_idx", "deployments_commit_message_search_idx" }));
        Assert.That(written, Is.GreaterThan(0));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_logs WHERE message = 'during'"), Is.EqualTo(written));
    }

    [Test]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_the_index_is_built_the_next_run_completes([Values] bool inPartitions)
    {
        await ExecuteAsync("CREATE EXTENSION pg_trgm");
        if (inPartitions)
        {
            await Migrator().UpgradeAsync(On, cancellationToken: Token);
        }

        // A writer of the table holds the build back, after the index is in the catalog.
        await using (await HoldAsync("INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'during' FROM deployments LIMIT 1"))
        {
            using var console = ConsoleProcess.Start(ConnectionString, "feature", "enable", "log-search");
            await UntilMigratorWaitsForTableAsync();
            await console.KillAsync(Token);

            // The server would end the build before it notices that the client is gone.
            await ExecuteAsync("""
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE application_name = 'migrator' AND datname = current_database()
                """);
        }

        await UntilAsync(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = 'migrator' AND datname = current_database())");
        var left = await ListAsync("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid");
        await Migrator().UpgradeAsync(Logs, cancellationToken: Token);

        Assert.That(left, Has.Count.EqualTo(1), "the killed build leaves an index");
        Assert.That(await ListAsync("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"), Is.Empty);
        Assert.That(await ListAsync(ValidSearchIndexes), Is.EqualTo(new[] { "deployment_logs_search_idx" }));
        Assert.That((await Migrator().CheckAsync(Token)).Differences, Is.Empty);
    }

    private const string ValidSearchIndexes = """
        SELECT x.indexrelid::regclass::text FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
        WHERE x.indisvalid AND c.relname LIKE '%\_search\_idx' AND c.relnamespace = 'public'::regnamespace
        ORDER BY 1
        """;

    private async Task<int> WriteAsync(CancellationToken stop)
    {
        var written = 0;
        while (!stop.IsCancellationRequested)
        {
            await ExecuteAsync("""
                WITH line AS (
                    INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'during' FROM deployments LIMIT 1
                )
                UPDATE deployments SET commit_message = 'during' WHERE id = (SELECT id FROM deployments OFFSET 1 LIMIT 1)
                """);
            written++;
        }

        return written;
    }
}
