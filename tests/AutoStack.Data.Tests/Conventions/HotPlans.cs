using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Conventions;

/// <summary>
/// The plans of the hot statements on filled tables, custom and generic. An index finds the rows, and gives their order where an index has
/// that order. No statement scans a whole table.
/// </summary>
public sealed class HotPlans : DatabaseTests
{
    private const string Start = "'00000000-0000-0000-0000-000000000000'";
    private const string End = "'ffffffff-ffff-ffff-ffff-ffffffffffff'";

    // The deployment with the longest log and the user with the most deployments, for whom a scan would cost most.
    private const string Deployment = "md5('deployment10000')::uuid";
    private const string Owner = "md5('owner1')::uuid";

    private static readonly (string Name, string Type, string Value)[] Ids =
        [("deploymentId", "uuid", Deployment), ("ownerId", "uuid", Owner)];

    [OneTimeSetUp]
    public async Task FillAsync()
    {
        await ExecuteAsync(
            """
            INSERT INTO users (id, name, email, email_verified, created_at, updated_at)
            SELECT md5('owner' || n)::uuid, 'Ada', 'owner' || n || '@example.com', FALSE, now(), now() FROM generate_series(1, 2000) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO projects (
                id, user_id, name, repository, branch, build_command, output_dir, runtime, auto_deploy_enabled, created_at, updated_at)
            SELECT md5('project' || n)::uuid, md5('owner' || 1 + (n - 1) % 200)::uuid, 'Site', 'https://git.example.com/ada/site-' || n,
                'main', 'make', 'dist', 'static', TRUE, now(), now()
            FROM generate_series(1, 5000) n
            """);

        // Every tenth deployment belongs to the first project and its user. Four of five succeeded; a few are waiting, and fewer are built.
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT md5('deployment' || n)::uuid, md5('project' || project)::uuid, md5('owner' || 1 + (project - 1) % 200)::uuid,
                CASE WHEN n % 5 < 4 THEN 'success' ELSE 'failed' END, 'manual', FALSE, '2026-01-01'::timestamp + n * interval '1 s', FALSE
            FROM (SELECT n, CASE WHEN n % 10 = 0 THEN 1 ELSE 1 + n % 5000 END AS project FROM generate_series(1, 30000) n) d
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, is_deleted)
            SELECT gen_random_uuid(), md5('project' || n)::uuid, md5('owner' || n)::uuid, 'queued', 'manual', FALSE,
                '2026-02-01'::timestamp + n * interval '1 s', FALSE
            FROM generate_series(1, 50) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployments (id, project_id, user_id, status, creator_type, is_production, created_at, started_at, is_deleted)
            SELECT gen_random_uuid(), md5('project' || n)::uuid, md5('owner' || 1 + (n - 1) % 200)::uuid, 'building', 'manual', FALSE,
                '2026-02-02'::timestamp + n * interval '1 s', '2026-02-03', FALSE
            FROM generate_series(1, 20) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_logs (id, deployment_id, timestamp, log_level, message, created_at, seq)
            SELECT gen_random_uuid(), md5('deployment' || d)::uuid, '2026-01-01'::timestamp + n * interval '1 ms', 'info', 'line ' || n,
                '2026-01-01', n
            FROM generate_series(9700, 10000) d, LATERAL generate_series(1, CASE WHEN d = 10000 THEN 60000 ELSE 200 END) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_stages (id, deployment_id, stage_name, status, created_at)
            SELECT gen_random_uuid(), md5('deployment' || d)::uuid, s, 'completed', '2026-01-01'
            FROM generate_series(1, 10000) d, unnest(ARRAY['queued', 'cloning', 'checkout', 'building']) s
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_containers (id, deployment_id, container_id, image, host, port, status, created_at, stopped_at)
            SELECT gen_random_uuid(), md5('deployment' || n)::uuid, 'c' || n, 'site', 'node-' || n / 1000, 30000 + n % 1000,
                CASE WHEN n % 10 = 0 THEN 'running' ELSE 'stopped' END, '2026-01-01', CASE WHEN n % 10 > 0 THEN '2026-01-02'::timestamp END
            FROM generate_series(1, 20000) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_health_checks (id, deployment_id, url, is_live, checked_at)
            SELECT gen_random_uuid(), md5('deployment' || d)::uuid, 'http://a', TRUE, '2026-01-01'::timestamp + n * interval '1 minute'
            FROM generate_series(9900, 10000) d, generate_series(1, 500) n
            """);
        await ExecuteAsync(
            """
            INSERT INTO deployment_leases (deployment_id, worker, claim_key, attempt, claimed_at, renewed_at)
            SELECT md5('deployment' || n)::uuid, 'w', gen_random_uuid(), 1, '2026-01-01', '2026-01-01' FROM generate_series(1, 10000) n
            """);
        await ExecuteAsync(
            """
            VACUUM (ANALYZE) users, projects, deployments, deployment_leases, deployment_logs, deployment_stages,
                deployment_containers, deployment_health_checks
            """);
    }

    [Test]
    public Task A_deployment_is_found_by_the_primary_key([Values] bool generic) => AssertOrderedAsync(
        generic, "deployments_pkey",
        ["FROM deployments d\nWHERE d.id = @id AND d.user_id = @ownerId AND NOT d.is_deleted", "d.commit_hash"],
        ("id", "uuid", Deployment), ("ownerId", "uuid", Owner));

    [Test]
    public Task A_deployment_with_its_project_is_found_by_the_primary_key([Values] bool generic) => AssertOrderedAsync(
        generic, "deployments_pkey", ["JOIN projects p ON p.id = d.project_id\nWHERE d.id = @id AND d.user_id = @ownerId"],
        ("id", "uuid", Deployment), ("ownerId", "uuid", Owner));

    [Test]
    public Task Recent_deployments_are_read_in_index_order([Values] bool generic) => AssertOrderedAsync(
        generic, "deployments_user_id_created_at_id_numbers_idx",
        ["WHERE d.user_id = (SELECT @ownerId::uuid) AND NOT d.is_deleted AND (d.created_at, d.id) <"],
        ("ownerId", "uuid", Owner), ("createdAt", "timestamp", "'9999-01-01'"), ("id", "uuid", End), ("limit", "int", "20"));

    [Test]
    public Task Recent_deployments_of_a_project_are_read_in_index_order([Values] bool generic) => AssertOrderedAsync(
        generic, "deployments_project_id_created_at_id_idx", ["WHERE d.project_id = @projectId AND EXISTS", "(d.created_at, d.id) <"],
        ("projectId", "uuid", "md5('project1')::uuid"), ("ownerId", "uuid", Owner),
        ("createdAt", "timestamp", "'9999-01-01'"), ("id", "uuid", End), ("limit", "int", "20"));

    [Test]
    public Task The_latest_deployment_of_a_project_is_read_from_its_index(
        [Values] bool generic, [Values("NULL", "'failed'")] string status) => AssertOrderedAsync(
        generic, "deployments_project_id_created_at_id_idx", ["WHERE d.project_id = @projectId AND EXISTS", "LIMIT 1"],
        ("projectId", "uuid", "md5('project1')::uuid"), ("ownerId", "uuid", Owner), ("status", "text", status));

    [Test]
    public Task A_log_page_is_read_in_index_order_at_any_position(
        [Values] bool generic, [Values("0", "30000", "58000")] string seq) => AssertOrderedAsync(
        generic, "deployment_logs_deployment_id_seq_key",
        ["l.seq > @seq AND EXISTS", "ORDER BY l.seq\nLIMIT (SELECT @limit::int)"], ["ILIKE"],
        [.. Ids, ("seq", "bigint", seq), ("limit", "int", "200")]);

    [Test]
    public Task A_log_tail_is_read_in_index_order([Values] bool generic) => AssertOrderedAsync(
        generic, "deployment_logs_deployment_id_seq_key", ["l.seq <= @seq AND EXISTS", "c.closed_at IS NOT NULL)\nORDER BY l.seq DESC"], [],
        [.. Ids, ("seq", "bigint", "9223372036854775807"), ("limit", "int", "200")]);

    // A deployment has at most a few stages; no index has their order.
    [Test]
    public Task Stages_of_a_deployment_are_found_by_index([Values] bool generic) => AssertAsync(
        generic, "deployment_stages", mayBeSorted: true,
        ShippedPlan.Statement("WHERE s.deployment_id = @deploymentId AND EXISTS", "LIMIT @limit"),
        [.. Ids, ("limit", "int", "100")]);

    // A deployment has at most a few containers; no index has their order.
    [Test]
    public Task Containers_of_a_deployment_are_found_by_index([Values] bool generic) => AssertAsync(
        generic, "idx_deployment_containers_deployment_id", mayBeSorted: true,
        ShippedPlan.Statement("WHERE c.deployment_id = @deploymentId AND EXISTS", "LIMIT @limit"),
        [.. Ids, ("limit", "int", "100")]);

    [Test]
    public Task The_latest_health_checks_are_read_in_index_order([Values] bool generic) => AssertOrderedAsync(
        generic, "deployment_health_checks_deployment_id_checked_at_id_idx",
        ["WHERE h.deployment_id = (SELECT @deploymentId::uuid) AND EXISTS", "LIMIT (SELECT @limit::int)"], [],
        [.. Ids, ("limit", "int", "100")]);

    [Test]
    public Task Running_containers_are_read_in_id_order([Values] bool generic) => AssertOrderedAsync(
        generic, "deployment_containers_pkey", ["c.status::text = 'running' AND c.id >= coalesce(@afterId, "],
        ("afterId", "uuid", Start), ("limit", "int", "100"));

    [Test]
    public Task A_claim_reads_the_head_of_the_queue_by_its_index([Values] bool generic) => AssertOrderedAsync(
        generic, "deployments_waiting_queue_place_id_idx",
        ["q.queue_place >= @afterPlace\n    ORDER BY q.queue_place, q.id\n    LIMIT 1\n    FOR NO KEY UPDATE SKIP LOCKED"],
        ("afterPlace", "bigint", "0"), ("now", "timestamp", "'2026-03-01'"), ("stageId", "uuid", "gen_random_uuid()"),
        ("key", "uuid", "gen_random_uuid()"), ("worker", "text", "'w'"), ("lease", "interval", "'1 minute'"));

    // Of the pauses, of which there are few, the look reads any.
    [Test]
    public async Task The_look_for_scheduled_deployments_reads_their_end_of_the_queue([Values] bool generic)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);
        var plan = await ShippedPlan.ExplainAsync(
            connection,
            ShippedPlan.Statement("q.queue_place >= 4611686018427387904 AND q.queue_place <= 4611686018427387904"),
            generic,
            [("now", "timestamp", "'2026-03-01'"), ("limit", "int", "500")]);

        Assert.That(
            plan,
            Does.Contain("deployments_waiting_queue_place_id_idx").And.Not.Contain("Sort").And.Not.Contain("Seq Scan on deployments"));
    }

    [Test]
    public Task The_next_start_is_read_from_the_queue([Values] bool generic) => AssertOrderedAsync(
        generic, "deployments_waiting_queue_place_id_idx",
        ["SELECT greatest(q.queue_place"], ("now", "timestamp", "'2026-03-01'"));

    [Test]
    public Task A_success_finds_what_is_live_by_its_key([Values] bool generic) => AssertOrderedAsync(
        generic, "live_deployments_pkey", ["INSERT INTO live_deployments"],
        ("id", "uuid", Deployment), ("key", "uuid", "NULL"), ("deployedUrl", "text", "NULL"), ("reason", "text", "'x'"),
        ("now", "timestamp", "'2026-03-01'"), ("stageId", "uuid", "gen_random_uuid()"));

    // The limits are counted by the indexes of deployments under way; of the waiting ones, one row per project is read.
    [Test]
    public async Task A_claim_with_limits_reads_one_waiting_row_per_project([Values] bool generic)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);

        // The setting that the previous statement of the batch leaves behind.
        await using (var locked = new NpgsqlCommand($"SELECT set_config('autostack.locked_logs', {Deployment}::text, FALSE)", connection))
        {
            await locked.ExecuteScalarAsync(Token);
        }

        var claim = ShippedStatements.Statements.First(s => s.Contains("WITH RECURSIVE visited", StringComparison.Ordinal));
        var plan = await ShippedPlan.ExplainAsync(
            connection, claim, generic,
            [
                ("maxPerProject", "int", "2"), ("maxPerUser", "int", "3"), ("afterUser", "uuid", Start),
                ("key", "uuid", "gen_random_uuid()"),
            ]);

        Assert.That(plan, Does.Contain("deployments_waiting_user_id_project_id_queue_place_id_idx")
            .And.Contain("deployments_under_way_project_id_idx")
            .And.Contain("deployments_under_way_user_id_idx"));
        Assert.That(plan, Does.Not.Contain("Seq Scan on deployments"), plan);
    }

    // The planner takes the index over all waiting deployments for smaller than it is.
    [Test]
    public async Task A_claim_with_limits_finds_the_chosen_deployment_by_its_id([Values] bool generic)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);

        // The setting that the previous statement of the batch leaves behind.
        await using (var chosen = new NpgsqlCommand($"SELECT set_config('autostack.chosen_ids', {Deployment}::text, FALSE)", connection))
        {
            await chosen.ExecuteScalarAsync(Token);
        }

        var plan = await ShippedPlan.ExplainAsync(
            connection, ShippedPlan.Statement("WITH chosen AS MATERIALIZED"), generic,
            [
                ("maxPerProject", "int", "2"), ("maxPerUser", "int", "3"), ("now", "timestamp", "'2026-03-01'"),
                ("stageId", "uuid", "gen_random_uuid()"), ("key", "uuid", "gen_random_uuid()"), ("worker", "text", "'w'"),
                ("lease", "interval", "'1 minute'"),
            ]);

        // The first place of the user is read from one index of waiting deployments; no other one is read.
        Assert.That(plan, Does.Contain("deployments_pkey on deployments q").And.Contain("deployments_under_way_project_id_idx"));
        Assert.That(plan, Does.Not.Match("deployments_waiting_(?!user_id_queue_place_idx)"), plan);
    }

    [Test]
    public Task Stalled_deployments_are_found_by_the_under_way_index([Values] bool generic) => AssertAsync(
        generic, "deployments_under_way_", mayBeSorted: true, ShippedPlan.Statement("FOR UPDATE SKIP LOCKED", "@idle"),
        ("idle", "interval", "'1 hour'"), ("now", "timestamp", "'2026-03-01'"), ("limit", "int", "10"));

    // The plan may sort: it sorts the lines of the caller.
    [Test]
    public Task An_append_finds_the_last_seq_by_index([Values] bool generic) => AssertAsync(
        generic, "deployment_logs_deployment_id_seq_key", mayBeSorted: true,
        ShippedPlan.Statement("SELECT s.id, @deploymentId, s.timestamp"),
        ("deploymentId", "uuid", Deployment), ("now", "timestamp", "'2026-03-01'"), ("maxBytes", "bigint", "1000000"),
        ("ending", "text", "'the end'"), ("endingLevel", "text", "'warning'"), ("ids", "uuid[]", "ARRAY[gen_random_uuid()]"),
        ("times", "timestamp[]", "ARRAY['2026-03-01'::timestamp]"), ("levels", "text[]", "ARRAY['info']"),
        ("messages", "text[]", "ARRAY['a']"));

    [Test]
    public Task A_flush_finds_the_last_seqs_by_index([Values] bool generic) => AssertAsync(
        generic, "deployment_logs_deployment_id_seq_key", mayBeSorted: true,
        ShippedPlan.Statement("coalesce(k.seq, -1), coalesce(k.size, -1)"),
        ("distinctIds", "uuid[]", $"ARRAY[{Deployment}, md5('deployment9999')::uuid]"));

    private Task AssertOrderedAsync(
        bool generic, string index, string[] parts, params (string Name, string Type, string Value)[] parameters) =>
        AssertAsync(generic, index, mayBeSorted: false, ShippedPlan.Statement(parts), parameters);

    private Task AssertOrderedAsync(
        bool generic, string index, string[] parts, string[] without, (string Name, string Type, string Value)[] parameters) =>
        AssertAsync(
            generic, index, mayBeSorted: false,
            ShippedStatements.Statements.Single(s => parts.All(s.Contains) && !without.Any(s.Contains)), parameters);

    private async Task AssertAsync(
        bool generic, string index, bool mayBeSorted, string sql, params (string Name, string Type, string Value)[] parameters)
    {
        await using var connection = await Raw.OpenConnectionAsync(Token);

        // The setting that the previous statement of the batch leaves behind.
        await using (var locked = new NpgsqlCommand($"SELECT set_config('autostack.locked_logs', {Deployment}::text, FALSE)", connection))
        {
            await locked.ExecuteScalarAsync(Token);
        }

        var plan = await ShippedPlan.ExplainAsync(connection, sql, generic, parameters);
        Assert.That(plan, Does.Contain(index).And.Not.Contain("Seq Scan"), sql);
        if (!mayBeSorted)
        {
            Assert.That(plan, Does.Not.Contain("Sort"), sql);
        }
    }
}
