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
        await FillAsync();
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

    // A search that sorts counts the running deployments of all 64 projects and users before it knows the first. A search that is planned
    // for the values of its parameters is planned for each claim.
    [Test]
    public async Task A_search_with_limits_ends_at_the_first_that_has_room_by_a_plan_that_stays()
    {
        await FillAsync();
        await using var connection = await Raw.OpenConnectionAsync(Token);

        var plans = new List<string>();
        foreach (var generic in new[] { false, true })
        {
            plans.Add(await ShippedPlan.ExplainAsync(
                connection,
                ShippedPlan.Statement("LIMIT 64\n", "OF u, p, q SKIP LOCKED"),
                generic,
                [("afterPlace", "bigint", "4294967296"), ("maxPerProject", "int", "1"), ("maxPerUser", "int", "2")],
                options: "COSTS ON"));
        }

        Assert.That(plans[0], Does.Not.Contain("Sort").And.Contain("deployments_waiting_queue_place_id_idx"));
        Assert.That(Cost(plans[1]), Is.EqualTo(Cost(plans[0])), plans[1]);

        static string Cost(string plan) => TotalCost().Match(plan).Groups[1].Value;
    }

    // Of the index over the waiting deployments of a user, a step would read and sort all of them.
    [Test]
    public async Task A_walk_from_project_to_project_reads_one_waiting_deployment_of_each([Values] bool generic)
    {
        await ExecuteAsync(
            """
            WITH u AS (
                INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
                SELECT gen_random_uuid(), 'Ada', gen_random_uuid() || '@example.com', TRUE, now(), now()
                FROM generate_series(1, 100) n
                RETURNING id
            ),
            p AS (
                INSERT INTO projects (
                    id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled, created_at, updated_at)
                SELECT gen_random_uuid(), u.id, 'Site', 'https://git.example.com/walk/' || u.id || '/' || n, 'main', 'make', 'dist',
                    'static', TRUE, now(), now()
                FROM u, generate_series(1, 5) n
                RETURNING id, user_id
            )
            INSERT INTO deployments (id, project_id, user_id, status, queue_place, created_at)
            SELECT gen_random_uuid(), p.id, p.user_id, 'queued', n::bigint << 32, '2026-01-01'::timestamp + n * interval '1 s'
            FROM p, generate_series(1, 100) n
            """);

        // Without a vacuum, as in a queue that is in use: an index-only scan reads the rows, too, which changes the costs.
        await ExecuteAsync("ANALYZE users, projects, deployments");
        await using var connection = await Raw.OpenConnectionAsync(Token);

        var plan = await ShippedPlan.ExplainAsync(
            connection,
            ShippedPlan.Statement("WITH RECURSIVE visited", "OF u, p, q SKIP LOCKED"),
            generic,
            [("afterUser", "uuid", "gen_random_uuid()"), ("maxPerProject", "int", "1"), ("maxPerUser", "int", "2")]);

        Assert.That(plan, Does.Contain("deployments_waiting_user_id_project_id_queue_place_id_idx"));
        Assert.That(plan, Does.Not.Contain("Incremental Sort").And.Not.Contain("deployments_waiting_user_id_queue_place_idx"), plan);
    }

    private async Task FillAsync()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, queue_place, created_at)
            SELECT gen_random_uuid(), $1, $2, 'queued', n::bigint << 32, '2026-01-01'::timestamp + n * interval '1 s'
            FROM generate_series(1, 20000) n
            """, project.Id, project.UserId);
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments");
    }

    [GeneratedRegex(@"cost=[0-9.]+\.\.([0-9.]+) ")]
    private static partial Regex TotalCost();

    [GeneratedRegex(@"Limit +\(cost=[0-9.]+\.\.([0-9.]+) ")]
    private static partial Regex Limit();
}
