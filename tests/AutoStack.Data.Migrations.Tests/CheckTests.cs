using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>What a check accepts, what it remarks, and that it changes nothing.</summary>
public sealed class CheckTests : MigrationTests
{
    private static readonly string[] KnownKinds = ["extension", "table", "column", "constraint", "index", "function", "trigger"];

    [Test]
    public async Task Every_version_is_clean_except_for_pending_versions()
    {
        var version = 0;
        await Migrator().UpgradeAsync(cancellationToken: Token, progress: AfterEachStep(() =>
        {
            version++;
            var drift = Migrator().CheckAsync(Token).GetAwaiter().GetResult();
            Assert.That(drift.Differences.Select(d => d.Message), Is.Empty, $"version {version}");
            Assert.That(drift.Pending.Select(v => v.Version), Is.EqualTo(Enumerable.Range(version + 1, Head - version)));
            Assert.That((drift.HasDrifted, drift.IsClean), Is.EqualTo((false, version == Head)));
        }));
        Assert.That(version, Is.EqualTo(Head));
    }

    [Test]
    public async Task The_scripts_create_no_kind_of_object_that_a_check_ignores()
    {
        await StartAtAsync(Head);

        Assert.That((await CatalogAsync()).Select(line => line.Split(' ')[0]), Is.All.AnyOf(KnownKinds));
    }

