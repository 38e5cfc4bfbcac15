using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Checks;

/// <summary>A fixture whose databases are at the newest version and have a few rows.</summary>
public abstract class SeededTests : MigrationTests
{
    private const string Rows = """
        INSERT INTO users (name, email, password_hash) VALUES ('Ada', 'ada@example.com', 'x'), ('Ada the second', 'ada2@example.com', 'x');
        INSERT INTO projects (user_id, name, repository) SELECT id, 'site', 'https://github.com/ada/site' FROM users;
        INSERT INTO deployments (project_id, user_id) SELECT id, user_id FROM projects;
        INSERT INTO deployment_logs (deployment_id, message) SELECT id, 'line' FROM deployments;
        INSERT INTO deployment_runtime_logs (deployment_id, message) SELECT id, 'line' FROM deployments;
        INSERT INTO deployment_stages (deployment_id, stage_name) SELECT id, 'build' FROM deployments;
        INSERT INTO deployment_containers (deployment_id, container_id, image, port) SELECT id, 'c', 'i', 8080 FROM deployments LIMIT 1;
        INSERT INTO deployment_health_checks (deployment_id, url) SELECT id, 'http://localhost' FROM deployments;
        INSERT INTO sessions (user_id, token, expires_at) SELECT id, 'token of ' || name, '2030-01-01' FROM users;
        INSERT INTO webhook_payloads (provider, payload_json, headers) VALUES ('github', '{}', '{}');
        """;

    protected Task StartSeededAsync() => StartWithAsync("rows", async template =>
    {
        await new SchemaMigrator(template).UpgradeAsync();
        await using var connection = new NpgsqlConnection(template);
        await connection.OpenAsync();
        await using var insert = new NpgsqlCommand(Rows, connection);
        await insert.ExecuteNonQueryAsync();
    });
}
