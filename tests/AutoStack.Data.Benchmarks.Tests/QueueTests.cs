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
            }
        }
    }

    [Test]
    public async Task A_claim_is_measured_in_every_state_of_the_queue_with_every_limit()
    {
        var results = await ClaimFlat.MeasureAsync(new ClaimPlan(Waiting: 300, Claimed: 100, Samples: 5), TestContext.Out.WriteLine);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(results.Select(result => (result.State, result.Limit, result.Milliseconds.Count)), Is.EqualTo(
                from state in (string[])
                [
                    "nothing else waits", "300 wait", "200 wait, 100 claimed since the snapshot of an open transaction",
                ]
                from limit in (string[])["without limit", "limit per project", "limit per user", "both limits"]
                select (state, limit, 5)));
        }
    }

    [Test]
    public void A_table_of_queues_compares_the_rates_with_that_of_the_library() => Assert.That(
        QueueResult.Table(
        [
            new QueueResult("AutoStack.Data", [900, 1100, 1000], [1, 2, 3], Succeeded: 3_006),
            new QueueResult("Other", [500, 200, 400], [10, 20, 30], Succeeded: 3_006),
        ]),
        Does.StartWith("8 workers; 3,006 jobs of each queue, in 3 rounds.").And.EndsWith("""
            | queue          | jobs per second |       rounds | AutoStack.Data ÷ it | start: median |     p99 |
            | -------------- | --------------: | -----------: | ------------------: | ------------: | ------: |
            | AutoStack.Data |           1,000 | 900 to 1,100 |                 1.0 |        2.0 ms |  3.0 ms |
            | Other          |             400 |   200 to 500 |                 2.5 |       20.0 ms | 30.0 ms |
            """));

    [Test]
    public void A_table_of_claims_compares_each_kind_with_itself_alone() => Assert.That(
        ClaimTime.Table(
        [
            new ClaimTime("empty", "without limit", [1, 1, 2]),
            new ClaimTime("empty", "limit per user", [2, 2, 3]),
            new ClaimTime("full", "without limit", [2, 3, 3]),
            new ClaimTime("full", "limit per user", [2, 2, 3]),
        ]),
        Does.StartWith("Claims by one caller, 3 per row").And.EndsWith("""
            | queue |          claim |  median |     p99 | longest | median ÷ alone | p99 ÷ alone |
            | ----- | -------------: | ------: | ------: | ------: | -------------: | ----------: |
            | empty |  without limit | 1.00 ms | 2.00 ms |  2.0 ms |           1.00 |        1.00 |
            | empty | limit per user | 2.00 ms | 3.00 ms |  3.0 ms |           1.00 |        1.00 |
            | full  |  without limit | 3.00 ms | 3.00 ms |  3.0 ms |           3.00 |        1.50 |
            | full  | limit per user | 2.00 ms | 3.00 ms |  3.0 ms |           1.00 |        1.00 |
            """));

    [TestCase(50, 5)]
    [TestCase(99, 10)]
    [TestCase(91, 10)]
    [TestCase(10, 1)]
    [TestCase(1, 1)]
    public void A_percentile_is_the_smallest_value_that_enough_values_do_not_exceed(int percent, double value) =>
        Assert.That(Percentile.Of([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], percent), Is.EqualTo(value));
}
