using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Questions;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Testing;

namespace AutoStack.Data.Benchmarks.Tests;

public sealed class QueueTests
{
    private BenchmarkDatabase database = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        try
        {
            database = await BenchmarkDatabase.StartAsync(new Scale("tiny", 2_000, 12_000, 2_000), TestContext.Out.WriteLine);
        }
        catch (PostgresUnavailableException exception) when (Environment.GetEnvironmentVariable("CI") is null)
        {
            Assert.Ignore(exception.Message);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (database is not null)
        {
            await database.DisposeAsync();
        }
    }

    /// <summary>The measurement counts in the database, and throws when a job has not succeeded or was started twice.</summary>
    [Test]
    public async Task Every_queue_runs_the_same_jobs_each_once()
    {
        var results = await Queue.MeasureAsync(new QueuePlan(Rounds: 1, WarmUp: 1, Jobs: 40, Alone: 2), TestContext.Out.WriteLine);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(results.Select(result => result.Name), Is.EqualTo(new[]
            {
                "AutoStack.Data", "AutoStack.Data, hosted worker", "Hangfire.PostgreSql", "Hangfire.PostgreSql, long polling",
                "Rebus.PostgreSql",
            }));
            foreach (var result in results)
            {
                Assert.That((result.Succeeded, result.Rates.Count, result.Delays.Count), Is.EqualTo((42, 1, 2)), result.Name);
                Assert.That(result.Delays, Is.Ordered, result.Name);
                Assert.That(result.ToString(), Does.StartWith($"queue, {result.Name}: ").And.Contain(" jobs a second"));
            }
        }
    }

    [Test]
    public async Task A_claim_is_measured_in_every_state_of_the_queue_with_every_limit()
    {
        var results = await ClaimFlat.MeasureAsync(new FlatPlan(Waiting: 300, Claimed: 100, Samples: 5), TestContext.Out.WriteLine);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(results.Select(result => (result.State, result.Limit, result.Milliseconds.Count)), Is.EqualTo(
                from state in (string[])
                [
                    "nothing else waits", "300 wait", "200 wait, 100 claimed since the snapshot of an open transaction",
                ]
                from limit in (string[])["without limit", "limit per project", "limit per user", "both limits"]
                select (state, limit, 5)));
            Assert.That(results[0].Describe(results[0]), Does.EndWith("1.00 and 1.00 times as long as alone"));
        }
    }

    [TestCase(50, 5)]
    [TestCase(99, 10)]
    [TestCase(10, 1)]
    [TestCase(1, 1)]
    public void A_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(int percent, double value) =>
        Assert.That(Percentile.Of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], percent), Is.EqualTo(value));
}
