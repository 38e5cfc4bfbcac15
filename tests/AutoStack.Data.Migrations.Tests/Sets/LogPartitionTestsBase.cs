using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>Filled tables, on which the feature <c>log-partitions</c> is switched on and off.</summary>
public abstract class LogPartitionTestsBase(string release = "") : MigrationTests(release)
{
    protected const string Name = "log-partitions";

    // Deployments and rows of the past, and one in ten whose ids lie in a period to come, as ids of version 4 may.
    private const string Fill = """
        CREATE FUNCTION pg_temp.key(moment timestamptz, n bigint) RETURNS uuid LANGUAGE sql AS $$
            SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid
        $$;
        CREATE FUNCTION pg_temp.key(n bigint) RETURNS uuid LANGUAGE sql AS $$
            SELECT pg_temp.key(now() + CASE WHEN n % 10 = 0 THEN interval '10 days' ELSE interval '-10 days' END, n)
        $$;
        INSERT INTO users (id, name, email, created_at, updated_at) VALUES (pg_temp.key(1), 'Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (id, user_id, name, repository, created_at, updated_at)
        VALUES (pg_temp.key(1), pg_temp.key(1), 'Site', 'ada/site', now(), now());
        INSERT INTO deployments (id, project_id, user_id, status, created_at)
        SELECT pg_temp.key(n), pg_temp.key(1), pg_temp.key(1), 'success', now() FROM generate_series(1, 50) n;
        INSERT INTO deployment_logs (deployment_id, message) SELECT pg_temp.key(1 + n % 50), 'line ' || n FROM generate_series(1, 500) n;
        INSERT INTO deployment_runtime_logs (id, deployment_id, message)
        SELECT pg_temp.key(n), pg_temp.key(1 + n % 50), 'line ' || n FROM generate_series(1, 500) n;
        INSERT INTO deployment_health_checks (id, deployment_id, url, is_live)
        SELECT pg_temp.key(n), pg_temp.key(1 + n % 50), 'http://a', TRUE FROM generate_series(1, 500) n;
        """;

    /// <summary>All rows, in one number.</summary>
    protected const string Rows = """
        SELECT md5((SELECT string_agg(l::text, ' ' ORDER BY l.id) FROM deployment_logs l)
            || (SELECT string_agg(r::text, ' ' ORDER BY r.id) FROM deployment_runtime_logs r)
            || (SELECT string_agg(h::text, ' ' ORDER BY h.id) FROM deployment_health_checks h))
        """;

    /// <summary>Partitions in use, and rows.</summary>
    protected const string Places = """
        SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM deployment_logs
        UNION ALL SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM deployment_runtime_logs
        UNION ALL SELECT count(DISTINCT tableoid) || ' ' || count(*) FROM deployment_health_checks
        """;

    protected static MigrationTarget On { get; } = MigrationTarget.Head.In(Name);

    protected static MigrationTarget Off { get; } = MigrationTarget.Base.In(Name);

    [SetUp]
    public async Task FillAsync()
    {
        await StartAtAsync(Head);
        await ExecuteAsync(Fill);
    }
}
