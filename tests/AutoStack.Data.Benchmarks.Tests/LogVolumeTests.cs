using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Questions;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Testing;
using Npgsql;

namespace AutoStack.Data.Benchmarks.Tests;

public sealed class LogVolumeTests
{
    private PostgresServer server = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        try
        {
            server = await PostgresServer.StartAsync();
        }
        catch (PostgresUnavailableException exception) when (Environment.GetEnvironmentVariable("CI") is null)
        {
            Assert.Ignore(exception.Message);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }
    }

    [Test]
    public async Task Every_call_is_measured_on_few_lines_and_on_many()
    {
        var once = new Pace(PerCase: TimeSpan.Zero, WarmUp: TimeSpan.Zero, Batch: TimeSpan.Zero, LeastRounds: 1);

        var measurements = await LogVolume.MeasureAsync(
            server, new LogVolumePlan(Few: 4_000, Many: 12_000, Longest: 2_000), once, TestContext.Out.WriteLine);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(measurements.Select(m => m.Case).Distinct().Count(), Is.EqualTo(10));
            Assert.That(measurements.Where(m => m.IsBaseline).Select(m => m.Subject).Distinct(), Is.EqualTo(new[] { "4,000 lines" }));
            Assert.That(measurements.Where(m => !m.IsBaseline).Select(m => m.Subject).Distinct(), Is.EqualTo(new[] { "12,000 lines" }));
        }
    }

    [Test]
    public async Task The_lines_are_in_partitions_with_numbers_without_a_gap()
    {
        await using var database = await LogVolumeDatabase.CreateAsync(server, 12_000, 2_000, TestContext.Out.WriteLine);
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand("""
            SELECT sum(c.lines)::bigint, bool_and(c.last = c.lines), count(DISTINCT c.partition) > 3, bool_or(c.partition LIKE '%default')
            FROM (
                SELECT count(*) AS lines, max(l.seq) AS last, min(l.tableoid::regclass::text) AS partition
                FROM deployment_logs l
                GROUP BY l.deployment_id
            ) c
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();

        Assert.That(
            (reader.GetInt64(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3)),
            Is.EqualTo((12_000L, true, true, false)));
    }

    [Test]
    public void A_folder_without_the_space_is_named_with_both_sizes() => Assert.That(
        () => LogVolume.Require(needed: 53_000_000_000, free: 9_000_000_000),
        Throws.TypeOf<NotComparableException>().With.Message.Contains("needs 53 GB").And.Message.Contains("has 9 GB"));
}
