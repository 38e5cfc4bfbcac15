using AutoStack.Data.FaultTests.Servers;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.FaultTests.Sites;

/// <summary>A primary and a synchronous hot standby, which the services know as two hosts of one connection string.</summary>
internal sealed class ReplicatedSite : Site
{
    // Longer than a round trip, so that a read on the standby without a token misses what was just written.
    private static readonly TimeSpan ApplyDelay = TimeSpan.FromMilliseconds(30);

    private readonly ReplicatedServers servers;
    private bool isPromoted;

    private ReplicatedSite(ReplicatedServers servers) => this.servers = servers;

    /// <summary>Starts both servers; where their programs are not on this machine, the test is ignored.</summary>
    public static async Task<ReplicatedSite> StartAsync(CancellationToken cancellationToken)
    {
        var binaries = FaultServers.Current.Binaries;
        if (!ReplicatedServers.CanStart(binaries))
        {
            Assert.Ignore($"{binaries} has no pg_basebackup.");
        }

        return new ReplicatedSite(await ReplicatedServers.StartAsync(binaries, ApplyDelay, isSynchronous: true, cancellationToken));
    }

    public override string ConnectionStringOf(string applicationName) =>
        new NpgsqlConnectionStringBuilder(servers.ConnectionString) { ApplicationName = applicationName }.ConnectionString;

    public override Task<NpgsqlConnection> OpenAsync(CancellationToken cancellationToken) =>
        FaultServer.OpenDirectAsync(isPromoted ? servers.Standby : servers.Primary, cancellationToken);

    public Task<NpgsqlConnection> OpenStandbyAsync(CancellationToken cancellationToken) =>
        FaultServer.OpenDirectAsync(servers.Standby, cancellationToken);

    public Task KillPrimaryAsync(CancellationToken cancellationToken) => servers.KillPrimaryAsync(cancellationToken);

    public Task FreezePrimaryAsync(CancellationToken cancellationToken) => servers.FreezePrimaryAsync(cancellationToken);

    /// <summary>Makes the standby the primary; returns when it accepts changes.</summary>
    public async Task PromoteAsync(CancellationToken cancellationToken)
    {
        await servers.PromoteAsync(cancellationToken);
        isPromoted = true;
    }

    public override ValueTask DisposeAsync() => servers.DisposeAsync();
}
