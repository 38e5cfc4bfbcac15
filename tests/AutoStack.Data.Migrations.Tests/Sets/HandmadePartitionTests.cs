namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>What an operator has changed by hand while the feature <c>log-partitions</c> was enabled.</summary>
public sealed class HandmadePartitionTests : LogPartitionTestsBase
{
    // All lines of builds, whatever the order of the columns.
    private const string Lines = "SELECT md5(string_agg(to_jsonb(l)::text, ' ' ORDER BY l.deployment_id, l.seq)) FROM deployment_logs l";

    private const string Maintain = """
        UPDATE log_partition_settings SET ahead = ahead + 2;
        SELECT reserve_log_partitions(table_name, timezone('UTC', now())) FROM log_partition_settings;
        SELECT create_reserved_log_partitions(table_name) FROM log_partition_settings
        """;

    [SetUp]
    public Task EnableAsync() => Migrator().UpgradeAsync(On, cancellationToken: Token);

    [Test]
    public async Task A_default_partition_of_another_name_schema_and_order_of_columns_is_used_and_becomes_the_plain_table()
    {
        await ExecuteAsync("""
            CREATE TABLE rest (LIKE deployment_logs INCLUDING ALL);
            ALTER TABLE rest DROP COLUMN id;
            ALTER TABLE rest ADD COLUMN id uuid DEFAULT gen_random_uuid() PRIMARY KEY;
            ALTER TABLE deployment_logs DETACH PARTITION autostack_partitions.deployment_logs_default;
            INSERT INTO rest (id, deployment_id, message, log_level, timestamp, created_at, seq, log_bytes)
            SELECT id, deployment_id, message, log_level, timestamp, created_at, seq, log_bytes
            FROM autostack_partitions.deployment_logs_default;
            DROP TABLE autostack_partitions.deployment_logs_default;
            ALTER TABLE deployment_logs ATTACH PARTITION rest DEFAULT;
            """);
        await AddLinesInDaysAsync(100);
        var before = await ScalarAsync<string>(Lines);
        Assert.That(await ScalarAsync<long>("SELECT count(*) FROM rest"), Is.GreaterThan(2));

        await ExecuteAsync(Maintain);
        var maintained = await ScalarAsync<string>(Lines);
        var moved = await ScalarAsync<long>(
            "SELECT count(*) FROM deployment_logs WHERE message = 'to come' AND tableoid <> 'rest'::regclass");
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(maintained, Is.EqualTo(before));
        Assert.That(moved, Is.EqualTo(2));
        Assert.That(await ScalarAsync<string>(Lines), Is.EqualTo(before));
        await AssertIsPlainAsync();
    }

    [Test]
    public async Task Without_a_default_partition_maintenance_and_disabling_name_the_table_and_change_nothing()
    {
        await ExecuteAsync("""
            ALTER TABLE deployment_logs DETACH PARTITION autostack_partitions.deployment_logs_default;
            CREATE SCHEMA elsewhere;
            ALTER TABLE autostack_partitions.deployment_logs_default SET SCHEMA elsewhere;
            """);

        await AssertIsRefusedAsync("A default partition is missing", "table public.deployment_logs");
        Assert.That(
            () => ExecuteAsync(Maintain),
            Throws.InstanceOf<Npgsql.PostgresException>().With.Message.Contains("The table deployment_logs has no default partition"));
    }

    [Test]
    public async Task A_default_partition_without_an_index_of_the_ids_is_named()
    {
        await ExecuteAsync("""
            ALTER TABLE deployment_logs DETACH PARTITION autostack_partitions.deployment_logs_default;
            CREATE TABLE rest (LIKE deployment_logs INCLUDING CONSTRAINTS);
            INSERT INTO rest SELECT * FROM autostack_partitions.deployment_logs_default;
            DROP TABLE autostack_partitions.deployment_logs_default;
            ALTER TABLE deployment_logs ATTACH PARTITION rest DEFAULT;
            """);

        await AssertIsRefusedAsync("has no unique index of its ids", "table public.rest");
        Assert.That(
            () => ExecuteAsync(Maintain),
            Throws.InstanceOf<Npgsql.PostgresException>().With.Message.Contains(
                "The default partition public.rest of deployment_logs has no unique index of its column id"));
    }

