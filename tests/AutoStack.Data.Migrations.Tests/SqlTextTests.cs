using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests;

public sealed class SqlTextTests : MigrationTests
{
    [TestCase("SELECT 1; SELECT 2", 2)]
    [TestCase(";;; -- nothing;\n/* ; */ ;", 0)]
    [TestCase("", 0)]
    [TestCase("SELECT ';'; SELECT 2", 2)]
    [TestCase("SELECT 'it''s;'; SELECT 2", 2)]
    [TestCase("SELECT 'back\\'; SELECT 2", 2)]
    [TestCase("SELECT E'a\\';'; SELECT 2", 2)]
    [TestCase("SELECT e'a\\\\'; SELECT 2", 2)]
    [TestCase("SELECT E'a'\n  '\\';'; SELECT 2", 2)]
    [TestCase("SELECT U&'\\0041;' UESCAPE '!'; SELECT 2", 2)]
    [TestCase("SELECT B'01', X'AF', N';'; SELECT 2", 2)]
    [TestCase("SELECT 1 AS \"a;\"\"b\"; SELECT 2", 2)]
    [TestCase("SELECT 1 AS U&\"a;b\"; SELECT 2", 2)]
    [TestCase("SELECT $$;$$; SELECT 2", 2)]
    [TestCase("SELECT $a$ ; $b$ ; $$ ; $a$; SELECT 2", 2)]
    [TestCase("SELECT $a$ $$a$; SELECT 2", 2)]
    [TestCase("SELECT $é$;$é$; SELECT 2", 2)]
    [TestCase("CREATE TABLE a$b$ (); CREATE TABLE c$b$ ()", 2)]
    [TestCase("/* a /* b; */ ; */ SELECT 1; -- ; \nSELECT 2", 2)]
    [TestCase("SELECT 1 -- it's; \"$$\n; SELECT 2", 2)]
    [TestCase("SELECT 3 - -1; SELECT 1.5e-3, .5, 4 / 2", 2)]
    [TestCase("CREATE TABLE t (a int); CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3", 3)]
    [TestCase("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 ELSE 3 END; END; SELECT 2",
        2)]
    [TestCase("CREATE OR REPLACE PROCEDURE p() BEGIN ATOMIC SELECT (CASE WHEN true THEN 1 END); END; SELECT 2", 2)]
    [TestCase("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $body$ BEGIN RETURN 1; END $body$; SELECT 2", 2)]
    [TestCase("CREATE TABLE \"begin\" (\"case\" int); SELECT 2", 2)]
    [TestCase("\fSELECT 1;\vSELECT 2", 2)]
    public async Task Statements_are_split_as_the_server_splits_them(string sql, int count)
    {
        var statements = SqlText.Statements(SqlText.Tokens(sql));

        Assert.That(statements, Has.Count.EqualTo(count));

        foreach (var statement in statements)
        {
            // With a parameter the text is sent unsplit, and the server refuses several statements.
            await using var command = Raw.CreateCommand(string.Join('\n', statement.Tokens.Select(token => token.Text)));
            command.Parameters.Add(new NpgsqlParameter { Value = 1 });
            await command.ExecuteNonQueryAsync(Token);
        }
    }

    [TestCase("SELECT 'open")]
    [TestCase("SELECT E'open\\'")]
    [TestCase("SELECT E'open\\")]
    [TestCase("SELECT \"open")]
    [TestCase("SELECT $a$ open $b$")]
    [TestCase("SELECT 1 /* /* open */")]
    [TestCase("SELECT 1 /*")]
    public void An_unterminated_token_extends_to_the_end(string sql)
    {
        var tokens = SqlText.Tokens(sql);

        Assert.That(tokens[^1].Kind, Is.EqualTo(SqlTokenKind.Unterminated));
        Assert.That(sql, Does.EndWith(tokens[^1].Text));
    }

    [Test]
    public void Only_white_space_is_outside_tokens()
    {
        const string Alphabet = "aE$'\"-/*;() \n\\U&b1.é\u00a0BEGIN";
        var random = new Random(7);
        for (var round = 0; round < 20_000; round++)
        {
            var sql = new string([.. Enumerable.Range(0, random.Next(12)).Select(_ => Alphabet[random.Next(Alphabet.Length)])]);
            var tokens = SqlText.Tokens(sql);
            _ = SqlText.Statements(tokens);

            Assert.That(Bare(string.Concat(tokens.Select(token => token.Text))), Is.EqualTo(Bare(sql)));
        }

        static string Bare(string text) => text.Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);
    }

    [Test]
    public void A_token_has_its_line()
    {
        var lines = SqlText.Tokens("a\n\n'b\nc' /* d\n */ e -- f\ng").Select(token => token.Line);

        Assert.That(lines, Is.EqualTo(new[] { 1, 3, 4, 5, 5, 6 }));
    }

    [TestCase("Users", "users")]
    [TestCase("public.users", "users")]
    [TestCase("\"Users\"", "Users")]
    [TestCase("\"a\"\"b\"", "a\"b")]
    [TestCase("audit . Log", "audit.log")]
    [TestCase("'users'", null)]
    public void A_name_is_folded_as_the_server_folds_it(string sql, string? name) =>
        Assert.That(new SqlCursor(SqlText.Tokens(sql)).TakeName(), Is.EqualTo(name));

    [TestCase("CREATE INDEX CONCURRENTLY IF NOT EXISTS t_a_idx ON t (a)", "\"public\".\"t_a_idx\"")]
    [TestCase("create /* c */ unique\nindex concurrently \"T a\" ON t (a)", "\"public\".\"T a\"")]
    [TestCase("CREATE UNIQUE INDEX CONCURRENTLY t_a_idx ON ONLY Audit.\"Log\" (a)", "\"audit\".\"t_a_idx\"")]
    [TestCase("CREATE INDEX CONCURRENTLY ON t (a)", null)]
    [TestCase("SELECT 'CREATE INDEX CONCURRENTLY t_a_idx ON t (a)'", null)]
    [TestCase("-- CREATE INDEX CONCURRENTLY t_a_idx ON t (a)", null)]
    public void The_index_that_a_script_builds_is_found(string sql, string? index) =>
        Assert.That(new MigrationStep("0001_a.sql", "-- autostack: no-transaction\n" + sql).ConcurrentIndex, Is.EqualTo(index));

    [Test]
    public void A_header_within_a_string_is_ignored()
    {
        var step = new MigrationStep(
            "0001_a.sql", "SELECT '\n-- autostack: no-transaction\n', $$\n-- autostack: frob\n$$ /*\n-- autostack: frob\n*/");

        Assert.That(step.Transactional, Is.True);
    }
}
