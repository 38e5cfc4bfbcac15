using AutoStack.Data.Accounts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace AutoStack.Data.Tests.Hosts;

/// <summary>Each test has a primary and a hot standby of its own, and a host whose connection string names both.</summary>
public abstract class ReplicationTests
{
    private static int sequence;

    protected static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    /// <summary>Starts the servers; where their programs are not on this machine, the test is ignored.</summary>
    protected static async Task<ReplicatedServers> StartAsync(int applyDelay = 0, bool isSynchronous = false)
    {
        await using var source = NpgsqlDataSource.Create(TestServer.Current.ConnectionString);
        await using var command = source.CreateCommand("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
        var folder = (string)(await command.ExecuteScalarAsync(Token))!;
        if (!ReplicatedServers.CanStart(folder))
        {
            Assert.Ignore("The binaries of the server are not on this machine.");
        }

        return await ReplicatedServers.StartAsync(folder, TimeSpan.FromMilliseconds(applyDelay), isSynchronous, Token);
    }

    /// <summary>A host over both servers.</summary>
    protected static ServiceProvider HostOf(ReplicatedServers servers, Action<AutoStackDataOptions>? configure = null) =>
        new ServiceCollection()
            .AddAutoStackData(options =>
            {
                options.ConnectionString = servers.ConnectionString;
                options.MinPoolSize = 0;
                configure?.Invoke(options);
            })
            .AddAutoStackDataWorkers()
            .BuildServiceProvider();

    protected static NewUser NewUser() => new() { Name = "Ada", Email = $"ada-{Interlocked.Increment(ref sequence)}@example.com" };

    protected static Task<object?> OnStandbyAsync(ReplicatedServers servers, string sql) =>
        ReplicatedServers.ExecuteAsync(servers.Standby, sql, Token);

    protected static Task<object?> OnPrimaryAsync(ReplicatedServers servers, string sql) =>
        ReplicatedServers.ExecuteAsync(servers.Primary, sql, Token);
}
