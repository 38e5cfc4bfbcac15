using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Sets;

/// <summary>Filled tables on a server with TimescaleDB, on which the feature <c>timescale</c> is switched on and off.</summary>
public abstract class TimescaleTestsBase : MigrationTests
{
    protected const string Name = "timescale";

    // 10,000 checks. The deployments of the first ten have a container that runs, so that the exchange copies their latest checks.
    private const string Fill = """
        INSERT INTO users (name, email, created_at, updated_at) VALUES ('Ada', 'ada@example.com', now(), now());
        INSERT INTO projects (user_id, name, repository, created_at, updated_at) SELECT id, 'Site', 'ada/site', now(), now() FROM users;
        INSERT INTO deployments (project_id, user_id, status, created_at)
        SELECT p.id, p.user_id, 'success', now() FROM projects p, generate_series(1, 20);
        INSERT INTO deployment_health_checks (deployment_id, url, is_live, latency_ms, checked_at)
        SELECT d.id, 'http://a', n % 3 > 0, n,
            timezone('UTC', now()) - n * CASE WHEN n % 10 = 0 THEN interval '1 minute' ELSE interval '2 hours' END
        FROM deployments d, generate_series(1, 500) n;
        INSERT INTO deployment_containers (deployment_id, container_id, image, port, status, created_at)
        SELECT d.id, d.id, 'image', 3000 + row_number() OVER (), 'running', now() FROM (SELECT id FROM deployments ORDER BY id LIMIT 10) d;
        """;

    protected const string Rows = "SELECT md5(string_agg(h::text, ' ' ORDER BY h.id)) FROM deployment_health_checks h";

    private PostgresServer own = null!;

    protected override PostgresServer Server => own;

    protected static MigrationTarget On { get; } = MigrationTarget.Head.In(Name);

    protected static MigrationTarget Off { get; } = MigrationTarget.Base.In(Name);

    [OneTimeSetUp]
    public async Task StartServerAsync() => own = await ExtensionServer.RequireAsync(Name);

    [SetUp]
    public Task FillAsync() => StartWithAsync(Name, async template =>
    {
        await using var source = NpgsqlDataSource.Create(template);
        await using var extension = source.CreateCommand(ExtensionServer.CreateSql(Name));
        await extension.ExecuteNonQueryAsync(Token);
        await new SchemaMigrator(template).UpgradeAsync(cancellationToken: Token);
        await using var fill = source.CreateCommand(Fill);
        await fill.ExecuteNonQueryAsync(Token);
    });
}
