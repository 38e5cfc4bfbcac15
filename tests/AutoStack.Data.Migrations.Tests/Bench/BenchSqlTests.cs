using System.Text.RegularExpressions;
using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Bench;

public sealed partial class BenchSqlTests : MigrationTests
{
    [TestCaseSource(typeof(LoadSql), nameof(LoadSql.All))]
    public void Every_statement_is_one_that_the_library_sends(string sql) => Assert.That(StringsOfTheLibrary(), Does.Contain(sql));

    [TestCaseSource(typeof(LoadSql), nameof(LoadSql.All))]
    public void Every_table_of_a_statement_is_the_benchmarks(string sql)
    {
        var moved = LoadSql.In("autostack_bench_0", sql);

        Assert.That(Table().Count(moved), Is.EqualTo(Table().Count(sql)));
        Assert.That(Table().Matches(moved).Select(match => match.Groups["before"].Value), Is.All.EqualTo("autostack_bench_0."));
    }

    [Test]
    public async Task The_tables_are_those_of_the_scripts()
    {
        await Migrator().UpgradeAsync(cancellationToken: Token);
        await using var database = await BenchDatabase.ConnectAsync(new MigrationServer(ConnectionString), ConnectionString, TimeSpan.Zero, new Recorder(), Token);
        await database.FillAsync(Token);

        foreach (var what in new[] { Columns, Constraints, Indexes })
        {
            var made = await ListAsync(what.Replace("SCHEMA", database.Schema, StringComparison.Ordinal));
            var expected = await ListAsync(what.Replace("SCHEMA", "public", StringComparison.Ordinal));
            Assert.That(made.Select(row => row.Replace(database.Schema + ".", "", StringComparison.Ordinal)),
                Is.EquivalentTo(expected.Select(row => row.Replace("public.", "", StringComparison.Ordinal).Replace(" NOT VALID", "", StringComparison.Ordinal))).And.Not.Empty);
        }
    }

    private const string Tables = "c.relnamespace = 'SCHEMA'::regnamespace AND c.relname IN ('users', 'projects', 'deployments', 'deployment_logs')";

    private const string Columns = $"""
        SELECT concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull)
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE {Tables}
        """;

    private const string Constraints = $"""
        SELECT concat_ws(' ', c.relname, o.conname, pg_get_constraintdef(o.oid))
        FROM pg_class c
        JOIN pg_constraint o ON o.conrelid = c.oid AND o.contype <> 'n'
        WHERE {Tables}
        """;

    // Without those that only webhooks read.
    private const string Indexes = $"""
        SELECT pg_get_indexdef(i.indexrelid)
        FROM pg_class c
        JOIN pg_index i ON i.indrelid = c.oid
        WHERE {Tables} AND i.indexrelid::regclass::text NOT SIMILAR TO '%projects_(repository_path_id|provider_repository)_idx'
        """;

    private static IReadOnlyList<string> StringsOfTheLibrary() => AssemblyStrings.Of(typeof(IUnitOfWork).Assembly);

    [GeneratedRegex(@"(?<before>\w+\.|)\b(users|projects|deployments|deployment_logs)\b", RegexOptions.CultureInvariant)]
    private static partial Regex Table();
}
