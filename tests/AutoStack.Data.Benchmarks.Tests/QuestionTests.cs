using AutoStack.Data.Benchmarks.Data;
using AutoStack.Data.Benchmarks.Questions;
using AutoStack.Data.Benchmarks.Running;
using AutoStack.Data.Testing;

namespace AutoStack.Data.Benchmarks.Tests;

public sealed class QuestionTests
{
    /// <summary>The runner throws when subjects come to different rows.</summary>
    [Test]
    public async Task Every_question_is_answered_alike_by_all_subjects()
    {
        var once = new Pace(PerCase: TimeSpan.Zero, WarmUp: TimeSpan.Zero, Batch: TimeSpan.Zero, LeastRounds: 1);
        await using var database = await StartAsync();

        var measurements = await new InterleavedRunner(once, TestContext.Out.WriteLine).RunAsync(AllQuestions.Types);

        // Throws when a line that was written is not stored.
        var ingestion = await LogIngestion.MeasureAsync(TimeSpan.FromSeconds(0.5), TestContext.Out.WriteLine);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ingestion, Does.StartWith("log ingestion, 1,000 deployments on one connection"));
            foreach (var group in measurements.GroupBy(m => m.Case))
            {
                Assert.That(group.Count(m => m.IsBaseline), Is.EqualTo(1), group.Key);
                Assert.That(group.Select(m => m.Subject), Does.Contain(Subjects.Library), group.Key);
            }

            Assert.That(
                measurements.Select(m => m.Case),
                Does.Contain("log page, place first").And.Contain("details over network, round trip 4 ms"));
        }
    }

    private static async Task<BenchmarkDatabase> StartAsync()
    {
        try
        {
            return await BenchmarkDatabase.StartAsync(new Scale("tiny", 2_000, 12_000, 2_000), TestContext.Out.WriteLine);
        }
        catch (PostgresUnavailableException exception) when (Environment.GetEnvironmentVariable("CI") is null)
        {
            Assert.Ignore(exception.Message);
            throw;
        }
    }
}
