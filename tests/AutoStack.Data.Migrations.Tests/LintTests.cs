using System.Reflection;
using AutoStack.Data.Cli.Lint;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

public sealed class LintTests
{
    internal const string Alone = "-- autostack: no-transaction\n";

    /// <summary>A down script whose drops the lint cannot know.</summary>
    internal const string AnyDown = "DO $$ BEGIN EXECUTE coalesce(current_setting('own.drop', TRUE), 'SELECT 1'); END $$";
    internal const string Up = "0002_run_test.sql";
    private const string Down = "0002_run_test.down.sql";

    private const string Base = """
        CREATE TABLE t (id BIGINT CONSTRAINT t_pkey PRIMARY KEY, name VARCHAR(20), note TEXT, n INTEGER);
        CREATE TABLE o (id BIGINT CONSTRAINT o_pkey PRIMARY KEY, t_id BIGINT, u_id BIGINT);
        CREATE INDEX o_t_id_idx ON o (t_id);
        ALTER TABLE t ADD CONSTRAINT t_n_check CHECK (n IS NOT NULL) NOT VALID;
        """;

    [TestCase("blocking-index", "CREATE INDEX i ON t (n)", Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)")]
    [TestCase("blocking-index", "CREATE UNIQUE INDEX i ON public.t (n)", "CREATE TABLE new (n INT); CREATE INDEX i ON new (n)")]
    [TestCase("blocking-index", "DROP INDEX o_t_id_idx", Alone + "DROP INDEX CONCURRENTLY IF EXISTS o_t_id_idx")]
    [TestCase("blocking-index", "DROP INDEX o_t_id_idx, i", "CREATE TABLE new (n INT); CREATE INDEX i ON new (n); DROP INDEX i")]
    [TestCase("blocking-index", "REINDEX TABLE t", Alone + "REINDEX TABLE CONCURRENTLY t")]
    [TestCase("concurrently-in-transaction", "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)",
        Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)")]
    [TestCase("many-statements", Alone + "SELECT 1; SELECT 2", Alone + "SELECT ';' /* ; */; -- ;")]
    [TestCase("not-repeatable", Alone + "CREATE INDEX CONCURRENTLY i ON t (n)",
        Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)")]
    [TestCase("not-repeatable", Alone + "DROP INDEX CONCURRENTLY i", Alone + "DROP INDEX CONCURRENTLY IF EXISTS i")]
    [TestCase("volatile-default", "ALTER TABLE t ADD COLUMN c UUID DEFAULT gen_random_uuid()",
        "ALTER TABLE t ADD COLUMN c TIMESTAMP DEFAULT now()")]
    [TestCase("volatile-default", "ALTER TABLE t ADD c FLOAT DEFAULT 2 * (random() + 1) NOT NULL",
        "ALTER TABLE t ADD c NUMERIC(4, 2) DEFAULT 2.5::numeric(4, 2) NOT NULL")]
    [TestCase("volatile-default", "ALTER TABLE t ADD c BIGSERIAL", "CREATE TABLE new (); ALTER TABLE new ADD c BIGSERIAL")]
    [TestCase("volatile-default", "ALTER TABLE t ADD c BIGINT GENERATED ALWAYS AS IDENTITY", "ALTER TABLE t ADD c TEXT DEFAULT 'random()'")]
    [TestCase("not-null-column", "ALTER TABLE t ADD COLUMN c INT NOT NULL", "ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 0")]
    [TestCase("not-null-column", "ALTER TABLE t ADD COLUMN c INT DEFAULT NULL NOT NULL", "ALTER TABLE t ADD COLUMN c INT DEFAULT NULL")]
    [TestCase("set-not-null", "ALTER TABLE t ALTER COLUMN n SET NOT NULL",
        "ALTER TABLE t VALIDATE CONSTRAINT t_n_check; ALTER TABLE t ALTER n SET NOT NULL")]
    [TestCase("constraint-not-valid", "ALTER TABLE t ADD CONSTRAINT t_n_check CHECK (n > 0)",
        "ALTER TABLE t ADD CONSTRAINT t_n_check CHECK (n > 0) NOT VALID")]
    [TestCase("constraint-not-valid", "ALTER TABLE o ADD CONSTRAINT o_fkey FOREIGN KEY (u_id) REFERENCES t (id)",
        "ALTER TABLE o ADD CONSTRAINT o_fkey FOREIGN KEY (u_id) REFERENCES t (id) NOT VALID")]
    [TestCase("constraint-not-valid", "ALTER TABLE t ADD c INT CONSTRAINT t_c_check CHECK (c > 0)",
        "ALTER TABLE t ADD c BIGINT CONSTRAINT t_c_fkey REFERENCES o (id)")]
    [TestCase("constraint-not-valid", "ALTER TABLE t ADD c BIGINT DEFAULT 1 CONSTRAINT t_c_fkey REFERENCES o (id)",
        "CREATE TABLE new (n INT); ALTER TABLE new ADD CONSTRAINT new_n_check CHECK (n > 0)")]
    [TestCase("unique-without-index", "ALTER TABLE t ADD CONSTRAINT t_n_key UNIQUE (n)",
        "ALTER TABLE t ADD CONSTRAINT t_n_key UNIQUE USING INDEX t_n_key")]
    [TestCase("unique-without-index", "ALTER TABLE t ADD c INT CONSTRAINT t_c_key UNIQUE", "ALTER TABLE t ADD c INT")]
    [TestCase("unique-without-index", "ALTER TABLE t ADD CONSTRAINT t_n_key UNIQUE (n) USING INDEX TABLESPACE pg_default",
        "ALTER TABLE t ADD CONSTRAINT t_key PRIMARY KEY USING INDEX t_key")]
    [TestCase("validate-with-add", "ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID, VALIDATE CONSTRAINT c",
        "ALTER TABLE t VALIDATE CONSTRAINT c")]
    [TestCase("rename", "ALTER TABLE t RENAME TO u", "ALTER TABLE t RENAME CONSTRAINT a TO b")]
    [TestCase("rename", "ALTER TABLE t RENAME n TO m", "ALTER INDEX a RENAME TO b")]
    [TestCase("rename", "ALTER TABLE t SET SCHEMA archive", "ALTER TABLE t SET (fillfactor = 70)")]
    [TestCase("type-change", "ALTER TABLE t ALTER COLUMN n TYPE BIGINT", "ALTER TABLE t ALTER COLUMN name TYPE VARCHAR(40)")]
    [TestCase("type-change", "ALTER TABLE t ALTER name SET DATA TYPE VARCHAR(10)", "ALTER TABLE t ALTER name SET DATA TYPE TEXT")]
    [TestCase("type-change", "ALTER TABLE t ALTER name TYPE TEXT USING lower(name)", "ALTER TABLE t ALTER name TYPE CHARACTER VARYING(20)")]
    [TestCase("type-change", "ALTER TABLE unknown ALTER name TYPE TEXT", "CREATE TABLE new (n INT); ALTER TABLE new ALTER n TYPE BIGINT")]
    [TestCase("drop-column", "ALTER TABLE t DROP COLUMN n", "ALTER TABLE t ALTER n DROP DEFAULT")]
    [TestCase("drop-column", "ALTER TABLE t ADD a INT, DROP IF EXISTS n", "ALTER TABLE t ALTER n DROP NOT NULL")]
    [TestCase("drop-table", "DROP TABLE IF EXISTS other, t", "CREATE TABLE new (n INT); DROP TABLE new")]
    [TestCase("lock-timeout", "-- autostack: lock_timeout=0\nSELECT 1", "-- autostack: lock_timeout=30s\nSELECT 1")]
    [TestCase("lock-timeout", "-- autostack: lock_timeout=0s\nSELECT 1", "-- autostack: lock_timeout=10ms\nSELECT 1")]
    [TestCase("lock-timeout", "-- autostack: lock_timeout=00ms\nSELECT 1", Alone + "SELECT 1")]
    [TestCase("lock-timeout", "SELECT set_config('lock_timeout', '0', false)", "SELECT set_config('search_path', 'audit', true)")]
    [TestCase("session-setting", "SELECT 1, set_config('search_path', 'audit', false)", "SELECT 'set_config'")]
    [TestCase("rewrite", Alone + "VACUUM FULL t", Alone + "VACUUM t")]
    [TestCase("rewrite", Alone + "VACUUM (ANALYZE, FULL) t", Alone + "VACUUM (FULL false, ANALYZE) t")]
    [TestCase("rewrite", "CLUSTER t USING t_pkey", "ALTER TABLE t CLUSTER ON t_pkey")]
    [TestCase("rewrite", "ALTER TABLE t SET UNLOGGED", "CREATE TABLE new (n INT); ALTER TABLE new SET UNLOGGED")]
    [TestCase("blocking-refresh", "REFRESH MATERIALIZED VIEW v", "REFRESH MATERIALIZED VIEW CONCURRENTLY v")]
    [TestCase("drop-table", "DROP SCHEMA IF EXISTS audit CASCADE", "CREATE SCHEMA audit; DROP SCHEMA audit")]
    [TestCase("volatile-default", "ALTER TABLE t ADD c INT GENERATED ALWAYS AS (n * 2) STORED",
        "ALTER TABLE t ADD c INT GENERATED ALWAYS AS (n * 2) VIRTUAL")]
    [TestCase("whole-table-write", "WITH a AS (SELECT 1 AS n WHERE true) UPDATE t SET n = a.n FROM a",
        "WITH a AS (SELECT 1 AS n) UPDATE t SET n = a.n FROM a WHERE t.n IS NULL")]
    [TestCase("whole-table-write", "WITH a (n) AS MATERIALIZED (DELETE FROM t RETURNING n) SELECT n FROM a WHERE n > 0",
        "WITH a AS (SELECT 1 AS n), b AS (SELECT n FROM a) INSERT INTO t (n) SELECT n FROM b ON CONFLICT (id) DO UPDATE SET n = 1")]
    [TestCase("lock-timeout", "SET LOCAL lock_timeout = '1h'", Alone + "SELECT 'SET lock_timeout'")]
    [TestCase("transaction-control", "BEGIN; SELECT 1", "DO $$ BEGIN PERFORM 1; END $$")]
    [TestCase("transaction-control", "SELECT 1; COMMIT", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END")]
    [TestCase("session-setting", "SET search_path = audit", "SET LOCAL search_path = audit")]
    [TestCase("session-setting", "RESET ALL", "SET CONSTRAINTS ALL IMMEDIATE")]
    [TestCase("cascade-without-index", "ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (u_id) REFERENCES t (id) ON DELETE CASCADE NOT VALID",
        "ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (t_id) REFERENCES t (id) ON DELETE CASCADE NOT VALID")]
    [TestCase("cascade-without-index", "CREATE TABLE new (t_id BIGINT CONSTRAINT f REFERENCES t (id) ON UPDATE CASCADE ON DELETE SET NULL)",
        "CREATE TABLE new (t_id BIGINT CONSTRAINT f REFERENCES t (id) ON UPDATE CASCADE ON DELETE RESTRICT)")]
    [TestCase("cascade-without-index",
        "CREATE TABLE new (t_id BIGINT CONSTRAINT f REFERENCES t ON DELETE CASCADE); CREATE INDEX i ON new (lower(t_id))",
        "CREATE TABLE new (t_id BIGINT CONSTRAINT k UNIQUE CONSTRAINT f REFERENCES t ON DELETE CASCADE)")]
    [TestCase("whole-table-write", "UPDATE t SET n = (SELECT 1 WHERE true)", "UPDATE t SET n = 1 WHERE n IS NULL")]
    [TestCase("whole-table-write", "DELETE FROM ONLY t", Alone + "DELETE FROM t")]
    [TestCase("lock-table", "LOCK TABLE t IN SHARE MODE", "SELECT 1 FROM t FOR UPDATE")]
    [TestCase("truncate", "TRUNCATE t, o", "CREATE TABLE new (); TRUNCATE TABLE new")]
    [TestCase("unnamed", "CREATE TABLE new (id INT PRIMARY KEY)",
        "CREATE TABLE new (id INT CONSTRAINT new_pkey PRIMARY KEY NOT NULL DEFAULT 1)")]
    [TestCase("unnamed", "CREATE TABLE new (id INT, UNIQUE (id))", "CREATE TEMP TABLE new (id INT, UNIQUE (id))")]
    [TestCase("unnamed", "ALTER TABLE t ADD CHECK (n > 0) NOT VALID", "ALTER TABLE t ADD c INT CONSTRAINT nn NOT NULL DEFAULT 1")]
    [TestCase("unnamed", "CREATE TABLE new (n INT); CREATE INDEX ON new (n)",
        "CREATE TABLE new (n INT); CREATE INDEX new_n_idx ON new (n)")]
    [TestCase("unterminated", "SELECT 1; /* to the end", "SELECT '/* no comment'")]
    [TestCase("header", "-- autostack: lock_timeout=soon", "-- autostack is the name of the project")]
    [TestCase("unused-allowance", "-- autostack: allow=truncate (the rows are old)\nSELECT 1",
        "-- autostack: allow=truncate (the rows are old)\nTRUNCATE t")]
    public void A_rule_reports_the_bad_form_and_not_the_good_one(string rule, string bad, string good)
    {
        Assert.That(Rules(Up, bad), Does.Contain(rule));
        Assert.That(Rules(Up, good), Is.Empty);
    }

    [TestCase("CREATE TABLE new ()", "SELECT 1", "DROP TABLE IF EXISTS new")]
    [TestCase("ALTER TABLE t ADD c INT", "ALTER TABLE o DROP c", "ALTER TABLE t DROP COLUMN c")]
    [TestCase("ALTER TABLE t ADD CONSTRAINT c CHECK (n > 0) NOT VALID", "", "ALTER TABLE t DROP CONSTRAINT c")]
    [TestCase(Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (n)", Alone + "SELECT 1",
        Alone + "DROP INDEX CONCURRENTLY IF EXISTS i")]
    [TestCase("CREATE FUNCTION f() RETURNS int RETURN 1", "-- DROP FUNCTION f()", "DROP FUNCTION f()")]
    [TestCase("CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION f()", "DROP TRIGGER h ON t", "DROP TRIGGER g ON t")]
    [TestCase("CREATE TABLE new (n INT); CREATE INDEX i ON new (n)", "DROP TABLE o", "DROP TABLE new")]
    [TestCase("CREATE VIEW v AS SELECT 1", "DO $$ BEGIN PERFORM 1; END $$", "DO $$ BEGIN DROP VIEW v; END $$")]
    [TestCase("DO $$ BEGIN CREATE TABLE new (n INT); END $$", "DO $$ BEGIN IF TRUE THEN DROP TABLE o; END IF; END $$",
        "DO $$ BEGIN IF TRUE THEN DROP TABLE new; END IF; END $$")]
    [TestCase("CREATE TABLE new (n INT)", "SELECT 1", "DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'new'); END $$")]
    public void A_down_script_drops_what_its_up_script_creates(string up, string bad, string good)
    {
        Assert.That(Rules(Up, up, bad), Does.Contain("down-incomplete"));
        Assert.That(Rules(Up, up, good), Is.Empty);
    }

    [Test]
    public void A_missing_down_script_is_reported()
    {
        var finding = new ScriptFolder([KeyValuePair.Create("0001_a.sql", "SELECT 1")]).Lint("0001_a.sql").Single();

        Assert.That((finding.Rule.Id, finding.Line), Is.EqualTo(("missing-down", 1)));
        Assert.That(finding.Message, Does.Contain("0001_a.down.sql"));
    }

    [Test]
    public void A_down_script_may_drop_but_must_not_block()
    {
        Assert.That(Rules(Down, "SELECT 1", "ALTER TABLE t DROP COLUMN n; DROP TABLE o; ALTER TABLE t RENAME m TO n"), Is.Empty);
        Assert.That(Rules(Down, "SELECT 1", "DROP INDEX o_t_id_idx"), Is.EqualTo(new[] { "blocking-index" }));
    }

    [Test]
    public void Shortening_a_varchar_again_is_a_type_change() =>
        Assert.That(Rules(Down, "ALTER TABLE t ALTER name TYPE VARCHAR(40)", "ALTER TABLE t ALTER name TYPE VARCHAR(20)"),
            Is.EqualTo(new[] { "type-change" }));

    [Test]
    public void An_index_of_a_later_script_supports_the_cascade()
    {
        var set = Set("CREATE TABLE new (t_id BIGINT CONSTRAINT f REFERENCES t (id) ON DELETE CASCADE)", "DROP TABLE new")
            .Append(KeyValuePair.Create("0003_add_index.sql", Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON new (t_id, n)"));

        Assert.That(new ScriptFolder(set).Lint(Up), Is.Empty);
    }

    [Test]
    public void An_allowance_covers_its_rule_only_and_needs_a_reason()
    {
        const string Both = "TRUNCATE t; LOCK TABLE t";

        Assert.That(Rules(Up, "-- autostack: allow=truncate (nobody reads it)\n" + Both), Is.EqualTo(new[] { "lock-table" }));
        Assert.That(Rules(Up, "-- autostack: allow=truncate\n" + Both), Is.EqualTo(new[] { "header" }));
        Assert.That(Rules(Up, "-- autostack: allow=truncate ( )\n" + Both), Is.EqualTo(new[] { "header" }));
    }

    [Test]
    public void A_finding_has_the_line_of_its_statement_with_CRLF_too()
    {
        var finding = new ScriptFolder(Set("-- a\r\n\r\nSELECT 1;\r\n\r\n-- b\r\nLOCK t;\r\n", "SELECT 1")).Lint(Up).Single();

        Assert.That((finding.File, finding.Line), Is.EqualTo((Up, 6)));
    }

    [Test]
    public void The_scripts_of_the_package_are_clean()
    {
        var set = ScriptFolder.Embedded();

        Assert.That(set.FileNames.Count(), Is.EqualTo(2 * SchemaMigrator.Scripts.Count));
        Assert.That(set.FileNames.SelectMany(set.Lint), Is.Empty);
    }

    [Test]
    public async Task Without_a_file_the_scripts_of_the_checkout_are_read()
    {
        using var work = new Workplace();
        work.WritePair("0001_add_t", "CREATE TABLE t ();\nLOCK t;\nTRUNCATE o;");
        var below = Directory.CreateDirectory(Path.Combine(work.Root, "src")).FullName;

        var text = await ConsoleRun.StartAsync(["lint"], work.Root);
        var json = (await ConsoleRun.StartAsync(["lint", "--json"], below)).Json;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(text.Code, Is.EqualTo(1));
            Assert.That(text.Output, Does.Contain(Path.Combine("scripts", "sql", "0001_add_t.sql") + ":2: lock-table: "));
            Assert.That(text.Output, Does.Contain("2 findings in 2 files of "));
            Assert.That(json.GetProperty("files").GetInt32(), Is.EqualTo(2));
            Assert.That(json.GetProperty("folder").GetString(), Is.EqualTo(Path.Combine("..", "scripts", "sql")));
            Assert.That(json.GetProperty("findings").EnumerateArray().Select(f => f.GetProperty("rule").GetString()),
                Is.EqualTo(new[] { "lock-table", "truncate" }));
            Assert.That(json.GetProperty("findings")[1].GetProperty("line").GetInt32(), Is.EqualTo(3));
            Assert.That(json.GetProperty("findings")[1].GetProperty("safer").GetString(), Is.Not.Empty);
        }
    }

    [Test]
    public async Task Outside_a_checkout_the_scripts_of_the_package_are_read()
    {
        var elsewhere = Directory.CreateTempSubdirectory("autostack-test-");
        var run = await ConsoleRun.StartAsync(["lint"], elsewhere.FullName);
        elsewhere.Delete();

        Assert.That((run.Code, run.Output.Trim()),
            Is.EqualTo((0, $"No findings in {2 * SchemaMigrator.Scripts.Count} files of this package.")));
    }

    [Test]
    public async Task One_file_is_linted_with_its_folder_and_reported_alone()
    {
        using var work = new Workplace();
        work.WritePair("0001_add_t", Base + "LOCK t;");
        work.WritePair("0002_add_index", Alone + "CREATE INDEX CONCURRENTLY IF NOT EXISTS o_u_id_idx ON o (u_id);");
        work.WritePair("0003_add_key", "ALTER TABLE o ADD CONSTRAINT f FOREIGN KEY (u_id) REFERENCES t (id) ON DELETE CASCADE NOT VALID;");

        var run = await ConsoleRun.StartAsync(["lint", Path.Combine("scripts", "sql", "0003_add_key.sql")], work.Root);

        Assert.That((run.Code, run.Output),
            Is.EqualTo((0, $"No findings in 1 file of {Path.Combine("scripts", "sql")}.{Environment.NewLine}")));
    }

    [Test]
    public async Task A_folder_of_dots_is_printed_in_full()
    {
        using var work = new Workplace();
        work.WritePair("0001_add_t", Base);
        var below = Directory.CreateDirectory(Path.Combine(work.Scripts, "below"));

        var run = await ConsoleRun.StartAsync(["lint", ".."], below.FullName);

        Assert.That((run.Code, run.Output.Trim()), Is.EqualTo((0, $"No findings in 2 files of {work.Scripts}.")));
    }

    [TestCase("missing.sql")]
    [TestCase("scripts/sql/README.md")]
    [TestCase("no/such/folder/0001_a.sql")]
    public async Task A_missing_file_or_one_that_is_not_a_script_is_exit_code_2(string file)
    {
        using var work = new Workplace();
        work.Write("README.md", "");

        var run = await ConsoleRun.StartAsync(["lint", file], work.Root);

        Assert.That((run.Code, run.Output), Is.EqualTo((2, "")));
        Assert.That(run.Error, Does.Contain(Path.GetFileName(file)));
    }

    [Test]
    public void Every_rule_has_a_unique_id_and_a_case()
    {
        var ids = typeof(LintRule).GetFields().Select(f => f.GetValue(null)).OfType<LintRule>().Select(rule => rule.Id).ToList();
        MethodInfo[] methods =
        [
            typeof(LintTests).GetMethod(nameof(A_rule_reports_the_bad_form_and_not_the_good_one))!,
            typeof(LintRuleTests).GetMethod(nameof(LintRuleTests.A_rule_reports_the_bad_form_and_not_the_good_one))!,
        ];
        var tested = methods.SelectMany(method => method.GetCustomAttributes<TestCaseAttribute>()).Select(c => (string)c.Arguments[0]!)
            .Concat(["down-incomplete", "missing-down"]).Distinct();

        Assert.That(ids, Is.Unique.And.EquivalentTo(tested));
    }

    internal static IEnumerable<string> Rules(string file, string up, string down = AnyDown) =>
        new ScriptFolder(Set(up, down)).Lint(file).Select(finding => finding.Rule.Id);

    internal static IEnumerable<KeyValuePair<string, string>> Set(string up, string down) =>
        [KeyValuePair.Create("0001_add_base.sql", Base), KeyValuePair.Create(Up, up), KeyValuePair.Create(Down, down)];
}
