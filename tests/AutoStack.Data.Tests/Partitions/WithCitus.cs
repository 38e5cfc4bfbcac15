using System.Globalization;
using System.Runtime.CompilerServices;
using AutoStack.Data.Migrations;
using AutoStack.Data.Testing;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests.Partitions;

/// <summary>
/// Gives each database of the run the feature citus, when the variable names the folder of a server's binaries that have Citus. The lines
/// and checks are on the same node, or on as many others as a second variable says.
/// </summary>
internal static class WithCitus
{
    private const string Nodes = "AUTOSTACK_TEST_CITUS_NODES";

    // A node that is added gets the roles of the first one, which two databases cannot copy at once.
    private static readonly SemaphoreSlim OneAtATime = new(1);

    private static readonly Lazy<Task<PostgresServer[]>> Others = new(() => Task.WhenAll(
        Enumerable.Range(0, int.Parse(Environment.GetEnvironmentVariable(Nodes) ?? "0", CultureInfo.InvariantCulture))
            .Select(_ => PostgresServer.StartAsync(CitusServer.Options()))));

#pragma warning disable CA2255 // Runs before the first fixture creates its database.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        if (!CitusServer.IsOn)
        {
            return;
        }

        TestServer.Options = CitusServer.Options();
        LibraryConnection.PrepareAsync = PrepareAsync;
    }

    private static async Task PrepareAsync(string connectionString)
    {
        await ExecuteAsync(connectionString, "CREATE EXTENSION citus");
        var others = await Others.Value;
        var own = new NpgsqlConnectionStringBuilder(connectionString);
        await OneAtATime.WaitAsync();
        try
        {
            if (others.Length > 0)
            {
                await ExecuteAsync(connectionString, $"SELECT citus_set_coordinator_host('127.0.0.1', {own.Port})");
            }

            foreach (var other in others)
            {
                await ExecuteAsync(other.ConnectionString, $"CREATE DATABASE {own.Database}");
                var node = new NpgsqlConnectionStringBuilder(other.ConnectionString) { Database = own.Database };
                await ExecuteAsync(node.ConnectionString, "CREATE EXTENSION citus");
                await ExecuteAsync(connectionString, $"SELECT citus_add_node('127.0.0.1', {node.Port})");
            }
        }
        finally
        {
            OneAtATime.Release();
        }

        await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Head.In("citus"));
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Command Timeout=300");
        await connection.OpenAsync();
#pragma warning disable CA2100 // The statements are those above.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
