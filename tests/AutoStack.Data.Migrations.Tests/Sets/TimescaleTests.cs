using System.Runtime.Versioning;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The feature <c>timescale</c> on filled tables, switched on and off.</summary>
public sealed class TimescaleTests : TimescaleTestsBase
{
    [Test]
    public async Task Enabled_checked_and_disabled_it_leaves_rows_and_catalog_as_they_were()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        var enabled = await ScalarAsync<string>(Rows);
        var chunks = await ScalarAsync<long>("SELECT count(*) FROM show_chunks('deployment_health_checks')");
        var left = await ScalarAsync<long>("SELECT count(*) FROM autostack_timescale.deployment_health_checks");
        var check = await Migrator().CheckAsync(Token);
        await ExecuteAsync("SELECT compress_chunk(c) FROM show_chunks('deployment_health_checks') c");
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(enabled, Is.EqualTo(rows));
            Assert.That(chunks, Is.GreaterThanOrEqualTo(6), "500 times two hours are six weeks");
            Assert.That(left, Is.Zero);
            Assert.That(check.Differences, Is.Empty);
            Assert.That(check.ForeignObjects, Is.Empty);
            Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

    [Test]
    public async Task Without_the_extension_nothing_is_changed_and_the_message_says_how_to_create_it()
    {
        await ExecuteAsync("DROP EXTENSION timescaledb");

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(On, cancellationToken: Token))!;

        Assert.That(refused.Error, Is.EqualTo(MigrationError.RequirementMissing));
        Assert.That(refused.Message, Does.Contain("CREATE EXTENSION timescaledb;"));
    }

    [Test]
    public async Task The_latest_checks_of_what_runs_are_there_after_the_exchange()
    {
        const string latest = """
            SELECT string_agg(md5(l::text), ' ' ORDER BY l.deployment_id, l.id)
            FROM deployment_containers c
            CROSS JOIN LATERAL (
                SELECT h.*
                FROM deployment_health_checks h
                WHERE h.deployment_id = c.deployment_id
                ORDER BY h.checked_at DESC, h.id DESC
                LIMIT 20
            ) l
            """;
        var before = await ScalarAsync<string>(latest);

        await Migrator().UpgradeAsync(MigrationTarget.Version(3).In(Name), cancellationToken: Token);
        var rows = await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks");
        var exchanged = await ScalarAsync<string>(latest);
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Version(2).In(Name), cancellationToken: Token);

        Assert.That((rows, exchanged), Is.EqualTo((200L, before)));
        Assert.That(
            (await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks"), await ScalarAsync<string>(latest)),
            Is.EqualTo((200L, before)));
    }

    [TestCase("CREATE VIEW public.outages AS SELECT * FROM deployment_health_checks", "view public.outages")]
    [TestCase("CREATE POLICY own ON deployment_health_checks USING (TRUE)", "policy own")]
    [TestCase("CREATE PUBLICATION checks FOR TABLE deployment_health_checks", "publication checks")]
    public async Task What_would_stay_with_the_plain_table_is_refused(string sql, string named)
    {
        await ExecuteAsync(sql);
        var rows = await ScalarAsync<string>(Rows);

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(On, cancellationToken: Token))!;

        Assert.That(refused.Message, Does.Contain("0003_exchange_health_checks.sql").And.Contain("health_check_obstacles()"));
        Assert.That(await ListAsync("SELECT * FROM health_check_obstacles()"), Is.EqualTo(new[] { named }));
        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    [Test]
    public async Task Writers_go_on_while_the_feature_is_enabled_and_disabled()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var writers = Enumerable.Range(0, 3).Select(_ => WriteAsync(stop.Token)).ToList();

        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);
        await stop.CancelAsync();
        var written = (await Task.WhenAll(writers)).Sum();

        Assert.That(written, Is.GreaterThan(0));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks WHERE url = 'during'"), Is.EqualTo(written));
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM deployment_health_checks"), Is.EqualTo(10_000 + written));
    }

    // The exchange waits for a reader of the table, and the batches for whoever holds a row.
    [TestCase(0, "SELECT count(*) FROM deployment_health_checks")]
    [TestCase(3, "SELECT FROM autostack_timescale.deployment_health_checks ORDER BY checked_at LIMIT 1 FOR UPDATE")]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_it_is_enabled_the_next_run_completes(int version, string held)
    {
        var rows = await ScalarAsync<string>(Rows);
        if (version > 0)
        {
            await Migrator().UpgradeAsync(MigrationTarget.Version(version).In(Name), cancellationToken: Token);
        }

        await KillAsync(["feature", "enable", Name], held);
        await Migrator().UpgradeAsync(On, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    [TestCase(5, "SELECT count(*) FROM deployment_health_checks")]
    [TestCase(2, "SELECT FROM deployments LIMIT 1 FOR UPDATE")]
    [UnsupportedOSPlatform("windows")]
    [Platform(Exclude = "Win")]
    public async Task Killed_while_it_is_disabled_the_next_run_completes(int version, string held)
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));
        await Migrator().UpgradeAsync(On, cancellationToken: Token);
        await Migrator().DowngradeAsync(MigrationTarget.Version(version).In(Name), cancellationToken: Token);

        await KillAsync(["feature", "disable", Name, "--yes"], held);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
    }

    private async Task<long> WriteAsync(CancellationToken stop)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var command = new NpgsqlCommand("""
            INSERT INTO deployment_health_checks (deployment_id, url, is_live, checked_at)
            SELECT id, 'during', TRUE, timezone('UTC', now()) FROM deployments ORDER BY id LIMIT 1
            """, connection);
        var written = 0L;
        while (!stop.IsCancellationRequested)
        {
            written += await command.ExecuteNonQueryAsync(Token);
            await Task.Delay(5, Token);
        }

        return written;
    }

    private async Task KillAsync(string[] verb, string held)
    {
        await using (await HoldAsync(held))
        {
            using var console = ConsoleProcess.Start(ConnectionString, verb);
            await UntilMigratorWaitsForTableAsync();
            Assert.That((await console.KillAsync(Token)).Code, Is.Not.Zero);
        }
    }
}
