namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>
/// The features <c>commit-search</c>, <c>log-search</c> and <c>log-partitions</c> in any order, on the server of the run and on other
/// releases.
/// </summary>
[TestFixture("")]
[TestFixture("14.23.0-beta.17")]
[TestFixture("18.4.0-beta.17")]
public sealed class SearchRoundTripTests(string release) : LogPartitionTestsBase(release)
{
    private const string Search = "log-search";

    // The parts of the index, of which every partition has one, and the plain index.
    private const string Parts = """
        SELECT x.indrelid::regclass || ' ' || x.indisvalid FROM pg_index x
        WHERE pg_get_indexdef(x.indexrelid) LIKE '%CASE%message%gin_trgm_ops%' ORDER BY 1
        """;

    [Test]
    public async Task Enabled_checked_and_disabled_they_leave_the_catalog_as_it_was()
    {
        await ExecuteAsync("CREATE EXTENSION pg_trgm");
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await EnableAsync("commit-search");
        await EnableAsync(Search);
        await DisableAsync(Search);
        await DisableAsync("commit-search");

        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    [Test]
    public async Task With_partitions_every_order_leaves_the_catalog_as_it_was(
        [Values(Search, Name)] string enabledFirst, [Values(Search, Name)] string disabledFirst)
    {
        await ExecuteAsync("CREATE EXTENSION pg_trgm");
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await EnableAsync(enabledFirst);
        await EnableAsync(Other(enabledFirst));
        var partitions = await ScalarAsync<long>("SELECT count(*) FROM pg_partition_tree('deployment_logs')");
        var parts = await ListAsync(Parts);
        await ExecuteAsync("UPDATE log_partition_settings SET ahead = 6");
        await ExecuteAsync("SELECT reserve_log_partitions('deployment_logs', now()::timestamp)");
        await ExecuteAsync("SELECT create_reserved_log_partitions('deployment_logs')");
        var later = await ListAsync(Parts);
        await DisableAsync(disabledFirst);
        await DisableAsync(Other(disabledFirst));

        Assert.That(parts, Has.Count.EqualTo(partitions).And.All.EndsWith(" true"), "the table and each partition have the index");
        Assert.That(later, Has.Count.GreaterThan(parts.Count).And.All.EndsWith(" true"), "so has a partition that is created later");
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));

        static string Other(string name) => name == Search ? Name : Search;
    }

    private async Task EnableAsync(string name)
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In(name), cancellationToken: Token);
        await AssertAsExpectedAsync($"{name} enabled");
    }

    private async Task DisableAsync(string name)
    {
        await Migrator().DowngradeAsync(MigrationTarget.Base.In(name), cancellationToken: Token);
        await AssertAsExpectedAsync($"{name} disabled");
    }

    private async Task AssertAsExpectedAsync(string when)
    {
        var check = await Migrator().CheckAsync(Token);
        Assert.That(check.Differences, Is.Empty, when);
        Assert.That(check.ForeignObjects, Is.Empty, when);
    }
}
