using System.Text.RegularExpressions;
using AutoStack.Data.Migrations.Internal;
using CsCheck;

namespace AutoStack.Data.Migrations.Tests.Properties;

/// <summary>
/// What holds for every text of a script. A failure prints a small text and its seed: <c>CsCheck_Seed=… dotnet test …</c> runs it
/// again.
/// </summary>
public sealed partial class ScriptProperties
{
    private const int Times = 1000;

    private static readonly Gen<string> Pieces = Gen.OneOf(
        "SELECT 1", "CREATE TABLE t (a int)", "'it''s; --'", "E'\\'; '", "\"a\"\";b\"", "$$ ; ' $$", "$b$ $$ ; $b$", "-- ; '\n",
        "/* ; /* ' */ */",
        "COPY t FROM STDIN;\n1\tone\n\\.\n", "\\echo ;\n", "BEGIN ATOMIC SELECT 1; END", ";", "(", ")", "\n", " ", "'", "\"", "$", "$$",
        "/*", "*/", "--",
        "\\", "\0", "\ud800", "U&'\\0061'", ":=", "é", "1e5", "::");

    private static readonly Gen<string> Scripts = Pieces.Array[0, 15].Select(string.Concat);

    [Test]
    public void Tokens_are_pieces_of_the_script_in_its_order() => Scripts.Sample(sql =>
    {
        var at = 0;
        foreach (var token in SqlText.Tokens(sql))
        {
            var start = sql.IndexOf(token.Text, at, StringComparison.Ordinal);
            if (token.Text.Length == 0 || start < 0 || token.Line != 1 + sql[..start].Count(unit => unit == '\n'))
            {
                return false;
            }

            at = start + token.Text.Length;
        }

        return true;
    }, iter: Times, threads: 1);

    [Test]
    public void A_script_without_the_parts_of_psql_has_its_lines_still() => Scripts.Sample(
        sql => ScriptText.Of(sql).Tokens.All(token => token.Line <= 1 + sql.Count(unit => unit == '\n')), iter: Times, threads: 1);

    [Test]
    public void Statements_that_are_joined_are_split_again() => Gen.OneOf(
            "SELECT 'it''s; --'", "SELECT $$ ; ' $$", "SELECT \"a;b\"", "SELECT 1 /* ; /* ' */ */", "SELECT 1 -- ;\n", "SELECT E'\\'; '")
        .Array[1, 10]
        .Sample(
            statements => SqlText.Statements(SqlText.Tokens(string.Join(";\n", statements))).Count == statements.Length,
            iter: Times, threads: 1);

    [Test]
    public void A_header_is_refused_or_has_settings_that_the_server_reads() => Gen.Select(
            Gen.OneOf("", "no-transaction", "lock_timeout=", "statement_timeout=", "variable=", "requires=", "requires-extension=",
                "requires-setting=", "excludes=", "allow="),
            Gen.OneOf(Gen.Char.AlphaNumeric.Array[0, 8].Select(units => new string(units)), Gen.Int[0, 99].Select(number => $"{number}min"),
                Gen.OneOf("\u0663s", "5 s", "5s;", "'5s'", "core:23", "pg_trgm", "wal_level:logical", "rule (reason)", "5s\n", "\0")),
            (name, value) => $"-- autostack: {name}{value}\nSELECT 1;\n")
        .Sample(sql =>
        {
            try
            {
                var step = new MigrationStep("0001_a.sql", sql);
                return Timeout().IsMatch(step.LockTimeout) && Timeout().IsMatch(step.StatementTimeout) && step.Statements.Count == 1;
            }
            catch (FormatException exception)
            {
                return exception.Message.StartsWith("0001_a.sql: ", StringComparison.Ordinal);
            }
        }, iter: Times, threads: 1);

    [GeneratedRegex(@"^[0-9]+(ms|s|min|h)?\z")]
    private static partial Regex Timeout();
}
