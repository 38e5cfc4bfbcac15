using System.Text.Json.Nodes;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Verbs;

/// <summary>The verbs <c>partitions status</c> and <c>partitions maintain</c>.</summary>
public sealed class PartitionsTests : MigrationTests
{
    [SetUp]
    public Task StartAtHeadAsync() => StartAtAsync(Head);

    [Test]
    public async Task Plain_tables_are_told_with_the_way_to_partition_them()
    {
        var status = await RunAsync("partitions", "status");
        var maintain = await RunAsync("partitions", "maintain", "--json");

        Assert.That((status.Code, status.Output.Trim()), Is.EqualTo(
            (0, "The tables of logs are not partitioned. Switch it on: autostack-db feature enable log-partitions")));
        Assert.That(maintain.Code, Is.Zero);
        Assert.That((bool)JsonNode.Parse(maintain.Output)!["enabled"]!, Is.False);
    }

    [Test]
    public async Task Partitions_are_listed_and_created_ahead()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Head.In("log-partitions"), cancellationToken: Token);
        var first = JsonNode.Parse((await RunAsync("partitions", "status", "--json")).Output)!;
        await ExecuteAsync("UPDATE log_partition_settings SET ahead = ahead + 1");

        var maintain = await RunAsync("partitions", "maintain");
        var second = JsonNode.Parse((await RunAsync("partitions", "status", "--json")).Output)!;

        Assert.That(maintain.Code, Is.Zero, maintain.Error);
        Assert.That(maintain.Output, Does.Match(@"deployment_logs +deployment_logs_default").And.Contain("more days"));
        Assert.That(second["tables"]!.AsArray().Count, Is.EqualTo(3));
        foreach (var (before, after) in first["tables"]!.AsArray().Zip(second["tables"]!.AsArray()))
        {
            Assert.That(after!["partitions"]!.AsArray(), Has.Count.EqualTo(before!["partitions"]!.AsArray().Count + 1));
            Assert.That((double)after["daysAhead"]!, Is.GreaterThan((double)before["daysAhead"]!));
        }
    }

    [Test]
    public async Task A_table_without_partitions_is_an_error()
    {
        await Migrator().UpgradeAsync(MigrationTarget.Version(5).In("log-partitions"), cancellationToken: Token);

        var status = await RunAsync("partitions", "status");

        Assert.That(status.Code, Is.EqualTo(8));
        Assert.That(status.Output, Does.Contain("error partitions-ahead: deployment_logs has no partition for new rows.")
            .And.Contain("autostack-db partitions maintain;"));
    }

    private Task<ConsoleRun> RunAsync(params string[] args) =>
        ConsoleRun.StartAsync(args, connection: ConnectionString, cancellationToken: Token);
}
