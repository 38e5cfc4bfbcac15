using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

public sealed class RowCountTests : MigrationTests
{
    [Test]
    public async Task A_downgrade_says_how_many_rows_and_values_it_loses()
    {
        await StartAtAsync(3);
        await ExecuteAsync("""
            INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'Ada', 'ada@example.com');
            INSERT INTO projects (id, user_id, name, repository) SELECT gen_random_uuid(), id, 'site', 'r' FROM users;
            INSERT INTO deployments (id, project_id, user_id) SELECT gen_random_uuid(), id, user_id FROM projects;
            INSERT INTO deployment_logs (id, deployment_id, message)
            SELECT gen_random_uuid(), id, 'm' FROM deployments, generate_series(1, 3)
            """);

        var run = await ConsoleRun.StartAsync(["downgrade", "1"], connection: ConnectionString, answer: "n", cancellationToken: Token);

        Assert.That(run.Error, Does.Contain("  deployment_logs.seq: 3 values\n").And.Contain("  The others are empty.\n"));
    }

    [Test]
    public async Task A_downgrade_of_empty_tables_says_so()
    {
        await StartAtAsync(3);

        var run = await ConsoleRun.StartAsync(["downgrade", "1", "--yes"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That(run.Error, Does.Contain("  All of them are empty.\n"));
    }

    [TestCase(0, true, 0)]
    [TestCase(1, true, 1)]
    [TestCase(RowCounts.Bound, true, RowCounts.Bound)]
    [TestCase(RowCounts.Bound * 2, false, RowCounts.Bound * 2)]
    public async Task The_number_is_exact_up_to_the_bound_and_estimated_above(int rows, bool exact, int about)
    {
        await ExecuteAsync($"""
            CREATE UNLOGGED TABLE many AS SELECT n AS id, nullif(n % 2, 0) AS odd FROM generate_series(1, {rows}) n;
            ANALYZE many
            """);

        var (counts, values) = await CountAsync(["many"], [("many", "odd")]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((counts[0].Name, counts[0].IsExact), Is.EqualTo(("many", exact)));
            Assert.That(counts[0].Number!.Value, Is.EqualTo(about).Within(exact ? 0 : about / 10));
            Assert.That(values[0].Number!.Value, Is.EqualTo((about + 1) / 2).Within(exact ? 0 : about / 10));
        }
    }

    [Test]
    public async Task An_estimate_without_statistics_is_at_least_what_was_counted()
    {
        await ExecuteAsync($"""
            CREATE UNLOGGED TABLE many WITH (autovacuum_enabled = off) AS SELECT n FROM generate_series(1, {RowCounts.Bound + 50}) n
            """);

        var (counts, _) = await CountAsync(["many"], []);

        Assert.That((counts[0].IsExact, counts[0].Number > RowCounts.Bound), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task A_locked_and_a_missing_table_have_an_unknown_number()
    {
        await ExecuteAsync("CREATE TABLE locked (x integer); CREATE TABLE \"Odd \"\"name\" (x integer)");
        await using var holder = await HoldAsync("LOCK TABLE locked");

        var (counts, _) = await CountAsync(["locked", "missing", "Odd \"name"], []);

        Assert.That(counts.Select(count => count.Number), Is.EqualTo(new long?[] { null, null, 0 }));
        Assert.That(counts[0].Describe("row"), Is.EqualTo("an unknown number of rows"));
    }

    [TestCase(1, true, "1 row")]
    [TestCase(1_200_000, false, "about 1,200,000 rows")]
    public void Numbers_are_described(long number, bool exact, string text) =>
        Assert.That(new RowCount("t", number, exact).Describe("row"), Is.EqualTo(text));

    private async Task<(IReadOnlyList<RowCount> Rows, IReadOnlyList<RowCount> Values)> CountAsync(
        string[] tables, (string, string)[] columns)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        return await RowCounts.ReadAsync(connection, tables, columns, Token);
    }
}
