namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A proxy that can hold all bytes back while every connection stays open, as a hung server or a dead network does. New connections are
/// accepted and not answered.
/// </summary>
public sealed class StallingProxy(string connectionString) : ServerProxy(connectionString)
{
    private volatile TaskCompletionSource up = Passing();
    private volatile TaskCompletionSource down = Passing();

    /// <summary>Holds everything back from now on.</summary>
    public void Stall() => (up, down) = (new TaskCompletionSource(), new TaskCompletionSource());

    /// <summary>Holds the server's answers back from now on; the statements still arrive.</summary>
    public void StallAnswers() => down = new TaskCompletionSource();

    /// <summary>Passes on what was held back, and everything after it.</summary>
    public void Continue()
    {
        up.TrySetResult();
        down.TrySetResult();
    }

    protected override async ValueTask<bool> PassUpAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        await up.Task.WaitAsync(Stopping);
        return await base.PassUpAsync(link, packet);
    }

    protected override async ValueTask<bool> PassDownAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        await down.Task.WaitAsync(Stopping);
        return await base.PassDownAsync(link, packet);
    }

    private static TaskCompletionSource Passing()
    {
        var passing = new TaskCompletionSource();
        passing.SetResult();
        return passing;
    }
}
