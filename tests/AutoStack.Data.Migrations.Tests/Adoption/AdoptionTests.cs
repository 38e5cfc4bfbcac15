namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class AdoptionTests : AdoptionTestsBase
{
    [TestCaseSource(nameof(Shapes))]
    public async Task Every_shape_is_adopted_to_head_and_keeps_every_row(string shape)
    {
        await MakeAsync(shape);
        var readers = await ReadersAsync();
        var (rows, required) = (await RowsAsync(readers), await RequiredAsync());
        Assert.That(rows, Has.Count.GreaterThan(80));

        var report = await Migrator().AdoptAsync(cancellationToken: Token);

        var adopted = await ShapeAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Migration.FromVersion, report.Migration.ToVersion), Is.EqualTo((0, Head)));
            Assert.That(report.Plan.Obstacles, Is.Empty);
            Assert.That(await RowsAsync(readers), Is.EqualTo(rows));
            Assert.That(required, Is.SubsetOf(await RequiredAsync()));
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head));
        }

        await RestartAsync();
        await Migrator().UpgradeAsync(cancellationToken: Token);
        Assert.That(adopted, Is.EqualTo(await ShapeAsync()));
    }

    [TestCaseSource(nameof(Shapes))]
    public async Task A_second_adoption_changes_nothing(string shape)
    {
        await MakeAsync(shape);
        await Migrator().AdoptAsync(cancellationToken: Token);
        var catalog = await CatalogAsync();

        var report = await Migrator().AdoptAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Plan.IsDone, Is.True);
            Assert.That(report.Migration.Steps, Is.Empty);
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
        }
    }

    [TestCase(Alembic, "created by Alembic (revision a1b2c3d4e5f6)", 2)]
    [TestCase(CreateAll, "created by create_all", 2)]
    [TestCase(FirstRevision, "created by Alembic (revision 7922132ebbdd)", 1)]
    [TestCase(Documented, "The documented schema", 2)]
    public async Task The_plan_describes_the_database(string shape, string found, int version)
    {
        await MakeAsync(shape);

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.Found, Does.Contain(found));
            Assert.That(plan.StampedVersion, Is.EqualTo(version));
            Assert.That(plan.Scripts.Select(s => s.Version), Is.EqualTo(Enumerable.Range(version + 1, Head - version)));
            Assert.That(plan.Changes.Count == 0, Is.EqualTo(shape == Documented));
        }
    }

    [Test]
    public async Task Indexes_are_renamed_or_reused_as_keys_and_not_rebuilt()
    {
        await MakeAsync(CreateAll);
        const string Files = "SELECT pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = ANY " +
            "('{users,sessions,deployment_logs}'::regclass[]) ORDER BY 1";
        var before = await ListAsync(Files);

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That(before, Is.SubsetOf(await ListAsync(Files)));
        Assert.That(await ListAsync("SELECT relname FROM pg_class WHERE relname LIKE 'ix\\_%'"), Is.Empty);
    }

    [Test]
    public async Task Json_loses_only_its_escaped_zeros()
    {
        await MakeAsync(CreateAll);

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That(await ListAsync(
            "SELECT payload_json || ' ' || headers FROM (SELECT payload_json::text, headers::text FROM webhook_payloads ORDER BY id) w"),
            Is.EqualTo(new[]
        {
            """{"size": 1.50, "message": "ab"} {"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}""",
            """{"message": "a\\u0000b"} {"cookie": "clear", "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}""",
            """{"message": "a\\b\\\\u0000c"} {"x": ""}""",
            """{"key": ["", "0", "é😀"]} {}""",
        }));
    }

    [Test]
    public async Task Json_that_is_kept_is_not_rewritten()
    {
        await MakeAsync(CreateAll);
        const string File = "SELECT pg_relation_filenode('webhook_payloads')";
        var file = await ScalarAsync<uint>(File);

        var report = await Migrator().AdoptAsync(new AdoptionOptions { KeepJson = true }, cancellationToken: Token);

        var drift = await Migrator().CheckAsync(Token);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Migration.ToVersion, Is.EqualTo(Head));
            Assert.That(report.Plan.Kept,
                Is.EqualTo(new[] { "type of webhook_payloads.payload_json (json)", "type of webhook_payloads.headers (json)" }));
            Assert.That(await ScalarAsync<uint>(File), Is.EqualTo(file));
            Assert.That(await ListAsync("SELECT payload_json || ' ' || headers FROM webhook_payloads ORDER BY id"), Is.EqualTo(new[]
            {
                """{"message": "ab", "size": 1.50} {"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}""",
                """{"message": "a\\u0000b"} {"x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958", "cookie": "clear"}""",
                """{"message": "a\\b\\\\u0000c"} {"x": ""}""",
                """{"key": ["", "0", "\u00e9\ud83d\ude00"]} {}""",
            }));
            Assert.That(drift.Differences.Select(d => d.Name),
                Is.EquivalentTo(new[] { "webhook_payloads.payload_json", "webhook_payloads.headers" }));
        }
    }

    [Test]
    public async Task Alembic_version_is_not_changed()
    {
        await MakeAsync(Alembic);
        const string Version = "SELECT xmin || ' ' || tableoid || ' ' || version_num FROM alembic_version";
        var before = await ListAsync(Version);

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That(await ListAsync(Version), Is.EqualTo(before));
    }

    [Test]
    public async Task Lines_are_numbered_per_deployment_in_order_of_time()
    {
        await MakeAsync(CreateAll);

        await Migrator().AdoptAsync(cancellationToken: Token);

        foreach (var table in (string[])["deployment_logs", "deployment_runtime_logs"])
        {
            Assert.That(await ListAsync($"""
                SELECT id
                FROM (SELECT id, seq, row_number() OVER (PARTITION BY deployment_id ORDER BY timestamp,
                    {(table == "deployment_logs" ? "created_at, " : "")}id) AS place FROM {table}) l
                WHERE seq IS DISTINCT FROM place
                """), Is.Empty);
        }
    }

    [Test]
    public async Task Objects_outside_the_schema_are_kept()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("""
            ALTER TABLE users ADD COLUMN "nick name" TEXT, ADD COLUMN visits INTEGER NOT NULL DEFAULT 0,
                ADD CONSTRAINT visits_check CHECK (visits >= 0);
            CREATE INDEX users_name ON users (name);
            CREATE TABLE reports (id INT);
            """);

        var report = await Migrator().AdoptAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(report.Plan.Kept, Is.EquivalentTo(new[]
            {
                "column users.nick name", "column users.visits", "constraint users.visits_check", "index users.users_name",
            }));
            Assert.That(await CatalogAsync(),
                Has.Member("constraint visits_check on users: CHECK ((visits >= 0))").And.Member("table reports"));
            Assert.That(await ScalarAsync<long>("SELECT count(\"nick name\") + count(visits) FROM users"), Is.EqualTo(2));
            Assert.That(await ExistsAsync("users_name"), Is.True);
        }
    }

    [Test]
    public async Task An_earlier_failed_upgrade_does_not_hinder_an_adoption()
    {
        await MakeAsync(CreateAll);
        Assert.ThrowsAsync<MigrationException>(() => Migrator().UpgradeAsync(cancellationToken: Token));

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [Test]
    public async Task A_database_with_a_journal_is_upgraded()
    {
        await StartAtAsync(5);

        var report = await Migrator().AdoptAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((report.Migration.FromVersion, report.Migration.ToVersion), Is.EqualTo((5, Head)));
            Assert.That(report.Plan.Changes, Is.Empty);
            Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
        }
    }

    [TestCase("", "no tables", "upgrade")]
    [TestCase("CREATE TABLE other (id int)", "not those of AutoStack", "upgrade")]
    [TestCase("DROP TABLE sessions", "sessions")]
    [TestCase("DROP TABLE deployment_runtime_logs", "deployment_runtime_logs")]
    [TestCase("ALTER TABLE users DROP COLUMN name", "users.name")]
    [TestCase("ALTER TABLE users ALTER COLUMN name TYPE text", "users.name is text instead of character varying(255)")]
    [TestCase("ALTER TABLE users ALTER COLUMN name DROP NOT NULL", "users.name", "allows NULL")]
    [TestCase("ALTER TABLE deployments ALTER COLUMN commit_hash SET NOT NULL", "deployments.commit_hash", "refuses NULL")]
    [TestCase("ALTER TABLE users ALTER COLUMN created_at TYPE timestamptz", "users.created_at")]
    [TestCase("ALTER TABLE users ADD COLUMN age INT NOT NULL", "users.age", "default")]
    [TestCase("ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey; ALTER TABLE sessions ADD CONSTRAINT sessions_user_id_fkey " +
        "FOREIGN KEY (user_id) REFERENCES users", "sessions_user_id_fkey")]
    public async Task An_unrecognised_database_is_refused_and_not_changed(string sql, params string[] texts)
    {
        if (sql.Length > 0 && !sql.StartsWith("CREATE", StringComparison.Ordinal))
        {
            await MakeAsync(CreateAll, rows: false);
        }

        await ExecuteAsync(sql + ";");
        var catalog = await CatalogAsync();

        var planned = Assert.ThrowsAsync<MigrationException>(() => Migrator().PlanAdoptionAsync(cancellationToken: Token))!;
        var run = Assert.ThrowsAsync<MigrationException>(() => Migrator().AdoptAsync(cancellationToken: Token))!;

        using (Assert.EnterMultipleScope())
        {
            Assert.That((planned.Error, run.Error), Is.EqualTo((MigrationError.NotRecognised, MigrationError.NotRecognised)));
            Assert.That(texts, Is.All.Matches<string>(text => run.Message.Contains(text, StringComparison.Ordinal)), run.Message);
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }
    }

    [Test]
    public async Task Lost_keys_are_created_again()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("""
            ALTER TABLE users DROP CONSTRAINT users_github_id_key;
            ALTER TABLE sessions DROP CONSTRAINT sessions_user_id_fkey;
            ALTER TABLE deployment_logs DROP CONSTRAINT deployment_logs_deployment_id_fkey;
            ALTER TABLE deployment_logs ADD CONSTRAINT deployment_logs_deployment_id_fkey
                FOREIGN KEY (deployment_id) REFERENCES deployments (id) ON DELETE CASCADE NOT VALID;
            """);

        await Migrator().AdoptAsync(cancellationToken: Token);

        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }

    [TestCaseSource(nameof(Shapes))]
    public async Task Planning_changes_nothing(string shape)
    {
        await MakeAsync(shape, rowsInTheWay: shape != FirstRevision);
        var readers = await ReadersAsync();
        var (catalog, rows) = (await CatalogAsync(), await RowsAsync(readers));

        await Migrator().PlanAdoptionAsync(cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await CatalogAsync(), Is.EqualTo(catalog));
            Assert.That(await RowsAsync(readers), Is.EqualTo(rows));
            Assert.That(await ExistsAsync("schema_versions"), Is.False);
        }
    }

    [Test]
    public async Task A_view_in_place_of_alembic_version_is_not_read()
    {
        // Reading this view calls a function.
        await MakeAsync(CreateAll);
        await ExecuteAsync("""
            CREATE SEQUENCE calls;
            CREATE FUNCTION trace() RETURNS text LANGUAGE sql VOLATILE AS $$ SELECT nextval('public.calls')::text $$;
            CREATE VIEW alembic_version AS SELECT trace() AS version_num;
            """);

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);

        Assert.That(plan.AlembicRevision, Is.Null);
        Assert.That(await ScalarAsync<bool>("SELECT is_called FROM calls"), Is.False);
    }
}
