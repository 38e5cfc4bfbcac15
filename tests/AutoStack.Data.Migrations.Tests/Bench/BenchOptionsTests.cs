using AutoStack.Data.Cli.Bench;
using AutoStack.Data.Cli.Commands;
using AutoStack.Data.Migrations.Tests.Support;

namespace AutoStack.Data.Migrations.Tests.Bench;

public sealed class BenchOptionsTests : MigrationTests
{
    [TestCase("--pool-sizes", "0")]
    [TestCase("--pool-sizes", "1,,2")]
    [TestCase("--pool-sizes", "1001")]
    [TestCase("--pool-sizes", "many")]
    [TestCase("--pool-sizes", "900")]
    [TestCase("--rates", "0")]
    [TestCase("--rates", "automatic")]
    [TestCase("--rates", "1e9")]
    [TestCase("--rates", "NaN")]
    [TestCase("--duration", "0")]
    [TestCase("--duration", "1.5")]
    [TestCase("--warmup", "-1")]
    [TestCase("--mix", "reads")]
    [TestCase("--mix", "by-id")]
    [TestCase("--mix", "by-id=0")]
    [TestCase("--mix", "by-id=1,by-id=2")]
    [TestCase("--p99", "0")]
    [TestCase("--instances", "0")]
    [TestCase("--instances", "900")]
    [TestCase("--repeats", "2")]
    [TestCase("--seed", "-1")]
    [TestCase("--output", "file")]
    public async Task Wrong_usage_names_the_option(string option, string value)
    {
        using var place = new Workplace();
        await File.WriteAllTextAsync(Path.Combine(place.Root, "file"), "", Token);

        var run = await ConsoleRun.StartAsync(
            ["bench", "pool", "--json", option, value], place.Root, ConnectionString, cancellationToken: Token);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Code, Is.EqualTo(2));
            Assert.That(run.Json.GetProperty("error").GetProperty("kind").GetString(), Is.EqualTo("usage"));
            Assert.That(run.Error, Does.Contain(option));
            Assert.That(await ListAsync($"SELECT nspname FROM pg_namespace WHERE nspname LIKE '{BenchDatabase.SchemaPrefix}%'"), Is.Empty);
        }
    }

    [TestCase(10, "2 points, 3 times each for 1 + 4 s: about 30 s.")]
    [TestCase(null, "2 pool sizes to find the saturation, then up to 10 points, then up to 4 around the knee, 3 times each for 1 + 4 s: "
        + "at most 4 min 00 s.")]
    public void The_announced_time_counts_every_point(double? rate, string announced)
    {
        Assert.That(StatementMix.TryParse("read", out var mix), Is.Null);
        var plan = new PoolPlan
        {
            PoolSizes = [1, 2],
            Rates = rate is { } given ? [given] : null,
            Duration = TimeSpan.FromSeconds(4),
            Warmup = TimeSpan.FromSeconds(1),
            Mix = mix,
            P99 = TimeSpan.FromMilliseconds(50),
            Instances = 1,
            Seed = 1,
        };

        Assert.That(BenchCommand.Announcement(plan), Does.StartWith(announced));
    }
}
