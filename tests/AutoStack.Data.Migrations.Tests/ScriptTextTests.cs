using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests;

/// <summary>Texts that script runners often split or replace: each must reach the server unchanged.</summary>
public sealed class ScriptTextTests : MigrationTests
{
    [TestCase("$2b$12$abcdefghijklmnopqrstuv")]
    [TestCase("$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW; $2a$10$")]
    [TestCase("-- autostack: no-transaction")]
    [TestCase("COPY t FROM stdin;\n1\tone\n\\.\n")]
    [TestCase("BEGIN ATOMIC SELECT 1; END; BEGIN; COMMIT")]
    [TestCase("{name} and $variable$ and $1 and :name and @name and ${other}")]
    [TestCase("one; two -- no comment; /* nor this")]
    [TestCase("$autostack_script$; SELECT 1/0; $autostack_run$")]
    [TestCase("$autostack_script$ $autostack_script_1$ $autostack_run$")]
    [TestCase("$$ $body$ $autostack_script")]
    [TestCase(@"back\slash 100% %s {0} {{}} GO")]
    [TestCase("\nGO\n/\n\\echo\n")]
    [TestCase("\f and \u0085 and \u2028 are no line ends")]
    public async Task A_text_reaches_the_server_unchanged(string text)
    {
        var scripts = Scripts($"CREATE TABLE t (value text);\nINSERT INTO t VALUES ('{text}');");

        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ListAsync("SELECT value FROM t"), Is.EqualTo(new[] { text }));
    }

    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $body$ SELECT n + $1; $body$")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    -- it's; a comment\n    RETURN 2 * " +
        "n;\nEND\n$$;")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2 * n; END;")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int RETURN $1 * 2; -- the end")]
    [TestCase("DO $autostack_script$ BEGIN CREATE FUNCTION twice(n int) RETURNS int RETURN n + n; END $autostack_script$")]
    public async Task A_function_body_reaches_the_server_unchanged(string create)
    {
        await Migrator(Scripts($"{create}", "CREATE TABLE after ()")).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ScalarAsync<int>("SELECT twice(21)"), Is.EqualTo(42));
        Assert.That(await ExistsAsync("after"), Is.True);
    }

    [TestCase("it''s; -- no comment /* nor this")]
    [TestCase("$2b$12$abc; $1; $body$; @name; :name")]
    [TestCase(@"back\slash")]
    public async Task A_text_without_transaction_reaches_the_server_unchanged(string text)
    {
        var scripts = Scripts(
            $"-- autostack: no-transaction\n-- why; $1\nINSERT INTO t /* a; /* nested; */ it's */ VALUES ('{text}') -- the; end");
        await ExecuteAsync("CREATE TABLE t (value text)");

        await Migrator(scripts).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ListAsync("SELECT value FROM t"), Is.EqualTo(new[] { text.Replace("''", "'", StringComparison.Ordinal) }));
    }

    [TestCase("INSERT INTO t VALUES (E'it\\'s; \\\\ -- no comment')", @"it's; \ -- no comment")]
    [TestCase("INSERT INTO t VALUES (U&'d\\0061t; a')", "dat; a")]
    [TestCase("INSERT INTO t VALUES ($q$it's; $$ $1 -- no comment$q$)", "it's; $$ $1 -- no comment")]
    [TestCase("INSERT INTO t /* a; /* nested; ' */ still; $$ */ VALUES ('a') -- the; 'end", "a")]
    [TestCase("WITH \"a;b\" AS (SELECT 'a' AS \"c''d\") INSERT INTO t SELECT \"c''d\" FROM \"a;b\"", "a")]
    [TestCase("INSERT INTO t SELECT '{\"a\": 1}'::jsonb ->> 'a' WHERE '{\"a\": 1}'::jsonb ? 'a' AND ARRAY[1] @> ARRAY[1]", "1")]
    public async Task Every_kind_of_string_literal_reaches_the_server_unchanged(string statement, string value)
    {
        await ExecuteAsync("CREATE TABLE t (value text)");

        await Migrator(Scripts(statement, $"-- autostack: no-transaction\n{statement}")).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ListAsync("SELECT value FROM t"), Is.EqualTo(new[] { value, value }));
    }

    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS $body$ SELECT n; SELECT n + $1; $body$;")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n    -- it's; a comment\n    RETURN 2 * " +
        "n;\nEND\n$$;")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2 * n; END;")]
    [TestCase("CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT CASE n WHEN 0 " +
        "THEN 0 ELSE 2 * n END; END")]
    public async Task A_function_body_without_transaction_reaches_the_server_unchanged(string create)
    {
        await Migrator(Scripts($"-- autostack: no-transaction\n{create}")).UpgradeAsync(cancellationToken: Token);

        Assert.That(await ScalarAsync<int>("SELECT twice(21)"), Is.EqualTo(42));
    }

    [Test]
    public async Task Line_ends_make_no_difference()
    {
        const string Text = "CREATE TABLE t (value text);\nINSERT INTO t\nVALUES ('a');\n";
        var lf = Scripts(Text);
        var crlf = Scripts(Text.Replace("\n", "\r\n", StringComparison.Ordinal));
        await Migrator(lf).UpgradeAsync(cancellationToken: Token);

        var history = await Migrator(crlf).ReadHistoryAsync(Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(crlf[0].Checksum, Is.EqualTo(lf[0].Checksum));
            Assert.That(crlf[0].Up.Sql, Is.EqualTo(Text));
            Assert.That(history.IsUpToDate, Is.True);
        }
    }

    [Test]
    public async Task A_script_with_CRLF_runs()
    {
        await Migrator(Scripts(
            "-- autostack: lock_timeout=1s\r\n-- why\r\nCREATE TABLE t (value text);\r\nINSERT INTO t\r\nVALUES ('a\r\nb');\r\n"))
            .UpgradeAsync(cancellationToken: Token);

        Assert.That(await ListAsync("SELECT value FROM t"), Is.EqualTo(new[] { "a\nb" }));
    }

    [TestCase("")]
    [TestCase("-- nothing yet")]
    [TestCase("SELECT 1; SELECT 2")]
    public async Task A_script_that_changes_nothing_is_recorded(string up)
    {
        await Migrator(Scripts(up)).UpgradeAsync(cancellationToken: Token);

        Assert.That(await AppliedAsync(), Is.EqualTo(new[] { "1" }));
    }
}
