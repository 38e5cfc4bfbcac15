using AutoStack.Data.Monitoring;
using AutoStack.Data.Tests.Support;
using Microsoft.Extensions.DependencyInjection;

namespace AutoStack.Data.Tests.Monitoring;

/// <summary>A server that somebody has set up for speed, without thinking of losses.</summary>
public sealed class DoctorDefaultServerTests
{
    [Test]
    public async Task A_server_without_checksums_and_WAL_for_others_is_told_so()
    {
        var modern = TestServer.Current.ServerVersion.Major >= 18;
        await using var server = await RestartingServer.StartEmptyAsync(
            modern ? "--no-data-checksums" : "", "wal_level = minimal\nmax_wal_senders = 0\nfsync = off",
            TestContext.CurrentContext.CancellationToken);
        await using var provider = new ServiceCollection().AddAutoStackData(options =>
        {
            options.ConnectionString = server.ConnectionString;
            options.MinPoolSize = 0;
        }).AddAutoStackDataWorkers().BuildServiceProvider();

        var findings = await provider.GetRequiredService<IDatabaseDoctor>().ListFindingsAsync(null, default);

        Assert.That(
            findings.Select(f => f.Rule),
            Is.SupersetOf(new[] { "checksums-off", "wal-level", "fsync-off", "archive-off", "public-connects" }));
        Assert.That(findings.Select(f => f.Severity), Is.Ordered.Descending);
    }
}
