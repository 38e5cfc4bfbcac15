using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Rehearsals;

/// <summary>What a script leaves in its session does not reach the next one, in an upgrade and in a rehearsal.</summary>
public sealed class SessionStateTests : MigrationTests
{
    private const string SettingOfNext = "SELECT 1 / CASE WHEN current_setting('work_mem') = '77kB' THEN 0 ELSE 1 END";

    [TestCase("SET LOCAL work_mem = '77kB'", SettingOfNext)]
    [TestCase("SET work_mem = '77kB'", SettingOfNext)]
    [TestCase("-- autostack: no-transaction\nSET work_mem = '77kB'", SettingOfNext)]
    [TestCase("SET search_path = pg_catalog", "CREATE TABLE found (); SELECT 'public.found'::regclass")]
    [TestCase("SET LOCAL search_path = pg_catalog", "CREATE TABLE found (); SELECT 'public.found'::regclass")]
    [TestCase("CREATE TEMPORARY TABLE t ()", "DO $$ BEGIN ASSERT to_regclass('pg_temp.t') IS NULL; END $$")]
    [TestCase("CREATE TEMPORARY TABLE t () ON COMMIT DROP", "DO $$ BEGIN ASSERT to_regclass('pg_temp.t') IS NULL; END $$")]
    [TestCase("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_cursors WHERE name = 'c'); END $$")]
    [TestCase("PREPARE p AS SELECT 1", "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_prepared_statements WHERE name = 'p'); END $$")]
    [TestCase("SELECT pg_advisory_lock(471147)",
        "DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = 471147); END $$")]
    [TestCase("GRANT INSERT ON schema_versions TO pg_monitor; SET ROLE pg_monitor",
        "DO $$ BEGIN ASSERT current_user <> 'pg_monitor'; END $$")]
    [TestCase("SET ROLE pg_monitor", "DO $$ BEGIN ASSERT current_user <> 'pg_monitor'; END $$")]
    [TestCase("SET LOCAL ROLE pg_monitor", "DO $$ BEGIN ASSERT current_user <> 'pg_monitor'; END $$")]
    [TestCase("SET SESSION AUTHORIZATION pg_monitor", "DO $$ BEGIN ASSERT session_user <> 'pg_monitor'; END $$")]
    [TestCase("SET LOCAL SESSION AUTHORIZATION pg_monitor", "DO $$ BEGIN ASSERT session_user <> 'pg_monitor'; END $$")]
    [TestCase("SELECT set_config('role', 'pg_monitor', false)", "DO $$ BEGIN ASSERT current_user <> 'pg_monitor'; END $$")]
    [TestCase("-- autostack: no-transaction\nSET ROLE pg_monitor", "DO $$ BEGIN ASSERT current_user <> 'pg_monitor'; END $$")]
    [TestCase("CREATE SEQUENCE s; SELECT nextval('s')", "DO $$ BEGIN PERFORM lastval(); RAISE 'reached'; EXCEPTION WHEN "
        + "object_not_in_prerequisite_state THEN NULL; END $$")]
    public async Task A_script_does_not_see_the_session_of_an_earlier_one(string first, string next)
    {
        await Migrator(Scripts(first, next)).RehearseUpgradeAsync(cancellationToken: Token);
        await Migrator(Scripts(first, next)).UpgradeAsync(cancellationToken: Token);

        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1", "2" }));
    }

    [Test]
    public async Task A_script_that_relies_on_an_earlier_session_fails_in_both()
    {
        var scripts = Scripts("CREATE TEMPORARY TABLE t AS SELECT 1 AS id", "CREATE TABLE kept AS SELECT id FROM t");

        foreach (var run in new Func<Task>[]
        {
            () => Migrator(scripts).RehearseUpgradeAsync(cancellationToken: Token),
            () => Migrator(scripts).UpgradeAsync(cancellationToken: Token),
        })
        {
            Assert.That(run,
                Throws.TypeOf<MigrationException>().With.Message.StartsWith("0002_run_test.sql").And.Message.Contains("42P01"));
        }

        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
    }
}
