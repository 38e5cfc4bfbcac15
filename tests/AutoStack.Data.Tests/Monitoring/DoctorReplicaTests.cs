using AutoStack.Data.Monitoring;
using AutoStack.Data.Tests.Hosts;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>The monitor and the doctor on a primary and its standby, which applies late.</summary>
public sealed class DoctorReplicaTests : ReplicationTests
{
    private static readonly DoctorOptions Strict = new() { ReplicaLag = TimeSpan.FromMilliseconds(100) };

    [Test]
    public async Task A_standby_that_applies_late_is_seen_on_both_servers_and_its_loss_of_the_primary_too()
    {
        await using var servers = await StartAsync(applyDelay: 3_000);
        await using var primary = HostOf(servers.Primary);
        await using var standby = HostOf(servers.Standby);

        Assert.That(await RulesAsync(standby), Does.Not.Contain("replica-not-receiving"));
        await UntilAsync(primary, servers);
        await UntilAsync(standby, servers);

        var own = (await standby.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.Replication, Token)).Replication!;
        var other = (await primary.GetRequiredService<IDatabaseMonitor>().MeasureAsync(StatsParts.Replication, Token)).Replication!;
        Assert.That((own.IsReceiving, other.IsReceiving, other.OwnLagBytes), Is.EqualTo(((bool?)true, (bool?)null, (long?)null)));
        Assert.That(other.Standbys.Single().State, Is.EqualTo("streaming"));

        await servers.KillPrimaryAsync(Token);
        while (!(await RulesAsync(standby)).Contains("replica-not-receiving"))
        {
            await Task.Delay(50, Token);
        }
    }

    // Writes until the lag shows.
    private static async Task UntilAsync(ServiceProvider host, ReplicatedServers servers)
    {
        do
        {
            await OnPrimaryAsync(servers, "CREATE TABLE IF NOT EXISTS written (id int)");
            await OnPrimaryAsync(servers, "INSERT INTO written VALUES (1)");
            await Task.Delay(50, Token);
        }
        while (!(await RulesAsync(host)).Contains("replica-lag"));
    }

    private static ServiceProvider HostOf(string connectionString) => new ServiceCollection()
        .AddAutoStackData(options =>
        {
            options.ConnectionString = connectionString;
            options.MinPoolSize = 0;
        })
        .AddAutoStackDataWorkers()
        .BuildServiceProvider();

    private static async Task<IReadOnlyList<string>> RulesAsync(ServiceProvider host) =>
        [.. (await host.GetRequiredService<IDatabaseDoctor>().ListFindingsAsync(Strict, Token)).Select(f => f.Rule)];
}
