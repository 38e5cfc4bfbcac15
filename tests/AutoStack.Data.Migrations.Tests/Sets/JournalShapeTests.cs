using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>The journal of an older tool, whose table has no column for script sets.</summary>
public sealed class JournalShapeTests : MigrationTests
{
    // As tools before the script sets created the table.
    private const string OlderTable = """
        CREATE TABLE older (
            version INTEGER CONSTRAINT schema_versions_pkey PRIMARY KEY,
            name TEXT NOT NULL CONSTRAINT schema_versions_name_key UNIQUE,
            checksum TEXT NOT NULL,
            applied_at TIMESTAMPTZ NOT NULL,
            duration_ms BIGINT NOT NULL,
            applied_by TEXT NOT NULL,
            tool_version TEXT NOT NULL
        )
        """;

    // The question that those tools ask before they read the table.
    private const string OlderToolAccepts = """
        SELECT c.relkind = 'r' AND NOT c.relrowsecurity AND NOT c.relhassubclass
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_rewrite r WHERE r.ev_class = c.oid)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_attrdef a WHERE a.adrelid = c.oid)
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c')
        FROM pg_catalog.pg_class c
        WHERE c.oid = 'public.schema_versions'::regclass
        """;

    private const string Shape = """
        SELECT concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
        FROM pg_attribute a
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = 'schema_versions'::regclass AND a.attnum > 0 AND NOT a.attisdropped
        UNION ALL
        SELECT conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint
        WHERE conrelid = 'schema_versions'::regclass AND contype <> 'n'
        ORDER BY 1
        """;

    [Test]
    public async Task An_upgrade_gives_the_journal_of_an_older_tool_the_shape_of_a_new_one()
    {
        await StartAtAsync(Head - 1);
        var fresh = await ListAsync(Shape);
        await MakeOlderAsync();
        var older = (await ListAsync(Shape), await ScalarAsync<bool>(OlderToolAccepts));

        var before = await Migrator().ReadHistoryAsync(Token);
        await Migrator().UpgradeAsync(cancellationToken: Token);
        var after = await Migrator().ReadHistoryAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(older.Item1, Is.Not.EqualTo(fresh));
            Assert.That(await ListAsync(Shape), Is.EqualTo(fresh));
            Assert.That((before.CurrentVersion, after.CurrentVersion, after.IsUpToDate), Is.EqualTo((Head - 1, Head, true)));
            Assert.That((older.Item2, await ScalarAsync<bool>(OlderToolAccepts)), Is.EqualTo((true, false)),
                "an older tool accepts its own table only");
        }
    }

    [Test]
    public async Task A_run_without_scripts_leaves_the_journal_of_an_older_tool_alone()
    {
        await StartAtAsync(Head);
        await MakeOlderAsync();

        var run = await Migrator().UpgradeAsync(cancellationToken: Token);

        Assert.That(run.Steps, Is.Empty);
        Assert.That(await ScalarAsync<bool>(OlderToolAccepts), Is.True);
    }

    [Test]
    public async Task A_rehearsal_and_a_dry_run_leave_the_journal_of_an_older_tool_alone()
    {
        await StartAtAsync(Head - 1);
        await MakeOlderAsync();

        await Migrator().RehearseUpgradeAsync(cancellationToken: Token);
        var plan = await Migrator().PlanUpgradeAsync(cancellationToken: Token);

        Assert.That(plan.Scripts, Has.Count.EqualTo(1));
        Assert.That(await ScalarAsync<bool>(OlderToolAccepts), Is.True);
    }

    [Test]
    public async Task A_stamp_changes_the_journal_of_an_older_tool()
    {
        await StartAtAsync(Head);
        var fresh = await ListAsync(Shape);
        await MakeOlderAsync();

        await Migrator().StampAsync(MigrationTarget.Version(Head - 1), cancellationToken: Token);

        Assert.That(await ListAsync(Shape), Is.EqualTo(fresh));
        Assert.That(await AppliedAsync(), Has.Count.EqualTo(Head - 1));
    }

    [Test]
    public async Task Psql_gives_the_journal_of_an_older_tool_the_shape_of_a_new_one()
    {
        await StartAtAsync(Head - 1);
        var fresh = await ListAsync(Shape);
        await MakeOlderAsync();
        var script = (await Migrator().PlanUpgradeAsync(cancellationToken: Token)).ToPsqlScript();

        var (code, error) = await Psql.RunAsync(ConnectionString, script, Token);

        Assert.That((code, error), Is.EqualTo((0, "")));
        Assert.That(await ListAsync(Shape), Is.EqualTo(fresh));
    }

    [Test]
    public async Task A_reader_of_the_journal_is_waited_for()
    {
        await StartAtAsync(Head - 1);
        await MakeOlderAsync();
        var reader = await HoldAsync("SELECT * FROM schema_versions");
        await using var ending = reader;

        var run = Migrator().UpgradeAsync(cancellationToken: Token);
        await UntilMigratorWaitsForTableAsync();
        reader.Release();

        Assert.That((await run).ToVersion, Is.EqualTo(Head));
    }

    [Test]
    public async Task A_role_that_reads_single_columns_reads_the_new_one()
    {
        var role = $"Reader {Guid.NewGuid():N}";
        await StartAtAsync(Head - 1);
        await MakeOlderAsync();
        await ExecuteAsync($"CREATE ROLE \"{role}\" LOGIN PASSWORD 'reader'");
        try
        {
            await ExecuteAsync($"""
                GRANT SELECT (version, name, checksum, applied_at, duration_ms, applied_by, tool_version)
                ON schema_versions TO "{role}"
                """);
            var reader = new SchemaMigrator(
                new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, Password = "reader" }.ConnectionString);

            var before = await reader.ReadHistoryAsync(Token);
            await Migrator().UpgradeAsync(cancellationToken: Token);
            var after = await reader.ReadHistoryAsync(Token);

            Assert.That((before.CurrentVersion, after.CurrentVersion), Is.EqualTo((Head - 1, Head)));
        }
        finally
        {
            await ExecuteAsync($"DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\";");
        }
    }

    [TestCase("ALTER TABLE schema_versions ALTER script_set SET DEFAULT lower('CORE')")]
    [TestCase("ALTER TABLE schema_versions ALTER name SET DEFAULT 'core'")]
    public async Task Another_default_than_the_one_of_the_migrator_is_refused(string change)
    {
        await StartAtAsync(1);
        await ExecuteAsync(change);

        Assert.That(() => Migrator().ReadHistoryAsync(Token),
            Throws.TypeOf<MigrationException>().With.Property("Error").EqualTo(MigrationError.ForeignObjects));
    }

    private Task MakeOlderAsync() => ExecuteAsync($"""
        ALTER TABLE schema_versions RENAME TO newer;
        ALTER TABLE newer DROP CONSTRAINT schema_versions_pkey, DROP CONSTRAINT schema_versions_version_key;
        {OlderTable};
        INSERT INTO older SELECT version, name, checksum, applied_at, duration_ms, applied_by, tool_version FROM newer;
        DROP TABLE newer;
        ALTER TABLE older RENAME TO schema_versions;
        """);
}