    [Test]
    public async Task A_generated_column_is_computed_in_new_partitions_and_in_the_plain_table()
    {
        await ExecuteAsync("ALTER TABLE deployment_logs ADD COLUMN long int GENERATED ALWAYS AS (length(message)) STORED");
        await AddLinesInDaysAsync(100);

        await ExecuteAsync(Maintain);
        await AddLinesInDaysAsync(101);
        var before = await ScalarAsync<string>(Lines);
        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(Lines), Is.EqualTo(before));
        Assert.That(await ScalarAsync<bool>("SELECT bool_and(long = length(message)) FROM deployment_logs"), Is.True);
        await AssertIsPlainAsync();
    }

    [Test]
    public async Task An_identity_column_is_named_before_the_feature_is_disabled()
    {
        await ExecuteAsync("""
            ALTER TABLE deployment_logs ADD COLUMN number bigint NOT NULL DEFAULT 0;
            ALTER TABLE deployment_logs ALTER COLUMN number DROP DEFAULT;
            ALTER TABLE deployment_logs ALTER COLUMN number ADD GENERATED BY DEFAULT AS IDENTITY;
            """);
        await AddLinesInDaysAsync(100);
        await ExecuteAsync(Maintain);
        await AddLinesInDaysAsync(101);

        await AssertIsRefusedAsync("an identity column would not number them", "column number, table deployment_logs");
    }

    [Test]
    public async Task A_table_that_is_left_in_the_schema_of_the_partitions_is_named_before_the_feature_is_disabled()
    {
        await ExecuteAsync("CREATE TABLE autostack_partitions.mine (note text)");

        await AssertIsRefusedAsync("a table is not a plain partition", "table autostack_partitions.mine");
    }

    [Test]
    public async Task A_partition_that_has_partitions_is_named_before_the_feature_is_disabled()
    {
        await ExecuteAsync("""
            CREATE TABLE old (LIKE deployment_logs INCLUDING CONSTRAINTS) PARTITION BY HASH (deployment_id);
            ALTER TABLE deployment_logs ATTACH PARTITION old
                FOR VALUES FROM ('00000000-0000-0000-0000-000000000000') TO ('00000000-0000-0000-0000-000000000001');
            """);

        await AssertIsRefusedAsync("a table is not a plain partition", "table public.old");
    }

    [Test]
    public async Task The_rows_of_a_partition_in_another_schema_come_home()
    {
        await ExecuteAsync("""
            CREATE TABLE old (LIKE deployment_logs INCLUDING CONSTRAINTS);
            ALTER TABLE old DROP COLUMN id;
            ALTER TABLE old ADD COLUMN id uuid NOT NULL;
            ALTER TABLE deployment_logs ATTACH PARTITION old
                FOR VALUES FROM ('00000000-0000-0000-0000-000000000000') TO ('00000000-0000-0000-0000-000000000001');
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT '00000000-0000-0000-0000-000000000000', p.id, p.user_id, 'success', now() FROM projects p;
            INSERT INTO deployment_logs (deployment_id, message) VALUES ('00000000-0000-0000-0000-000000000000', 'old');
            """);
        var before = await ScalarAsync<string>(Lines);

        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(Lines), Is.EqualTo(before));
        Assert.That(await ExistsAsync("old"), Is.False);
        await AssertIsPlainAsync();
    }

    [Test]
    public async Task Lines_of_two_deployments_with_one_id_are_both_kept()
    {
        await ExecuteAsync("""
            INSERT INTO deployment_logs (id, deployment_id, message)
            SELECT '11111111-1111-1111-1111-111111111111', d.id, 'twice'
            FROM (SELECT DISTINCT ON (l.tableoid) l.deployment_id AS id FROM deployment_logs l ORDER BY l.tableoid) d
            """);
        const string twice = """
            SELECT count(DISTINCT id) || ' ' || count(DISTINCT deployment_id) FROM deployment_logs WHERE message = 'twice'
            """;
        Assert.That(await ScalarAsync<string>(twice), Is.EqualTo("1 2"));

        await Migrator().DowngradeAsync(Off, cancellationToken: Token);

        Assert.That(await ScalarAsync<string>(twice), Is.EqualTo("2 2"));
    }

    private async Task AssertIsRefusedAsync(string problem, string name)
    {
        var (catalog, rows) = (await CatalogAsync(), await ScalarAsync<string>(Rows));

        var refused = Assert.ThrowsAsync<MigrationException>(() => Migrator().DowngradeAsync(Off, cancellationToken: Token))!;

        Assert.That(refused.Message, Does.Contain(problem).And.Contain($", {name}. "));
        Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        Assert.That(await ScalarAsync<string>(Rows), Is.EqualTo(rows));
    }

    private async Task AssertIsPlainAsync()
    {
        Assert.That(
            await ScalarAsync<string>("SELECT relkind::text FROM pg_class WHERE oid = 'deployment_logs'::regclass"), Is.EqualTo("r"));
        Assert.That(
            await ListAsync("SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = 'deployment_logs'::regclass"), Is.Empty);
    }

    // Two lines of a deployment of a period to come.
    private Task AddLinesInDaysAsync(int days) => ExecuteAsync($"""
        WITH added AS (
            INSERT INTO deployments (id, project_id, user_id, status, created_at)
            SELECT overlay(log_partition_floor((timezone('UTC', now()) + interval '{days} days'))::text PLACING '7' FROM 15)::uuid,
                p.id, p.user_id, 'success', now()
            FROM projects p
            RETURNING id
        )
        SELECT set_config('test.deployment', id::text, FALSE) FROM added;
        INSERT INTO deployment_logs (deployment_id, message)
        SELECT current_setting('test.deployment')::uuid, 'to come' FROM generate_series(1, 2)
        """);
}
