using System.Text.RegularExpressions;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// What a claim with limits reads of the deployments under way. Beside an old snapshot, their indexes keep an entry for each deployment
/// that has ended since.
/// </summary>
public sealed partial class LimitCountPlans : DatabaseTests
{
    [OneTimeSetUp]
    public async Task FillAsync()
    {
        var project = await AddProjectAsync();
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, started_at, created_at)
            SELECT gen_random_uuid(), $1, $2, CASE WHEN n <= 500 THEN 'building' ELSE 'queued' END,
                CASE WHEN n <= 500 THEN '2026-01-01'::timestamp END, '2026-01-01'::timestamp + n * interval '1 s'
            FROM generate_series(1, 1000) n
            """, project.Id, project.UserId);
        await ExecuteAsync("VACUUM (ANALYZE) users, projects, deployments");
    }

    [TestCase("3", "NULL", false)]
    [TestCase("3", "NULL", true)]
    [TestCase("NULL", "3", false)]
    [TestCase("NULL", "3", true)]
    public async Task A_count_ends_at_the_limit(string perProject, string perUser, bool generic)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);

        var plan = await ShippedPlan.ExplainAsync(
            connection,
            ShippedPlan.Statement("LIMIT 64\n", "OF u, p, q SKIP LOCKED"),
            generic,
            [("afterPlace", "bigint", "0"), ("maxPerProject", "int", perProject), ("maxPerUser", "int", perUser)],
            options: "ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF");

        var counts = Count().Matches(plan).Select(match => (match.Groups[1].Value, match.Groups[2].Value));
        Assert.That(counts, Is.EqualTo([("3", "64")]), plan);
    }

    // The rows of each count, and how many waiting deployments were counted for; a part that does not run has none.
    [GeneratedRegex(@"using deployments_under_way_\w+ on deployments \w+ \(actual rows=(\d+)(?:\.00)? loops=(\d+)\)")]
    private static partial Regex Count();
}
