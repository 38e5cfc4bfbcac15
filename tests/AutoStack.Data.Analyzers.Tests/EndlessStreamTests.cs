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

    private static IEnumerable<TestCaseData> Tokens =>
    [
        new("public async Task RunAsync(Guid id, Guid o, Cursor c, CancellationToken stop)",
            "{0}(ownerId: o, deploymentId: id, cursor: c)", "(ownerId: o, deploymentId: id, cursor: c, cancellationToken: stop)"),
        new("public async Task RunAsync(Guid id, Guid o, Cursor c, CancellationToken @event)", "{0}(id, o, c)", "(id, o, c, @event)"),
        new("public async Task RunAsync(Guid id, Guid o, Cursor c, CancellationToken @await)", "{0}(id, o, c)", "(id, o, c, @await)"),
        new("public Func<Task> Make(Guid id, Guid o, Cursor c, CancellationToken stop) => async () =>",
            "{0}(id, o, c)", "(id, o, c, stop)"),
    ];

    private static IEnumerable<TestCaseData> Unreachable =>
    [
        new("""
            public void Run(CancellationToken stop)
            {
                static async Task ReadAsync(IDeploymentLogFollower follower, Guid id, Cursor c)
                {
                    await foreach (var line in {|ASD0006:follower.FollowAsync(id, id, c)|}) { }
                }
            }
            """) { TestName = "A_static_local_function" },
        new("""
            public Func<IDeploymentLogFollower, Guid, Cursor, Task> Run(CancellationToken stop) => static async (follower, id, c) =>
            {
                await foreach (var line in {|ASD0006:follower.FollowAsync(id, id, c)|}) { }
            };
            """) { TestName = "A_static_lambda" },
        new("""
            public void Run(ref CancellationToken stop)
            {
                async Task ReadAsync(Guid id, Cursor c)
                {
                    await foreach (var line in {|ASD0006:follower.FollowAsync(id, id, c)|}) { }
                }
            }
            """) { TestName = "A_parameter_by_ref" },
        new("""
            public void Run(in CancellationToken stop, Guid id, Cursor c)
            {
                Func<Task> read = async () =>
                {
                    await foreach (var line in {|ASD0006:follower.FollowAsync(id, id, c)|}) { }
                };
            }
            """) { TestName = "A_parameter_by_in" },
        new("""
            public async Task RunAsync(Guid id, Cursor c)
            {
                CancellationToken stop;
                await foreach (var line in {|ASD0006:follower.FollowAsync(id, id, c)|}) { }
                stop = default;
            }
            """) { TestName = "A_variable_without_a_value" },
        new("""
            private sealed class Inner(CancellationToken stop)
            {
                public CancellationToken Stop => stop;

                public static async Task ReadAsync(IDeploymentLogFollower follower, Guid id, Cursor c)
                {
                    await foreach (var line in {|ASD0006:follower.FollowAsync(id, id, c)|}) { }
                }
            }
            """) { TestName = "A_parameter_of_the_class_in_a_static_method" },
    ];

    [TestCaseSource(nameof(Tokens))]
    public async Task The_token_becomes_an_argument_that_compiles(string method, string call, string mended)
    {
        string With(string stream) => Code.Class(
            $"{method} {{ await foreach (var line in {stream}) {{ }} }}{(method.EndsWith("=>", StringComparison.Ordinal) ? ";" : "")}");

        await Code.MendsAsync<EndlessStreamAnalyzer, EndlessStreamCodeFix>(
            With($"[|{call.Replace("{0}", "follower.FollowAsync", StringComparison.Ordinal)}|]"), With($"follower.FollowAsync{mended}"));
    }

    [TestCaseSource(nameof(Unreachable))]
    public async Task A_token_that_the_call_may_not_use_is_not_offered(string members) =>
        await Code.MendsAsync<EndlessStreamAnalyzer, EndlessStreamCodeFix>(Code.Class(members), Code.Class(members));

    [Test]
    public async Task A_method_of_ones_own_named_ConfigureAwait_is_read_as_any_other() =>
        await Code.ReportsAsync<EndlessStreamAnalyzer>(Code.Class("""
                public async Task RunAsync()
                {
                    await foreach (var x in ConfigureAwait())
                    {
                    }
                }

                private static IAsyncEnumerable<int> ConfigureAwait() => throw new NotSupportedException();
            """));
}
