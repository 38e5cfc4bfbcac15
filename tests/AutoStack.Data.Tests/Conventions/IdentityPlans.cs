using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>The plans of the statements that find a user by an account at a provider, which three indexes serve.</summary>
public sealed class IdentityPlans : DatabaseTests
{
    [OneTimeSetUp]
    public async Task FillAsync()
    {
        await ExecuteAsync("""
            INSERT INTO users (id, name, email, github_id, google_id)
            SELECT gen_random_uuid(), 'Ada', 'many-' || n || '@example.com', 'gh-' || n, 'go-' || n FROM generate_series(1, 20000) n
            """);
        await ExecuteAsync("""
            INSERT INTO user_identities SELECT gen_random_uuid(), id, 'gitlab', 'gl-' || github_id, now() FROM users
            """);
        await ExecuteAsync("ANALYZE users, user_identities");
    }

    [Test]
    public async Task An_account_at_a_provider_is_found_by_indexes([Values] bool generic, [Values] bool isColumn)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        var plan = await ShippedPlan.ExplainAsync(
            connection, ShippedPlan.Statement("SELECT u.id, u.name", "FROM users u\nWHERE (u.github_id::text = @gitHubId"), generic,
            [
                ("gitHubId", "text", isColumn ? "'gh-7'" : "NULL"), ("googleId", "text", "NULL"),
                ("provider", "text", isColumn ? "NULL" : "'gitlab'"), ("providerId", "text", isColumn ? "NULL" : "'gl-gh-7'"),
            ]);

        Assert.That(plan, Does.Contain("Index").And.Not.Contain("Seq Scan"), plan);
    }
}
