using AutoStack.Data.Migrations.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>
/// The verbs that only read, under roles with few rights: each reports what the role may not see, with an exit code of its own kind, and
/// none ends with a bare error of the server.
/// </summary>
public sealed class FewRightsTests : MigrationTests
{
    private string prefix = "";

    [SetUp]
    public async Task CreateRolesAsync()
    {
        prefix = "few_" + Guid.NewGuid().ToString("N")[..8];
        await StartAtAsync(Head);
        await RunAsync(ConnectionString, "roles", "apply", "--prefix", prefix);
        await ExecuteAsync($"""
            CREATE ROLE {prefix}_bare LOGIN;
            CREATE ROLE {prefix}_monitor LOGIN IN ROLE pg_monitor;
            GRANT CONNECT ON DATABASE {DatabaseName} TO {prefix}_bare, {prefix}_monitor;
            GRANT USAGE ON SCHEMA public TO {prefix}_bare, {prefix}_monitor
            """);
        foreach (var role in new[] { "bare", "monitor", "app", "readonly" })
        {
            await ExecuteAsync($"ALTER ROLE {prefix}_{role} PASSWORD 'few'");
        }
    }

    private string DatabaseName => new NpgsqlConnectionStringBuilder(ConnectionString).Database!;

    private Task<ConsoleRun> AsAsync(string role, params string[] verb) => RunAsync(
        new NpgsqlConnectionStringBuilder(ConnectionString) { Username = $"{prefix}_{role}", Password = "few" }.ConnectionString, verb);

    private Task<ConsoleRun> RunAsync(string connection, params string[] verb) =>
        ConsoleRun.StartAsync(verb, connection: connection, cancellationToken: Token);
}
