using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The plans of a table that is often nearly empty. The planner reads a table of one page whole, and a connection keeps such a plan while
/// thousands of rows come and go before the next vacuum: beside an old snapshot each end of a deployment would read all of them.
/// </summary>
public sealed class EmptiedTablePlans : DatabaseTests
{
    [TestCase("SELECT l.deployment_id\nFROM deployment_leases l\nWHERE l.deployment_id = @id AND l.claim_key = @key")]
    [TestCase("WITH renewed AS (")]
    public async Task Leases_are_found_by_their_index_after_a_vacuum_of_the_empty_table(string part)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        await using (var fill = connection.CreateCommand())
        {
            // Leases without their deployments.
            fill.CommandText = """
                SET session_replication_role = replica;
                INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at, expires_at)
                SELECT gen_random_uuid(), 'worker', gen_random_uuid(), 1, now(), now(), now()
                FROM generate_series(1, 3000) n;
                DELETE FROM deployment_leases;
                RESET session_replication_role;
                """;
            await fill.ExecuteNonQueryAsync(Token);
        }

        await ExecuteAsync("VACUUM (ANALYZE) deployment_leases");

        var plan = await ShippedPlan.ExplainAsync(
            connection,
            ShippedPlan.Statement(part),
            generic: true,
            [
                ("id", "uuid", "gen_random_uuid()"), ("key", "uuid", "gen_random_uuid()"), ("lease", "interval", "NULL"),
                ("now", "timestamp", "NULL"),
            ]);

        Assert.That(plan, Does.Contain("Index Scan using deployment_leases_").And.Not.Contain("Seq Scan on deployment_leases"));
    }
}
