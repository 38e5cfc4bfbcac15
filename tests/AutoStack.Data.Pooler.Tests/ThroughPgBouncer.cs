using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using AutoStack.Data.Migrations;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Tests;

/// <summary>
/// Puts one PgBouncer between the library and all databases of the run, which have the feature row-security: every call of an owner runs
/// as the tenant role, for its transaction. The connections that tests open themselves stay direct.
/// </summary>
[UnsupportedOSPlatform("windows")]
internal static class ThroughPgBouncer
{
    // There are fewer sessions than connections of the library, so that the pooler lends each session to several clients.
    private const string Settings = """
        pool_mode = transaction
        default_pool_size = 20
        max_client_conn = 2000
        server_idle_timeout = 5
        """;

    // Tests that make their own databases do without the feature.
    private static readonly ConcurrentDictionary<string, bool> Guarded = new();

    private static readonly Lazy<PgBouncer> Pooler = new(() =>
        Task.Run(() => PgBouncer.StartAsync(TestServer.Current.ConnectionString, Settings, CancellationToken.None))
            .GetAwaiter().GetResult());

#pragma warning disable CA2255 // Runs before the first fixture builds its host.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Install()
    {
        LibraryConnection.PrepareAsync = async connectionString =>
        {
            await new SchemaMigrator(connectionString).UpgradeAsync(MigrationTarget.Head.In("row-security"));
            Guarded[connectionString] = true;
        };
        LibraryConnection.Set = Connect;
    }

    private static void Connect(AutoStackDataOptions options, string connectionString)
    {
        options.Pooler = PoolerMode.Transaction;
        options.TenantRole = Guarded.ContainsKey(connectionString) ? "autostack_tenant" : null;
        // Each change of the suite is a transaction with a setting before it.
        options.Actor = () => "a service behind the pooler";
        options.ConnectionString = new NpgsqlConnectionStringBuilder(Pooler.Value.ConnectionString)
        {
            Database = new NpgsqlConnectionStringBuilder(connectionString).Database,
            Pooling = true,
        }.ConnectionString;
    }
}
