using AutoStack.Data.FaultTests.Servers;

namespace AutoStack.Data.FaultTests.Schedules;

/// <summary>Something that goes wrong. The call returns when it is over: the server runs, and the network passes.</summary>
internal sealed record Fault(string Name, Func<Laboratory, Random, CancellationToken, Task> MakeAsync)
{
    public static Fault Terminate { get; } = new("terminate backends", async (lab, _, token) =>
        Assert.That(await lab.Server.TerminateBackendsAsync(lab.Database, token), Is.Positive));

    public static Fault RestartFast { get; } = new("fast restart", (lab, _, token) => lab.Server.RestartFastAsync(token));

    public static Fault RestartImmediate { get; } = new("immediate restart", (lab, _, token) => lab.Server.RestartImmediateAsync(token));

    public static Fault Kill { get; } = new("kill -9 of the postmaster", (lab, _, token) => lab.Server.KillAsync(token));

    public static Fault Freeze { get; } = new("SIGSTOP for 3 s", (lab, _, token) =>
        lab.Server.FreezeAsync(TimeSpan.FromSeconds(3), token));

    public static Fault Swallow { get; } = new("answers swallowed and cut", async (lab, random, token) =>
    {
        // Batches more often: they are most of the kinds of writes.
        Answer[] answers = [.. Answer.All, .. Enumerable.Repeat(Answer.Batch, 8)];
        random.Shuffle(answers);
        foreach (var answer in answers)
        {
            await Task.Delay(random.Next(50), token);
            var before = lab.Proxy.Swallowed;
            lab.Proxy.SwallowNext(answer);
            while (lab.Proxy.Swallowed == before)
            {
                await Task.Delay(5, token);
            }
        }

        lab.Proxy.Cut();
    });

    public static Fault Cut { get; } = new("connections cut", (lab, _, _) =>
    {
        lab.Proxy.Cut();
        return Task.CompletedTask;
    });

    public static Fault CutInMiddle { get; } = new("answers cut in the middle", async (lab, _, token) =>
    {
        for (var i = 0; i < 10; i++)
        {
            lab.Proxy.CutNextInMiddle();
            while (lab.Proxy.CutsInMiddle)
            {
                await Task.Delay(5, token);
            }
        }
    });

    public static Fault HalfOpen { get; } = new("connections half-open", (lab, _, _) =>
    {
        lab.Proxy.LeaveHalfOpen();
        return Task.CompletedTask;
    });

    public static Fault Blackhole { get; } = new("blackhole for 2 s", (lab, _, token) =>
        lab.Proxy.BlackholeAsync(TimeSpan.FromSeconds(2), token));

    public static Fault Delay { get; } = new("20 ms more each way for 2 s", async (lab, _, token) =>
    {
        lab.Proxy.Delay = TimeSpan.FromMilliseconds(20);
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(2), token);
        }
        finally
        {
            lab.Proxy.Delay = TimeSpan.Zero;
        }
    });

    public static IReadOnlyList<Fault> All { get; } =
    [
        Terminate, RestartFast, RestartImmediate, Kill, Freeze, Swallow, Cut, CutInMiddle, HalfOpen, Blackhole, Delay,
        .. ServerFaults.All, .. NeighbourFaults.All,
    ];

    public override string ToString() => Name;
}
