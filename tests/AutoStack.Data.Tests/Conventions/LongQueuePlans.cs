using System.Globalization;
using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The plan of a claim while many deployments wait. The planner must expect to find a row early in the index over waiting deployments:
/// where it expects none, sorting all that wait costs the same in its eyes, and a claim takes 140 ms instead of 0.4.
/// </summary>
public sealed partial class LongQueuePlans : DatabaseTests
{
    private const int MostCost = 50;

    [Test]
    public async Task The_planner_expects_to_find_a_waiting_deployment_early([Values] bool generic)
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, queue_place, created_at)
            SELECT gen_random_uuid(), $1, $2, 'queued', n::bigint << 32, '2026-01-01'::timestamp + n * interval '1 s'
            FROM generate_series(1, 20000) n
            """, project.Id, project.UserId);
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments");
        await using var connection = await Raw.OpenConnectionAsync(Token);

        var plan = await ShippedPlan.ExplainAsync(
            connection,
            ShippedPlan.Statement("q.queue_place >= @afterPlace\n    ORDER BY q.queue_place, q.id\n    LIMIT 1"),
            generic,
            [
                ("afterPlace", "bigint", "0"), ("now", "timestamp", "'2026-03-01'"), ("stageId", "uuid", "gen_random_uuid()"),
                ("key", "uuid", "gen_random_uuid()"), ("worker", "text", "'w'"), ("lease", "interval", "'1 minute'"),
            ],
            options: "COSTS ON");

        var costs = Limit().Matches(plan).Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).ToList();
        Assert.That(costs, Has.Count.EqualTo(2), plan);
        Assert.That(costs, Is.All.LessThan(MostCost), plan);
        Assert.That(plan, Does.Not.Contain("Sort").And.Not.Contain("Seq Scan on deployments"), plan);
    }

    [GeneratedRegex(@"Limit +\(cost=[0-9.]+\.\.([0-9.]+) ")]
    private static partial Regex Limit();
}