    [Test]
    public async Task Checking_an_empty_database_reports_pending_versions_and_writes_nothing()
    {
        var drift = await Migrator().CheckAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(drift.Pending.Count(), Is.EqualTo(Head));
            Assert.That((drift.HasDrifted, drift.IsClean, drift.Differences.Count), Is.EqualTo((false, false, 0)));
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }
    }

    [TestCase("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL); INSERT INTO alembic_version VALUES ('a1b2c3d4e5f6')")]
    [TestCase("CREATE TABLE own (id serial PRIMARY KEY, user_id uuid REFERENCES users); CREATE UNIQUE INDEX own_key ON own (user_id)")]
    [TestCase("CREATE VIEW active AS SELECT id FROM users; CREATE FUNCTION assign_log_seq(int) RETURNS int LANGUAGE sql AS 'SELECT 1'")]
    [TestCase("CREATE SCHEMA other; CREATE TABLE other.users (id int)")]
    [TestCase("ALTER INDEX idx_users_email SET (fillfactor = 70); ALTER INDEX deployments_waiting_queue_place_id_idx SET " +
        "(fillfactor = 70); " +
        "ALTER INDEX users_email_key SET (fillfactor = 70)")]
    [TestCase("CREATE EXTENSION pg_trgm; COMMENT ON TABLE users IS 'people'; ALTER TABLE users SET (fillfactor = 80); GRANT SELECT ON " +
        "users TO PUBLIC")]
    [TestCase("ALTER TABLE users DROP COLUMN avatar_url, DROP COLUMN google_id; ALTER TABLE users ADD google_id varchar(255) CONSTRAINT " +
        "users_google_id_key UNIQUE, " +
        "ADD avatar_url text; CREATE INDEX idx_users_google_id ON users (google_id)")]
    public async Task Foreign_objects_and_column_order_are_not_differences(string sql)
    {
        await StartAtAsync(Head);
        await ExecuteAsync(sql);

        await AssertCleanAsync();
    }

    [TestCase("CREATE INDEX own_idx ON users (name)", "Index users.own_idx is an extra index, which is allowed.")]
    [TestCase("CREATE INDEX ON projects (lower(name)) WHERE auto_deploy_enabled",
        "Index projects.projects_lower_idx is an extra index, which is allowed.")]
    public async Task An_operators_index_is_a_remark(string sql, string message)
    {
        await StartAtAsync(Head);
        await ExecuteAsync(sql);

        var drift = await Migrator().CheckAsync(Token);

        var remark = drift.Differences.Single();
        Assert.That((remark.Message, remark.IsRemark, remark.Statements.Count, drift.IsClean), Is.EqualTo((message, true, 0, true)));
    }

    [Test]
    public async Task An_index_left_by_an_interrupted_upgrade_is_a_remark()
    {
        await StartAtAsync(11);
        await ExecuteAsync("CREATE UNIQUE INDEX users_lower_email_key ON users (lower(email COLLATE \"C\"))");

        var drift = await Migrator().CheckAsync(Token);

        Assert.That(drift.Differences.Single().Message,
            Is.EqualTo("Index users.users_lower_email_key exists before the version that creates it."));
        Assert.That(drift.HasDrifted, Is.False);
    }

    [Test]
    public async Task The_stricter_columns_of_the_Python_services_are_not_differences()
    {
        await StartAtAsync(Head);
        Assert.That(Catalog.Newest.RequiredColumns, Has.Member(("users", "created_at")));
        foreach (var (table, column) in Catalog.Newest.RequiredColumns)
        {
            await ExecuteAsync($"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL");
        }

        await AssertCleanAsync();
    }

    [Test]
    public async Task Ids_may_come_from_gen_random_uuid_without_the_extension()
    {
        await StartAtAsync(Head);
        var tables = Catalog.Newest.Objects
            .Where(o => o.Kind == SchemaObjectKind.Column && o.Column().Default == "public.uuid_generate_v4()")
            .Select(o => o.Table)
            .ToList();
        Assert.That(tables, Has.Member("users"));
        await ExecuteAsync("DROP EXTENSION \"uuid-ossp\" CASCADE");
        foreach (var table in tables)
        {
            Assert.That((await Migrator().CheckAsync(Token)).HasDrifted, Is.True);
            await ExecuteAsync($"ALTER TABLE {table} ALTER COLUMN id SET DEFAULT gen_random_uuid()");
        }

        await AssertCleanAsync();
    }

    [Test]
    public async Task The_extension_may_be_in_another_schema()
    {
        await ExecuteAsync($"CREATE SCHEMA \"Ext\"; CREATE EXTENSION \"uuid-ossp\" SCHEMA \"Ext\"; ALTER DATABASE {Database.Name} SET " +
            $"search_path = \"Ext\", public");
        await Migrator().UpgradeAsync(cancellationToken: Token);
        await AssertCleanAsync();
        await ExecuteAsync("ALTER TABLE users ALTER COLUMN id DROP DEFAULT");

        var drift = await Migrator().CheckAsync(Token);
        await ExecuteAsync(drift.Differences.Single().Statements.Single());

        await AssertCleanAsync();
    }

    [Test]
    public async Task An_index_of_a_failed_concurrent_build_is_reported_and_repaired()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("DROP INDEX users_lower_email_key; INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.com'), ('Ada', " +
            "'ADA@example.com')");
        Assert.ThrowsAsync<PostgresException>(
            () => ExecuteAsync("CREATE UNIQUE INDEX CONCURRENTLY users_lower_email_key ON users (lower(email COLLATE \"C\"))"));
        await ExecuteAsync("DELETE FROM users WHERE email = 'ADA@example.com'");

        var drift = await Migrator().CheckAsync(Token);
        foreach (var statement in drift.Differences.Single().Statements)
        {
            await ExecuteAsync(statement);
        }

        Assert.That(drift.Differences.Single().Message,
            Is.EqualTo("Index users.users_lower_email_key is invalid: a concurrent build failed or was interrupted."));
        await AssertCleanAsync();
    }

    [Test]
    public async Task Repairing_a_type_keeps_rows_and_truncates_nothing()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            SET timezone = 'Asia/Kolkata';
            INSERT INTO users (name, email, created_at) VALUES ('Ada', 'ada@example.com', '2026-01-02 03:04:05');
            ALTER TABLE users ALTER COLUMN name TYPE text, ALTER COLUMN created_at TYPE timestamptz USING created_at AT TIME ZONE 'UTC';
            UPDATE users SET name = repeat('x', 256)
            """);

        var tooLong = (await Migrator().CheckAsync(Token)).Differences.Single(d => d.Name == "users.name");
        await ExecuteAsync("UPDATE users SET name = 'Ada'");
        foreach (var statement in (await Migrator().CheckAsync(Token)).Differences.SelectMany(d => d.Statements))
        {
            await ExecuteAsync("SET timezone = 'Asia/Kolkata'; " + statement);
        }

        Assert.That((tooLong.Statements.Count, tooLong.Obstacles.Single().What), Is.EqualTo(
            (0, "1 row of users with a value in name that does not fit character varying(255). " +
                "Correct them: no value is cut or rounded.")));
        Assert.That(await ScalarAsync<string>("SELECT name || ' ' || created_at FROM users"), Is.EqualTo("Ada 2026-01-02 03:04:05"));
        await AssertCleanAsync();
    }

    [Test]
    public async Task Tables_that_no_version_created_are_drift()
    {
        await ExecuteAsync("CREATE TABLE users (id uuid)");

        var drift = await Migrator().CheckAsync(Token);

        Assert.That(drift.Differences.Single().Message, Is.EqualTo("Table users exists, but no applied version creates it."));
        Assert.That(drift.HasDrifted, Is.True);
    }

    [Test]
    public async Task A_view_in_place_of_a_table_has_no_repair_statement()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("ALTER TABLE deployment_stages RENAME TO stages; CREATE VIEW deployment_stages AS SELECT * FROM stages");

        var drift = await Migrator().CheckAsync(Token);

        Assert.That(drift.Differences.Select(d => (d.Message, d.Statements.Count)),
            Is.EqualTo(new[] { ("Table deployment_stages is a view.", 0) }));
    }

    [Test]
    public async Task A_changed_script_and_an_unknown_version_are_drift()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("UPDATE schema_versions SET checksum = 'other' WHERE version = 1");
        var changed = await Migrator().CheckAsync(Token);
        await ExecuteAsync("""
            INSERT INTO schema_versions
            SELECT 9999, '9999_add_future', '', now(), 0, '', '';
            ALTER TABLE users ADD future text
            """);
        var unknown = await Migrator().CheckAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((changed.HasDrifted, changed.Differences.Count), Is.EqualTo((true, 0)));
            Assert.That(changed.History.Versions[0].State, Is.EqualTo(VersionState.Changed));
            Assert.That((unknown.HasDrifted, unknown.Differences.Count), Is.EqualTo((true, 0)),
                "what a newer package made is no difference");
        }
    }

    [Test]
    public async Task A_check_waits_for_neither_migrators_nor_writers()
    {
        await StartAtAsync(Head);
        await using var migrator = await HoldAsync($"SELECT pg_advisory_lock({0x6175746F73746163})");
        await using var writer = await HoldAsync("LOCK TABLE users, deployment_logs, webhook_payloads IN EXCLUSIVE MODE");

        await AssertCleanAsync();
    }

    [Test]
    public async Task A_locked_table_ends_the_check_in_time()
    {
        await StartAtAsync(Head);
        await using var holder = await HoldAsync("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");

        var failure = Assert.ThrowsAsync<MigrationException>(
            () => Migrator(new SchemaMigratorOptions { LockWait = TimeSpan.Zero }).CheckAsync(Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.Locked));
    }

    [Test]
    public async Task A_journal_that_is_a_view_is_refused_without_reading_it()
    {
        await StartAtAsync(Head);
        await ExecuteAsync("""
            CREATE SEQUENCE calls;
            CREATE FUNCTION write() RETURNS int LANGUAGE sql VOLATILE AS $$ SELECT nextval('public.calls')::int $$;
            ALTER TABLE schema_versions RENAME TO versions;
            CREATE VIEW schema_versions AS SELECT v.version, name, checksum, applied_at, duration_ms, applied_by, tool_version
                FROM versions v WHERE write() = 1
            """);

        var failure = Assert.ThrowsAsync<MigrationException>(() => Migrator().CheckAsync(Token))!;

        Assert.That(failure.Error, Is.EqualTo(MigrationError.ForeignObjects));
        Assert.That(await ScalarAsync<bool>("SELECT is_called FROM calls"), Is.False);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Reading_the_catalog_keeps_the_sessions_settings(bool inTransaction)
    {
        await ExecuteAsync("CREATE SCHEMA other");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var set = new NpgsqlCommand("SET search_path = other, public", connection);
        await set.ExecuteNonQueryAsync(Token);
        await using var transaction = inTransaction ? await connection.BeginTransactionAsync(Token) : null;

        await Catalog.ReadAsync(connection, Token);

        await using var show = new NpgsqlCommand("SHOW search_path", connection);
        Assert.That(await show.ExecuteScalarAsync(Token), Is.EqualTo("other, public"));
    }

    private async Task AssertCleanAsync()
    {
        var drift = await Migrator().CheckAsync(Token);
        Assert.That(drift.Differences.Select(d => d.Message), Is.Empty);
        Assert.That((drift.IsClean, drift.HasDrifted), Is.EqualTo((true, false)));
    }
}
