namespace AutoStack.Data.Migrations.Tests;

/// <summary>The rules on partitions, objects, privileges, whole tables and on what the migrator cannot run.</summary>
public sealed class LintRuleTests
{
    private const string Alone = LintTests.Alone;
    private const string Definer =
        "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1';";

    private const string Long = "a_name_that_is_longer_than_the_sixty_three_bytes_which_a_name_may_have";

    [TestCase("advisory-unlock-all", "SELECT pg_catalog.pg_advisory_unlock_all()",
        "SELECT pg_advisory_unlock(1), 'pg_advisory_unlock_all()'")]
    [TestCase("advisory-unlock-all", Alone + "DO $$ BEGIN PERFORM pg_advisory_unlock_all(); END $$",
        Alone + "DO $$ BEGIN PERFORM pg_advisory_unlock(1); END $$")]
    [TestCase("attach-partition", "ALTER TABLE t ATTACH PARTITION o FOR VALUES IN (1)",
        "CREATE TABLE p (n INT); ALTER TABLE t ATTACH PARTITION p FOR VALUES IN (1)")]
    [TestCase("detach-partition", "ALTER TABLE t DETACH PARTITION o", Alone + "ALTER TABLE t DETACH PARTITION o CONCURRENTLY")]
    [TestCase("detach-partition", "ALTER TABLE IF EXISTS ONLY public.t DETACH PARTITION public.o",
        "ALTER TABLE t DETACH PARTITION o FINALIZE")]
    [TestCase("concurrently-in-transaction", "ALTER TABLE t DETACH PARTITION o CONCURRENTLY",
        Alone + "ALTER TABLE t DETACH PARTITION o CONCURRENTLY")]
    [TestCase("partitioned-index", "CREATE INDEX i ON events (at)", "CREATE INDEX i ON ONLY events (at)")]
    [TestCase("partitioned-index", Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON events (at)",
        Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON events_1 (at)")]
    [TestCase("blocking-index", "CREATE INDEX i ON ONLY t (n)", "CREATE INDEX i ON ONLY elsewhere (n)")]
    [TestCase("rewrite", "ALTER TABLE t SET TABLESPACE fast", "ALTER TABLE t SET (fillfactor = 70)")]
    [TestCase("rewrite", "ALTER TABLE t SET ACCESS METHOD heap", "CREATE TABLE new (); ALTER TABLE new SET ACCESS METHOD heap")]
    [TestCase("rewrite", "ALTER INDEX o_t_id_idx SET TABLESPACE fast", "ALTER INDEX o_t_id_idx SET (fillfactor = 70)")]
    [TestCase("exclusion-constraint", "ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (n WITH =)",
        "CREATE TABLE new (n INT); ALTER TABLE new ADD CONSTRAINT x EXCLUDE USING gist (n WITH =)")]
    [TestCase("drop-constraint", "ALTER TABLE o DROP CONSTRAINT o_fkey",
        "ALTER TABLE o DROP CONSTRAINT o_fkey, ADD CONSTRAINT o_fkey FOREIGN KEY (u_id) REFERENCES t NOT VALID")]
    [TestCase("drop-constraint", "ALTER TABLE t DROP CONSTRAINT IF EXISTS t_n_check CASCADE",
        "ALTER TABLE t VALIDATE CONSTRAINT t_n_check; ALTER TABLE t ALTER n SET NOT NULL; ALTER TABLE t DROP CONSTRAINT t_n_check")]
    [TestCase("drop-object", "DROP VIEW IF EXISTS v", "DROP VIEW v; CREATE VIEW v AS SELECT 1")]
    [TestCase("drop-object", "DROP MATERIALIZED VIEW v", "DROP MATERIALIZED VIEW v; CREATE MATERIALIZED VIEW v AS SELECT 1")]
    [TestCase("drop-object", "DROP TYPE mood", "CREATE TYPE mood AS ENUM ('sad'); DROP TYPE mood")]
    [TestCase("drop-object", "DROP SCHEMA audit", "CREATE SCHEMA audit; DROP SCHEMA audit")]
    [TestCase("drop-object", "DROP EXTENSION pg_trgm", "CREATE EXTENSION IF NOT EXISTS pg_trgm")]
    [TestCase("drop-object", "DROP FUNCTION f(int, text), g",
        "DROP FUNCTION f(int, text); CREATE OR REPLACE FUNCTION f(int) RETURNS int RETURN 1")]
    [TestCase("drop-object", "DROP TRIGGER g ON t", "DROP TRIGGER g ON t; CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()")]
    [TestCase("drop-table", "DROP OWNED BY reporting", "REASSIGN OWNED BY reporting TO app")]
    [TestCase("drop-table", Alone + "DROP DATABASE other", "COMMENT ON DATABASE other IS 'DROP DATABASE other'")]
    [TestCase("constraint-not-valid", "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE LIKE '%@%')",
        "ALTER DOMAIN email ADD CONSTRAINT c CHECK (VALUE LIKE '%@%') NOT VALID")]
    [TestCase("set-not-null", "ALTER DOMAIN email SET NOT NULL", "CREATE DOMAIN email AS text; ALTER DOMAIN email SET NOT NULL")]
    [TestCase("set-not-null", """
        ALTER TABLE t ADD CONSTRAINT t_note_check CHECK (note IS NOT NULL) NOT VALID;
        ALTER TABLE t VALIDATE CONSTRAINT t_n_check;
        ALTER TABLE t ALTER note SET NOT NULL
        """, "ALTER TABLE t VALIDATE CONSTRAINT t_n_check, ALTER n SET NOT NULL")]
    [TestCase("set-not-null", "ALTER TABLE t VALIDATE CONSTRAINT t_fkey; ALTER TABLE t ALTER COLUMN n SET NOT NULL",
        "ALTER TABLE t VALIDATE CONSTRAINT t_n_check; ALTER TABLE t ALTER COLUMN n SET NOT NULL")]
    [TestCase("whole-table-write", "UPDATE t SET n = 1 WHERE TRUE", "UPDATE t SET n = 1 WHERE TRUE AND n IS NULL")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE 1 = 1", "DELETE FROM t WHERE n = 1")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE NOT (false) RETURNING id", "DELETE FROM t WHERE NOT (n > 1) RETURNING id")]
    [TestCase("whole-table-write", "UPDATE t SET n = 1 WHERE id IS NOT NULL OR true", "UPDATE t SET n = 1 WHERE id IS NOT NULL OR false")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE id = id", "DELETE FROM t WHERE id = n")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE t.id >= T.ID", "DELETE FROM t WHERE t.id > t.id")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE (n IS NULL) OR (n IS NOT NULL)", "DELETE FROM t WHERE n IS NULL OR id IS NOT NULL")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE n = 1 OR n <> 1", "DELETE FROM t WHERE n = 1 OR n <> 2")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE NOT (id <> id)", "DELETE FROM t WHERE NOT (id = id)")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE id IS NOT DISTINCT FROM id AND 1 < 2",
        "DELETE FROM t WHERE id IS NOT DISTINCT FROM id AND n < 2")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE EXISTS (SELECT 1)", "DELETE FROM t WHERE EXISTS (SELECT 1 FROM o WHERE t_id = id)")]
    [TestCase("whole-table-write", "DELETE FROM t WHERE (n = 3 AND id = 1) OR ((TRUE))",
        "DELETE FROM t WHERE n BETWEEN 1 AND 2 AND CASE WHEN TRUE OR n = 1 THEN id END = 3")]
    [TestCase("whole-table-write", "DELETE FROM t USING o WHERE o.t_id = t.id AND (TRUE OR n = 1)",
        "DELETE FROM t USING o WHERE o.t_id = t.id AND (FALSE OR n = 1)")]
    [TestCase("whole-table-write", "DELETE FROM t USING o WHERE o.t_id = t.id", "DELETE FROM t USING o WHERE o.t_id = t.id AND o.u_id = 4")]
    [TestCase("whole-table-write", "UPDATE t SET n = o.u_id FROM o WHERE o.t_id = t.id",
        "WITH batch AS (SELECT id FROM t LIMIT 1000) UPDATE t SET n = 1 FROM batch WHERE batch.id = t.id")]
    [TestCase("whole-table-write", "MERGE INTO t USING o ON o.t_id = t.id WHEN MATCHED THEN DELETE",
        "MERGE INTO t USING (VALUES (1, 2)) v (id, n) ON v.id = t.id WHEN MATCHED THEN UPDATE SET n = v.n")]
    [TestCase("truncate", "CREATE TABLE new (); TRUNCATE TABLE new, ONLY o",
        "CREATE TABLE new (); CREATE TABLE newer (); TRUNCATE new, newer")]
    [TestCase("create-trigger", "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f(); UPDATE t SET n = 1 WHERE n IS NULL",
        "UPDATE t SET n = 1 WHERE n IS NULL; CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()")]
    [TestCase("create-trigger", "CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f(); SELECT 1",
        "CREATE TABLE new (); CREATE TRIGGER g BEFORE INSERT ON new EXECUTE FUNCTION f(); SELECT 1")]
    [TestCase("protection-off", "ALTER TABLE t DISABLE TRIGGER ALL", "ALTER TABLE t ENABLE TRIGGER ALL")]
    [TestCase("protection-off", "ALTER TABLE t DISABLE ROW LEVEL SECURITY", "ALTER TABLE t FORCE ROW LEVEL SECURITY")]
    [TestCase("grant-public", "GRANT SELECT ON t TO reader, PUBLIC", "REVOKE SELECT ON t FROM PUBLIC")]
    [TestCase("grant-public", "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
        "GRANT SELECT ON \"public\".t TO \"PUBLIC\"")]
    [TestCase("definer-search-path", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'")]
    [TestCase("definer-search-path", "ALTER FUNCTION f(int) SECURITY DEFINER", "ALTER FUNCTION f(int) SECURITY INVOKER")]
    [TestCase("definer-public", "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")]
    [TestCase("definer-public", Definer + "REVOKE EXECUTE ON FUNCTION g(int, text) FROM reader, PUBLIC",
        Definer + "REVOKE EXECUTE ON FUNCTION g(int, text), public.f() FROM reader, PUBLIC")]
    [TestCase("definer-public", Definer + "REVOKE ALL ON FUNCTION f() FROM reader",
        Definer + "REVOKE ALL ON ROUTINE f FROM PUBLIC CASCADE")]
    [TestCase("definer-public", Definer + "REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC",
        Definer + "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC")]
    [TestCase("alter-system", "ALTER SYSTEM SET work_mem = '1GB'", "ALTER ROLE app SET work_mem = '1GB'")]
    [TestCase("server-program", "COPY t FROM PROGRAM 'curl example.com'", "COPY t FROM '/srv/program.csv'")]
    [TestCase("enum-value-used", "ALTER TYPE mood ADD VALUE 'glad'; UPDATE t SET note = 'glad' WHERE n = 1",
        "ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad' AFTER 'sad'; UPDATE t SET note = 'sad' WHERE n = 1")]
    [TestCase("enum-value-used", "ALTER TYPE mood ADD VALUE 'glad'; DO $$ BEGIN UPDATE t SET note = 'glad' WHERE n = 1; END $$",
        "CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'glad'; UPDATE t SET note = 'glad' WHERE n = 1")]
    [TestCase("rename", "ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'", "ALTER TYPE mood ADD VALUE 'rename value'")]
    [TestCase("rename", "ALTER VIEW v RENAME TO w", "CREATE VIEW v AS SELECT 1; ALTER VIEW v RENAME TO w")]
    [TestCase("long-name", "ALTER TABLE t ADD " + Long + " INT", "SELECT '" + Long + "'")]
    [TestCase("long-name", "ALTER TABLE t ADD \"ééééééééééééééééééééééééééééééééé\" INT",
        "ALTER TABLE t ADD \"eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\" INT")]
    [TestCase("psql-command", "\\restrict k\nSELECT 1;", "SELECT E'\\\\restrict', '\n\\restrict'")]
    [TestCase("psql-command", "SELECT 1 \\gset\nSELECT 2", "SELECT $$ \\gset $$ -- \\gset")]
    [TestCase("copy-data", "COPY t (id, name) FROM stdin;\n1\tIt's\n\\.\nSELECT 1;", "COPY t (id, name) FROM '/srv/rows.csv'")]
    [TestCase("copy-data", "COPY (SELECT 1) TO STDOUT", "COPY (SELECT 1) TO '/srv/one.csv'")]
    [TestCase("select-into", "SELECT id INTO copied FROM t", "INSERT INTO o (id) SELECT id FROM t WHERE n = 1")]
    [TestCase("select-into", "WITH a AS (SELECT 1) SELECT * INTO copied FROM a",
        "WITH a AS (SELECT 1 AS n) INSERT INTO t (n) SELECT n FROM a")]
    [TestCase("select-into", "CREATE TABLE x (); SELECT 1 INTO TEMP copied",
        "DO $$ DECLARE x INT; BEGIN SELECT 1 INTO x; END $$; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'SELECT 1 INTO x'")]
    [TestCase("fails-in-transaction", "VACUUM t", Alone + "VACUUM t")]
    [TestCase("fails-in-transaction", "CREATE DATABASE other", Alone + "CREATE DATABASE other")]
    public void A_rule_reports_the_bad_form_and_not_the_good_one(string rule, string bad, string good)
    {
        Assert.That(Rules(bad), Does.Contain(rule));
        Assert.That(Rules(good), Is.Empty);
    }

    [TestCase("whole-table-write", "DO $$ BEGIN UPDATE t SET n = 1; END $$", "DO $$ BEGIN PERFORM 1; END $$")]
    [TestCase("drop-table", "DO $x$ DECLARE lock INT; a INT; BEGIN IF a > 1 THEN DROP TABLE t; ELSE LOCK TABLE t; END IF; END $x$",
        "DO $x$ DECLARE lock INT; truncate INT := 1; BEGIN lock := 1; END $x$")]
    [TestCase("lock-table", "DO 'BEGIN <<again>> FOR r IN SELECT 1 LOOP WHILE true LOOP LOCK t; END LOOP; END LOOP; END'",
        "DO 'BEGIN FOR r IN SELECT 1 FOR UPDATE LOOP PERFORM 1; END LOOP; END'")]
    [TestCase("truncate", "DO $$ BEGIN EXECUTE 'TRUNCATE t'; END $$", "DO $$ BEGIN RAISE NOTICE 'TRUNCATE t'; END $$")]
    [TestCase("blocking-index", "DO $$ BEGIN EXECUTE format('CREATE INDEX %I ON %I (n)', a, b); END $$",
        "DO $$ BEGIN CREATE TABLE new (n INT); EXECUTE format('CREATE INDEX %I ON new (n)', a); END $$")]
    [TestCase("drop-column", "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || quote_ident(r.name) || ' DROP COLUMN n' USING 1; END $$",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE ' || quote_ident(r.name) || ' ADD COLUMN n INT'; END $$")]
    [TestCase("drop-table", "DO $$ BEGIN FOR r IN EXECUTE 'SELECT 1' LOOP EXECUTE $q$DROP TABLE t$q$; END LOOP; END $$",
        "DO $$ BEGIN FOR r IN EXECUTE 'SELECT 1' LOOP NULL; END LOOP; END $$")]
    [TestCase("drop-table", "DO $$ BEGIN NULL; EXCEPTION WHEN others THEN DROP TABLE t; END $$",
        "DO $$ BEGIN CREATE TABLE t2 (); EXCEPTION WHEN duplicate_table THEN NULL; END $$; SELECT 1; CREATE INDEX i ON t2 (n)")]
    [TestCase("transaction-control", "DO $$ BEGIN COMMIT; END $$", Alone + "DO $$ BEGIN LOOP EXIT; COMMIT; END LOOP; END $$")]
    [TestCase("drop-table", "DO LANGUAGE plpgsql $$ BEGIN DROP TABLE t; END $$", "DO LANGUAGE plpython3u $$ DROP TABLE t; $$")]
    public void Statements_of_DO_blocks_and_EXECUTE_literals_are_seen(string rule, string bad, string good)
    {
        Assert.That(Rules(bad), Does.Contain(rule));
        Assert.That(Rules(good), Is.Empty);
    }

    [TestCase(4, "-- a\nDO $$\nBEGIN\n    LOCK t;\nEND $$;")]
    [TestCase(5, "DO $$\nBEGIN\n    EXECUTE format($q$\n        SELECT 1;\n        LOCK %I\n    $q$, name);\nEND $$;")]
    [TestCase(6, "\\restrict it's\nCOPY t FROM stdin;\n1\t'\n2\t;\n\\.\nLOCK t;")]
    [TestCase(2, "SELECT 1 \\gset\nLOCK t;\n")]
    public void A_finding_has_the_line_of_its_statement(int line, string script)
    {
        var set = new Cli.Lint.ScriptFolder(LintTests.Set(script, LintTests.AnyDown));

        Assert.That(set.Lint(LintTests.Up).Where(finding => finding.Rule.Id == "lock-table").Select(finding => finding.Line),
            Is.EqualTo(new[] { line }));
    }

    [TestCase("TRUNCATE t, o", "truncate", 2)]
    [TestCase("DROP FUNCTION f(int, text), g", "drop-object", 2)]
    [TestCase("\\set a 1\n\\echo it's\nSELECT 1; \\q", "psql-command", 3)]
    public void Each_object_and_line_is_named(string script, string rule, int count) =>
        Assert.That(Rules(script), Is.EqualTo(Enumerable.Repeat(rule, count)));

    [TestCase(Alone + "REINDEX (CONCURRENTLY) TABLE t")]
    [TestCase(Alone + "REINDEX (VERBOSE, CONCURRENTLY true) INDEX o_t_id_idx")]
    [TestCase("CREATE MATERIALIZED VIEW v AS SELECT 1 AS n; CREATE UNIQUE INDEX v_n_key ON v (n); REFRESH MATERIALIZED VIEW v")]
    [TestCase("CREATE TABLE a (n INT); ALTER TABLE a RENAME TO b; CREATE INDEX i ON b (n); TRUNCATE b")]
    [TestCase("CREATE SCHEMA s; CREATE TABLE a (n INT); ALTER TABLE a SET SCHEMA s; CREATE INDEX i ON s.a (n)")]
    [TestCase("CREATE INDEX i ON ONLY parent (n)")]
    [TestCase("ALTER TABLE t ADD c TEXT DEFAULT pg_catalog.format('%s', pg_catalog.current_database())")]
    [TestCase("ALTER TABLE t ADD c INT DEFAULT (CASE WHEN (extract(year FROM now()) > 2000) THEN (1) ELSE (2) END)")]
    [TestCase("ALTER TABLE t ADD c VECTOR DEFAULT '[1,2,3]'::vector(3)")]
    [TestCase("ALTER TABLE t ADD c TIMESTAMP DEFAULT timezone('UTC', now())")]
    [TestCase("ALTER TABLE t ADD c TEXT DEFAULT (CAST('a' AS CHARACTER VARYING(20)) || repeat('b', 2))")]
    [TestCase("CREATE FUNCTION two() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2'; ALTER TABLE t ADD c int DEFAULT public.two()")]
    [TestCase("CREATE FUNCTION s.two() RETURNS int LANGUAGE sql STABLE RETURN 2; ALTER TABLE t ADD c int DEFAULT 1 + s.two()")]
    public void A_harmless_script_has_no_finding(string script) => Assert.That(Rules(script), Is.Empty);

    [TestCase("REINDEX (CONCURRENTLY false) TABLE t", "blocking-index")]
    [TestCase("CREATE TABLE a (n INT); ALTER TABLE a RENAME TO b; CREATE INDEX i ON o (n)", "blocking-index")]
    [TestCase("ALTER TABLE t ADD c TEXT DEFAULT app.now()", "volatile-default")]
    [TestCase("CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2'; ALTER TABLE t ADD c int DEFAULT two()", "volatile-default")]
    [TestCase("CREATE FUNCTION two() RETURNS int IMMUTABLE RETURN 2; CREATE OR REPLACE FUNCTION two() RETURNS int RETURN random(); "
        + "ALTER TABLE t ADD c int DEFAULT two()", "volatile-default")]
    [TestCase("ALTER TABLE t ADD c TIMESTAMP DEFAULT clock_timestamp()", "volatile-default")]
    public void The_dangerous_form_beside_it_has_one(string script, string rule) => Assert.That(Rules(script), Is.EqualTo(new[] { rule }));

    [TestCase("CREATE SEQUENCE s; CREATE TABLE new (n INT); ALTER SEQUENCE s OWNED BY new.n", "DROP TABLE new", "SELECT 1")]
    [TestCase("CREATE SEQUENCE s OWNED BY t.n", "ALTER TABLE t DROP COLUMN n", "DROP TABLE o")]
    [TestCase("CREATE TABLE a (n INT); CREATE INDEX i ON a (n); ALTER TABLE a RENAME TO b", "DROP TABLE b", "DROP TABLE a")]
    public void What_a_dropped_object_owns_needs_no_drop(string up, string good, string bad)
    {
        Assert.That(LintTests.Rules(LintTests.Up, up, good), Is.Empty);
        Assert.That(LintTests.Rules(LintTests.Up, up, bad), Does.Contain("down-incomplete"));
    }

    private static IEnumerable<string> Rules(string script) => new Cli.Lint.ScriptFolder(
            LintTests.Set(script, LintTests.AnyDown).Append(KeyValuePair.Create("0000_add_events.sql", """
                CREATE TABLE events (at TIMESTAMP) PARTITION BY RANGE (at);
                CREATE TABLE events_1 PARTITION OF events DEFAULT;
                """)))
        .Lint(LintTests.Up).Select(finding => finding.Rule.Id);
}
