using System.Collections.Concurrent;
using AutoStack.Data.Values;

namespace AutoStack.Data.Tests.Conventions;

public sealed class IdsTests
{
    [Test]
    public void Ids_ascend_within_a_thread_and_are_unique_across_threads()
    {
        var all = new ConcurrentBag<Guid>();
        Parallel.For(0, 8, _ =>
        {
            var previous = Guid.Empty;
            for (var i = 0; i < 20_000; i++)
            {
                var id = Ids.New();
                if (string.CompareOrdinal(previous.ToString("N"), id.ToString("N")) >= 0)
                {
                    throw new InvalidOperationException($"{id} came after {previous}.");
                }

                all.Add(previous = id);
            }
        });

        Assert.That(all.Distinct().Count(), Is.EqualTo(160_000));
        Assert.That(all.First().Version, Is.EqualTo(7));
    }
}
