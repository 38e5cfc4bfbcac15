using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// Statements that must not scan a whole table, explained on filled tables with custom and generic plans.
/// </summary>
public sealed class QueryPlans : DatabaseTests
{
    private const string Host = "'github.com'";
    private const string Path = "'ada/site-77'";
    private const string NoId = "'00000000-0000-0000-0000-000000000000'";

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        var user = await AddUserAsync();
        await ExecuteAsync(
            """
            INSERT INTO projects (
                id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled, created_at, updated_at)
            SELECT gen_random_uuid(), $1, 'Site', 'https://github.com/Ada/site-' || n % 10000 || '.git',
                'main', 'make', 'dist', 'static', TRUE, now(), now()
            FROM generate_series(1, 20000) n
            """, user.Id);
        await ExecuteAsync(
            """
            INSERT INTO webhook_payloads (id, provider, payload_json, headers, received_at)
            SELECT gen_random_uuid(), 'github', '{}', jsonb_build_object('x-github-delivery', 'd-' || n),
                '2026-01-01'::timestamp + n * interval '1 s'
            FROM generate_series(1, 20000) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT md5('owner' || n)::uuid, 'Ada', 'owner' || n || '@example.com', FALSE, now(), now() FROM generate_series(1, 100) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT gen_random_uuid(), p.id, u.id, 'success', 'manual', FALSE,
                '2026-01-01'::timestamp + row_number() OVER () * interval '1 s', FALSE
            FROM users u, (SELECT id FROM projects ORDER BY id LIMIT 200) p
            """);
        await ExecuteAsync(
            """
            UPDATE projects
            SET provider = 'github', provider_host = 'github.com', access_proven_at = now(),
                provider_repository_id = substring(repository_path from '[0-9]+')
            """);
        await ExecuteAsync(
            """
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT gen_random_uuid(), 'Ada', 'more' || n || '@example.com', FALSE, now(), now() FROM generate_series(1, 2000) n
            """);
        await ExecuteAsync("ANALYZE users, projects, deployments, webhook_payloads");
    }

    [Test]
    public Task Proven_targets_of_a_push_are_found_by_index([Values] bool generic) =>
        AssertUsesAsync("ORDER BY t.turn, t.created_at, t.id", generic, "projects_provider_repository_idx", Target());

    [Test]
    public Task Unproven_targets_of_a_push_are_found_by_index([Values] bool generic) =>
        AssertUsesAsync(") u\nORDER BY u.id", generic, "projects_repository_path_id_idx", Target(("path", "text", Path)));

    [Test]
    public Task Projects_of_a_repository_are_found_by_index([Values] bool generic) =>
        AssertUsesAsync(
            "@host = ''::text) AND p.id >= coalesce(@afterId, ", generic, "projects_repository_path_id_idx",
            ("host", "text", Host), ("path", "text", Path), ("afterId", "uuid", NoId), ("limit", "int", "100"));

    [Test]
    public Task Storing_a_delivery_looks_it_up_by_index([Values] bool generic) =>
        AssertUsesAsync(
            "INSERT INTO webhook_payloads", generic, "webhook_payloads_delivery_idx",
            Delivery(("payloadJson", "text", "'{}'"), ("headers", "text", "'{}'"), ("now", "timestamp", "'2026-01-01'")));

    [Test]
    public Task A_stored_delivery_is_found_by_index([Values] bool generic) =>
        AssertUsesAsync("SELECT w.id, w.deployment_id\n", generic, "webhook_payloads_delivery_idx", Delivery());

    [Test]
    public Task Webhooks_are_listed_by_the_time_index([Values] bool generic) =>
        AssertUsesAsync(
            "WHERE (@provider IS NULL", generic, "webhook_payloads_received_at_id_idx",
            ("provider", "text", "NULL"), ("receivedAt", "timestamp", "'2026-01-02'"), ("id", "uuid", NoId), ("limit", "int", "100"));

    [Test]
    public Task Webhooks_of_a_deployment_are_listed_by_index([Values] bool generic) =>
        AssertUsesAsync(
            "WHERE w.deployment_id = @deploymentId AND (@provider", generic, "webhook_payloads_deployment_id",
            ("deploymentId", "uuid", "gen_random_uuid()"), ("provider", "text", "NULL"), ("receivedAt", "timestamp", "'2026-01-02'"),
            ("id", "uuid", NoId), ("limit", "int", "100"));

    [Test]
    public Task The_oldest_webhooks_are_purged_by_the_time_index([Values] bool generic) =>
        AssertUsesAsync(
            "DELETE FROM webhook_payloads", generic, "webhook_payloads_received_at_id_idx",
            ("before", "timestamp", "'2026-01-02'"), ("limit", "int", "100"));

    [Test]
    public Task Filtered_deployments_are_listed_by_the_owner_index([Values] bool generic) =>
        AssertUsesAsync(
            "(@name::text IS NULL OR p.name::text COLLATE \"C\" ~ @name) AND (d.created_at", generic,
            "deployments_user_id_created_at_id_numbers_idx",
            Filter(("createdAt", "timestamp", "'infinity'"), ("id", "uuid", "gen_random_uuid()"), ("limit", "int", "20")));

    [Test]
    public Task Filtered_deployments_are_counted_by_the_owner_index([Values] bool generic) =>
        AssertUsesAsync("SELECT pg_catalog.count(*)\nFROM deployments d\nJOIN projects p", generic, "deployments_user_id", Filter());

    // The owner has rows, so that the planner knows the share of the table.
    private static (string Name, string Type, string Value)[] Filter(params (string Name, string Type, string Value)[] more) =>
        [
            ("ownerId", "uuid", "md5('owner7')::uuid"), ("projectId", "uuid", "NULL"), ("status", "text", "'success'"),
            ("name", "text", "'(?i)it'"), ("message", "text", "NULL"), .. more,
        ];

    private static (string Name, string Type, string Value)[] Target(params (string Name, string Type, string Value)[] more) =>
        [
            ("provider", "text", "'github'"), ("host", "text", Host), ("repositoryId", "text", "'77'"), ("maxAgeSeconds", "int", "NULL"),
            ("branches", "text[]", "'{main}'"), ("limit", "int", "1001"), ("now", "timestamp", "NULL"), .. more,
        ];

    private static (string Name, string Type, string Value)[] Delivery(params (string Name, string Type, string Value)[] more) =>
        [("id", "uuid", "gen_random_uuid()"), ("provider", "text", "'github'"), ("deliveryId", "text", "'d-77'"), .. more];

    private async Task AssertUsesAsync(
        string part, bool generic, string index, params (string Name, string Type, string Value)[] parameters)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        var plan = await ShippedPlan.ExplainAsync(connection, ShippedPlan.Statement(part), generic, parameters);
        Assert.That(plan, Does.Contain(index).And.Not.Contain("Seq Scan"));
    }
}
