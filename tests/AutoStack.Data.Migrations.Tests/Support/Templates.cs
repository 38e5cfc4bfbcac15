using System.Collections.Concurrent;
using AutoStack.Data.Testing;
using AutoStack.Data.Testing.Internal;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>Databases that tests copy instead of building one each: built once per server, dropped at the end of the run.</summary>
internal static class Templates
{
    private static readonly ConcurrentDictionary<(PostgresServer Server, string Name), Lazy<Task<TestDatabase>>> Built = new();

    /// <summary>A copy of the template; the first call builds it.</summary>
    public static async Task<TestDatabase> CopyAsync(
        PostgresServer server, string name, Func<string, Task> build, CancellationToken cancellationToken)
    {
        var template = await Built.GetOrAdd((server, name), _ => new(() => BuildAsync(server, build))).Value;
        return await TestDatabase.CreateAsync(new Administration(server.ConnectionString), template.Name, cancellationToken);
    }

    public static async Task DropAsync()
    {
        foreach (var template in Built.Values)
        {
            await (await template.Value).DisposeAsync();
        }
    }

    private static async Task<TestDatabase> BuildAsync(PostgresServer server, Func<string, Task> build)
    {
        var database = await server.CreateEmptyDatabaseAsync(CancellationToken.None);

        // PostgreSQL does not copy a database that has open sessions.
        await build(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString);
        return database;
    }
}
