using AutoStack.Data.Migrations;
using AutoStack.Data.Monitoring;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>
/// A server of its own that is set up as the documentation says, with a database whose roles are those of scripts/roles.sql.
/// </summary>
public sealed class WellSetServer : IAsyncDisposable
{
    private const string Configuration =
        """
        shared_preload_libraries = 'pg_stat_statements'
        archive_mode = on
        archive_command = '/bin/true'
        track_io_timing = on
        shared_buffers = 160MB
        random_page_cost = 1.1
        max_connections = 100
        max_locks_per_transaction = 256
        max_prepared_transactions = 10
        statement_timeout = 5min
        timezone = UTC
        autovacuum_naptime = 1h
        """;

    private readonly RestartingServer server;

    private WellSetServer(RestartingServer server) => this.server = server;

    /// <summary>Connects a superuser to the database.</summary>
    public string ConnectionString => For("autostack");

    /// <summary>Connects a role to the database.</summary>
    public string For(string role, string database = "autostack") => new NpgsqlConnectionStringBuilder(server.ConnectionString)
    {
        Database = database,
        Username = role,
    }.ConnectionString;

    public static async Task<WellSetServer> StartAsync(CancellationToken cancellationToken)
    {
        var started = new WellSetServer(await RestartingServer.StartEmptyAsync("--data-checksums", Configuration, cancellationToken));
        var roles = await File.ReadAllTextAsync(Path.Combine(SourceRoot.Path, "scripts", "roles.sql"), cancellationToken);
        await started.ExecuteAsync("CREATE DATABASE autostack", "postgres");
        await started.ExecuteAsync(roles);
        await new SchemaMigrator(started.For("autostack_migrator")).UpgradeAsync(cancellationToken: cancellationToken);
        await started.ExecuteAsync(roles);
        await started.ExecuteAsync("CREATE EXTENSION pg_stat_statements");
        await started.ResetCheckpointsAsync();
        return started;
    }

    /// <summary>Runs statements as a superuser, one after the other, each outside a transaction unless they are one text.</summary>
    public async Task ExecuteAsync(string sql, string database = "autostack", string role = "autostack")
    {
        await using var connection = await OpenAsync(database, role);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Opens a session outside any pool.</summary>
    public async Task<NpgsqlConnection> OpenAsync(string database = "autostack", string role = "autostack")
    {
        var connection = new NpgsqlConnection(For(role, database) + ";Pooling=false");
        await connection.OpenAsync();
        return connection;
    }

    /// <summary>Forgets the checkpoints so far.</summary>
    public Task ResetCheckpointsAsync() => ExecuteAsync(
        $"SELECT pg_stat_reset_shared('{(TestServer.Current.ServerVersion.Major >= 17 ? "checkpointer" : "bgwriter")}')");

    public Task RestartAsync(CancellationToken cancellationToken) => server.RestartAsync(cancellationToken);

    /// <summary>What the doctor finds, as a superuser unless a role is given.</summary>
    public async Task<IReadOnlyList<Finding>> ExamineAsync(
        DoctorOptions? options = null, string role = "autostack", string database = "autostack")
    {
        await using var provider = new ServiceCollection().AddAutoStackData(o =>
        {
            o.ConnectionString = For(role, database);
            o.MinPoolSize = 0;
        }).AddAutoStackDataWorkers().BuildServiceProvider();
        return await provider.GetRequiredService<IDatabaseDoctor>().ListFindingsAsync(options, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => server.DisposeAsync();
}
