using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Adoption;

public sealed class AdoptionForecastTests : AdoptionTestsBase
{
    [Test]
    public async Task An_adoption_names_a_name_that_is_taken()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("CREATE FUNCTION assign_log_seq() RETURNS int LANGUAGE sql AS 'SELECT 1'");

        var run = await ConsoleRun.StartAsync(["adopt", "--dry-run", "--json"], connection: ConnectionString, cancellationToken: Token);

        Assert.That(run.Code, Is.EqualTo(1), run.Error);
        var obstacle = run.Json.GetProperty("obstacles").EnumerateArray().Single();
        Assert.That(obstacle.GetProperty("before").GetString(), Is.EqualTo("0003_add_log_sequence.sql"));
        Assert.That(obstacle.GetProperty("hint").GetString(), Does.Contain("ALTER ROUTINE public.assign_log_seq() RENAME TO"));
        Assert.That(await ListAsync(obstacle.GetProperty("query").GetString()!), Is.EqualTo(new[] { "function" }));
    }

    [Test]
    public async Task An_adoption_names_a_view_over_a_column_that_gets_another_type()
    {
        await MakeAsync(CreateAll);
        await ExecuteAsync("CREATE VIEW payloads AS SELECT id, payload_json FROM webhook_payloads");

        var plan = await Migrator().PlanAdoptionAsync(cancellationToken: Token);

        Assert.That(plan.Obstacles.Select(o => o.Before), Is.EqualTo(new[] { "adopt_webhook_payloads_json.sql" }));
        Assert.That(plan.Obstacles[0].Hint, Does.Contain("DROP VIEW public.payloads;"));
        Assert.That((await Migrator().PlanAdoptionAsync(new AdoptionOptions { KeepJson = true }, Token)).Obstacles, Is.Empty);
    }
}
