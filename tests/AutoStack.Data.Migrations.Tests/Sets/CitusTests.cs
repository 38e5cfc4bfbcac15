using AutoStack.Data.Logs;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The feature <c>citus</c> on filled tables of a server with Citus, switched on and off.</summary>
public sealed class CitusTests : MigrationTests
{
    private const string Name = "citus";

    private const string Fill = """
        INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com');
        INSERT INTO projects (user_id, name, repository) SELECT id, 'Site', 'ada/site' FROM users;
        INSERT INTO deployments (project_id, user_id) SELECT p.id, p.user_id FROM projects p, generate_series(1, 10);
        INSERT INTO deployment_logs (deployment_id, message) SELECT d.id, 'line ' || n FROM deployments d, generate_series(1, 20) n;
        INSERT INTO deployment_runtime_logs (deployment_id, message) SELECT d.id, 'line ' || n FROM deployments d, generate_series(1, 20) n;
        INSERT INTO deployment_health_checks (deployment_id, url) SELECT d.id, 'http://a' FROM deployments d, generate_series(1, 20) n;
        INSERT INTO deployment_log_ends (deployment_id, seq, runtime_seq) SELECT id, 7, 8 FROM deployments LIMIT 1;
        """;

    private const string Rows = """
        SELECT md5(string_agg(r.text, ' ' ORDER BY r.text))
        FROM (
            SELECT l::text AS text FROM deployment_logs l
            UNION ALL SELECT r::text FROM deployment_runtime_logs r
            UNION ALL SELECT h::text FROM deployment_health_checks h
            UNION ALL SELECT e::text FROM deployment_log_ends e
        ) r
        """;

    private PostgresServer own = null!;

    protected override PostgresServer Server => own;

    [OneTimeSetUp]
    public async Task StartServerAsync() => own = await ExtensionServer.RequireAsync(Name);

    [SetUp]
    public async Task FillAsync()
    {
        await ExecuteAsync(ExtensionServer.CreateSql(Name));
        await Migrator().UpgradeAsync(cancellationToken: Token);
        await ExecuteAsync(Fill);
    }

    [Test]
    public async Task Enabled_checked_and_disabled_it_leaves_rows_and_catalog_as_they_were()
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        await Migrator().UpgradeAsync(MigrationTarget.Head.In(Name), cancellationToken: Token);
        var enabled = await ScalarAsync<string>(Rows);
        var distributed = await ListAsync("SELECT table_name::text FROM citus_tables ORDER BY 1");
        var onThisNode = await ScalarAsync<long>("SELECT pg_relation_size('deployment_logs')");
        var check = await Migrator().CheckAsync(Token);
        await Migrator().DowngradeAsync(MigrationTarget.Base.In(Name), cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(enabled, Is.EqualTo(rows));
            Assert.That(distributed, Is.EqualTo(new[]
            {
                "deployment_health_checks", "deployment_ids", "deployment_log_ends", "deployment_logs", "deployment_runtime_logs",
            }));
            Assert.That(onThisNode, Is.Zero, "the copied rows are gone from the table of this node");
            Assert.That(check.Differences, Is.Empty);
            Assert.That(check.ForeignObjects, Is.Empty);
            Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

    [Test]
    public async Task The_ids_of_deployments_follow_the_deployments()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In(Name), cancellationToken: Token);
        const string differences = """
            SELECT count(*) FROM ((TABLE deployment_ids EXCEPT SELECT id FROM deployments) UNION ALL
            (SELECT id FROM deployments EXCEPT TABLE deployment_ids)) d
            """;

        await ExecuteAsync("INSERT INTO deployments (project_id, user_id) SELECT p.id, p.user_id FROM projects p, generate_series(1, 3)");
        var added = (await ScalarAsync<long>("SELECT count(*) FROM deployment_ids"), await ScalarAsync<long>(differences));
        await ExecuteAsync("DELETE FROM deployments WHERE id IN (SELECT deployment_id FROM deployment_log_ends)");
        var lines = await ScalarAsync<long>("SELECT count(*) FROM deployment_logs");
        var removed = (await ScalarAsync<long>("SELECT count(*) FROM deployment_ids"), await ScalarAsync<long>(differences));
        await ExecuteAsync("TRUNCATE deployments CASCADE");
        var none = await ScalarAsync<long>("SELECT (SELECT count(*) FROM deployment_ids) + (SELECT count(*) FROM deployment_logs)");

        Assert.That((added, removed, lines, none), Is.EqualTo(((13L, 0L), (12L, 0L), 180L, 0L)));
    }

    [Test]
    public async Task Lines_of_other_writers_are_numbered_after_the_stored_end_of_their_log()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In(Name), cancellationToken: Token);
        await ExecuteAsync("DELETE FROM deployment_logs WHERE deployment_id IN (SELECT deployment_id FROM deployment_log_ends)");

        await ExecuteAsync("INSERT INTO deployment_logs (deployment_id, message) SELECT deployment_id, 'a' FROM deployment_log_ends");
        await ExecuteAsync("INSERT INTO deployment_logs (deployment_id, message) SELECT deployment_id, 'b' FROM deployment_log_ends");

        Assert.That(
            await ListAsync("SELECT l.seq FROM deployment_logs l JOIN deployment_log_ends e USING (deployment_id) ORDER BY l.seq"),
            Is.EqualTo(new[] { "8", "9" }));
    }

    [Test]
    public async Task A_service_appends_lines_while_the_feature_is_enabled_and_disabled()
    {
        await using var services = new ServiceCollection()
            .AddAutoStackData(ConnectionString)
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();
        var logs = services.GetRequiredService<IPlatformDeploymentLogRepository>();
        var deployment = await ScalarAsync<Guid>("SELECT id FROM deployments ORDER BY id LIMIT 1");
        async Task AppendAsync()
        {
            for (var i = 0; i < 3; i++)
            {
                await logs.AppendAsync(deployment, [new NewDeploymentLog { Message = "a line" }], Token);
            }
        }

        await AppendAsync();
        await Migrator().UpgradeAsync(MigrationTarget.Head.In(Name), cancellationToken: Token);
        await AppendAsync();
        await Migrator().DowngradeAsync(MigrationTarget.Base.In(Name), cancellationToken: Token);
        await AppendAsync();

        Assert.That(
            await ListAsync($"SELECT seq FROM deployment_logs WHERE deployment_id = '{deployment}' AND message = 'a line' ORDER BY seq"),
            Is.EqualTo(Enumerable.Range(21, 9).Select(seq => $"{seq}")));
    }

    [Test]
    public async Task Without_the_extension_nothing_is_changed_and_the_message_says_how_to_create_it()
    {
        await ExecuteAsync("DROP EXTENSION citus");

        var refused = Assert.ThrowsAsync<MigrationException>(
            () => Migrator().UpgradeAsync(MigrationTarget.Head.In(Name), cancellationToken: Token))!;

        Assert.That(refused.Error, Is.EqualTo(MigrationError.RequirementMissing));
        Assert.That(refused.Message, Does.Contain("CREATE EXTENSION citus;"));
    }

    [Test]
    public async Task Partitions_of_logs_are_refused()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);

        var refused = Assert.ThrowsAsync<MigrationException>(
            () => Migrator().UpgradeAsync(MigrationTarget.Head.In(Name), cancellationToken: Token))!;

        Assert.That(refused.Message, Does.Contain("citus and log-partitions exclude each other"));
    }
}
