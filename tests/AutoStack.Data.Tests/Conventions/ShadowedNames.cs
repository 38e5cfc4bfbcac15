using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// Every statement of the library uses PostgreSQL's own functions and operators, whatever a role without rights plants in <c>public</c>.
/// </summary>
public sealed partial class ShadowedNames : DatabaseTests
{
    private readonly Dictionary<string, (string Sql, string Types)> probes = [];
    private HashSet<string> functions = [];

    private static IEnumerable<string> Statements => ShippedStatements.Statements;

    [OneTimeSetUp]
    public async Task PlantAsync()
    {
        TestServer.Require(15, "before, planting tens of thousands of objects takes more than five minutes.");
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await FeatureFunctions.AddAsync(connection, Token);

        // Asks for the types of the parameters before anything is planted. The driver sends text, never varchar.
        foreach (var sql in Statements)
        {
            var (positional, types) = ShippedStatements.Numbered(sql);
            await using var command = new NpgsqlCommand(
                $"DO $do$ BEGIN EXECUTE $prepare$PREPARE shadowed {types} AS {positional}$prepare$; END $do$", connection);
            await command.ExecuteNonQueryAsync(Token);
            command.CommandText = """
                SELECT array_to_string(ARRAY(
                    SELECT replace(replace(t::text, 'character varying', 'text'), 'numeric', 'float8')
                    FROM unnest(parameter_types) WITH ORDINALITY u (t, place)
                    ORDER BY place), ', ')
                FROM pg_prepared_statements
                WHERE name = 'shadowed'
                """;
            probes[sql] = (positional, (string)(await command.ExecuteScalarAsync(Token))!);
            command.CommandText = "DEALLOCATE shadowed";
            await command.ExecuteNonQueryAsync(Token);
        }

        await using (var names = new NpgsqlCommand(
            "SELECT array_agg(DISTINCT proname::text) FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace", connection))
        {
            functions = [.. (string[])(await names.ExecuteScalarAsync(Token))!];
        }

        Assert.That(await Shadows.PlantAsync(connection, Statements, Token), Is.GreaterThan(30_000));
    }

    // The server records the objects that the body of an SQL-standard function resolves to.
    [TestCaseSource(nameof(Statements))]
    public async Task Every_name_in_a_statement_resolves_to_pg_catalog(string sql)
    {
        var (positional, types) = probes[sql];
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using var transaction = await connection.BeginTransactionAsync(Token);
        await using var command = new NpgsqlCommand { Connection = connection, Transaction = transaction };
        command.CommandText = $"""
            DO $do$ BEGIN
            EXECUTE $probe$CREATE FUNCTION public.probe({types}) RETURNS void LANGUAGE sql BEGIN ATOMIC {positional}; END$probe$;
            END $do$
            """;
        await command.ExecuteNonQueryAsync(Token);
        command.CommandText = $"""
            SET LOCAL search_path = pg_catalog;
            SELECT coalesce(string_agg(DISTINCT pg_describe_object(d.refclassid, d.refobjid, 0), '; '), '')
            FROM pg_depend d
            WHERE d.classid = 'pg_proc'::regclass AND d.objid = 'public.probe'::regproc
              AND (d.refobjid IN (SELECT p.oid FROM pg_proc p WHERE p.proowner = '{Shadows.Intruder}'::regrole)
                OR d.refobjid IN (SELECT o.oid FROM pg_operator o WHERE o.oprowner = '{Shadows.Intruder}'::regrole))
            """;
        Assert.That(await command.ExecuteScalarAsync(Token), Is.EqualTo(""));
    }

    // Covers functions with more arguments, or with other types, than the planted ones have.
    [TestCaseSource(nameof(Statements))]
    public void Every_function_in_a_statement_names_its_schema(string sql) =>
        Assert.That(
            Call().Matches(Literal().Replace(sql, "''")).Select(m => m.Groups["name"].Value).Where(functions.Contains).Except(["extract"]),
            Is.Empty,
            "Write pg_catalog. before these functions.");

    // The grammar resolves unnest of several arrays to functions of pg_catalog.
    [GeneratedRegex(@"(?<![\w.@$])(?!unnest\([^()]*,)(?<name>[a-z_][a-z0-9_]*)\s*\(", RegexOptions.CultureInvariant)]
    private static partial Regex Call();

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Literal();
}
