using AutoStack.Data.CodeFixes;

namespace AutoStack.Data.Analyzers.Tests;

/// <summary>ASD0006.</summary>
public sealed class EndlessStreamTests
{
    [Test]
    public async Task Streams_get_the_token_that_is_in_scope() =>
        await Code.MendsAsync<EndlessStreamAnalyzer, EndlessStreamCodeFix>(
            Code.Method("""
                        await foreach (var line in [|follower.FollowAsync(id, ownerId, cursor)|])
                        {
                        }

                        await foreach (var line in [|follower.FollowAsync(id, ownerId, cursor)|].ConfigureAwait(false))
                        {
                        }
                """),
            Code.Method("""
                        await foreach (var line in follower.FollowAsync(id, ownerId, cursor, cancellationToken))
                        {
                        }

                        await foreach (var line in follower.FollowAsync(id, ownerId, cursor, cancellationToken).ConfigureAwait(false))
                        {
                        }
                """));

    [Test]
    public async Task A_token_after_another_optional_parameter_is_passed_by_name() =>
        await Code.MendsAsync<EndlessStreamAnalyzer, EndlessStreamCodeFix>(
            Code.Class("""
                public async Task RunAsync(AutoStack.Data.Monitoring.IDatabaseMonitor monitor, CancellationToken stop)
                {
                    await foreach (var look in [|monitor.WatchAsync(TimeSpan.FromSeconds(5))|])
                    {
                    }
                }
                """),
            Code.Class("""
                public async Task RunAsync(AutoStack.Data.Monitoring.IDatabaseMonitor monitor, CancellationToken stop)
                {
                    await foreach (var look in monitor.WatchAsync(TimeSpan.FromSeconds(5), cancellationToken: stop))
                    {
                    }
                }
                """));

    [Test]
    public async Task Streams_with_a_token_or_of_another_type_are_not_reported() =>
        await Code.ReportsAsync<EndlessStreamAnalyzer>(Code.Class("""
                public async Task RunAsync(Guid id, CancellationToken stop)
                {
                    await foreach (var line in follower.FollowAsync(id, id, Cursor.Start, stop))
                    {
                    }

                    await foreach (var line in follower.FollowAsync(id, id, Cursor.Start).WithCancellation(stop))
                    {
                    }

                    await foreach (var line in follower.FollowAsync(id, id, Cursor.Start, CancellationToken.None))
                    {
                    }

                    var lines = follower.FollowAsync(id, id, Cursor.Start);
                    await foreach (var line in lines.WithCancellation(stop))
                    {
                    }

                    await foreach (var number in WatchAsync())
                    {
                    }
                }

                private static async IAsyncEnumerable<int> WatchAsync(CancellationToken token = default)
                {
                    await Task.Yield();
                    yield return 1;
                }
            """));
}
