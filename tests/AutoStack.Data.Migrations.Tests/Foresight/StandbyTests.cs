using AutoStack.Data.Migrations.Tests.Sets;
using AutoStack.Data.Migrations.Tests.Support;
using AutoStack.Data.Tests.Support;
using Npgsql;

namespace AutoStack.Data.Migrations.Tests.Foresight;

/// <summary>A standby is recognised before the run.</summary>
public sealed class StandbyTests
{
    [Test]
    [CancelAfter(120_000)]
    public async Task A_standby_is_named_by_the_plan_and_refused_by_the_run(CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(TestServer.Current.ConnectionString);
        await using var command = source.CreateCommand("SELECT setting FROM pg_config WHERE name = 'BINDIR'");
        var binaries = (string)(await command.ExecuteScalarAsync(cancellationToken))!;
        if (!ReplicatedServers.CanStart(binaries))
        {
            Assert.Ignore("The binaries of the server are not on this machine.");
        }

        await using var servers = await ReplicatedServers.StartAsync(binaries, TimeSpan.Zero, isSynchronous: false, cancellationToken);
        using var folder = Folder.WithBilling();
        string[] set = ["--scripts", "billing=db/billing", "--json"];

        foreach (var (verb, connection, code) in new[]
        {
            ("--dry-run", servers.Standby, 1), ("", servers.Standby, 1), ("--rehearse --yes", servers.Standby, 1),
            ("--dry-run", servers.Primary, 0), ("", servers.Primary, 0),
        })
        {
            var run = await ConsoleRun.StartAsync(
                ["upgrade", .. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. set],
                directory: folder.Root, connection: connection, cancellationToken: cancellationToken);

            Assert.That(run.Code, Is.EqualTo(code), run.Error);
            Assert.That(run.Output.Contains("The server is a standby, which accepts no writes.", StringComparison.Ordinal),
                Is.EqualTo(code == 1), run.Output);
        }
    }
}
