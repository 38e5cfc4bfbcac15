using AutoStack.Data.Migrations.Internal;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>Objects of another program with the names of those that a later version creates are named, each with its mend.</summary>
public sealed class TakenNameTests : MigrationTests
{
    // The tables, and the columns of tables of version 2, that later versions create.
    private static IEnumerable<TestCaseData> Later => Enumerable.Range(3, Head - 2).SelectMany(version =>
        Catalog.Expected(version).Objects
            .Where(o => Catalog.Expected(version - 1).Find(o) is null && Catalog.Newest.Find(o) is not null)
            .Where(o => o.Kind == SchemaObjectKind.Table
                || (o.Kind == SchemaObjectKind.Column && Catalog.Expected(2).HasTable(o.Table)))
            .Select(o => new TestCaseData(version, o.Kind, o.Table, o.Name).SetArgDisplayNames(o.Path)));

    [TestCaseSource(nameof(Later))]
    public async Task A_foreign_object_with_the_name_of_a_later_one_is_an_obstacle(
        int version, SchemaObjectKind kind, string table, string name)
    {
        await StartAtAsync(version - 1);
        await ExecuteAsync(kind == SchemaObjectKind.Table ? $"CREATE TABLE {table} (own money)" : $"ALTER TABLE {table} ADD {name} money");

        var run = await ConsoleRun.StartAsync(["upgrade", "--dry-run", "--json"], connection: ConnectionString, cancellationToken: Token);
        var real = await ConsoleRun.StartAsync(["upgrade", "--json"], connection: ConnectionString, cancellationToken: Token);

        var rename = kind == SchemaObjectKind.Table ? $"ALTER TABLE public.{table} RENAME TO …;"
            : $"ALTER TABLE public.{table} RENAME COLUMN {name} TO …;";
        Assert.That(run.Code, Is.EqualTo(1), run.Error);
        var obstacle = run.Json.GetProperty("obstacles").EnumerateArray().Single(o => o.GetProperty("mend").GetString()!.Contains(rename));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(obstacle.GetProperty("kind").GetString(), Is.EqualTo("nameTaken"));
            Assert.That(obstacle.GetProperty("script").GetString(), Does.StartWith($"{version:0000}_"));
            Assert.That(obstacle.GetProperty("what").GetString(), Does.Contain(name).And.Contain("exists already"));
            Assert.That(real.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("obstacles"));
            Assert.That(await AppliedAsync(), Has.Count.EqualTo(version - 1));
        }

        await ExecuteAsync(rename.Replace("…", "own_thing", StringComparison.Ordinal));
        Assert.That((await Migrator().PlanUpgradeAsync(cancellationToken: Token)).Obstacles, Is.Empty, "the mend mends");
    }

    [Test]
    public async Task What_an_interrupted_script_has_created_exactly_is_no_obstacle()
    {
        await StartAtAsync(38);
        await ExecuteAsync("ALTER TABLE projects ADD env_vars_version uuid");

        var run = await ConsoleRun.StartAsync(["upgrade"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.Zero, run.Error);
        Assert.That((await Migrator().CheckAsync(Token)).IsClean, Is.True);
    }
}
