using AutoStack.Data.LocalServer;
using AutoStack.Data.Tests.Support;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>A network between the library and the server: it passes, delays, holds or cuts what both sides send.</summary>
internal sealed class Proxy(int serverPort) : ServerProxy($"Host=127.0.0.1;Port={serverPort}", Postmaster.FindFreePort())
{
    private volatile Answer? swallow;
    private volatile TaskCompletionSource? blackhole;
    private volatile bool cutInMiddle;
    private int swallowed;
    private long delay;

    /// <summary>Whether an answer is still to be cut in its middle.</summary>
    public bool CutsInMiddle => cutInMiddle;

    /// <summary>The number of answers that the client never got.</summary>
    public int Swallowed => Volatile.Read(ref swallowed);

    /// <summary>How long each packet is held on its way.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref delay));
        set => Volatile.Write(ref delay, value.Ticks);
    }

    /// <summary>Cuts the next connection on which an answer of several rows passes, in the middle of it.</summary>
    public void CutNextInMiddle() => cutInMiddle = true;

    /// <summary>Holds the next such answer back and cuts its connection: the server has carried the statement out.</summary>
    public void SwallowNext(Answer answer) => swallow = answer;

    /// <summary>Passes nothing for a time, in either direction; connections stay open.</summary>
    public async Task BlackholeAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        var hole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        blackhole = hole;
        try
        {
            await Task.Delay(time, cancellationToken);
        }
        finally
        {
            blackhole = null;
            hole.SetResult();
        }
    }

    protected override async ValueTask<bool> AcceptsAsync(ProxyLink link)
    {
        await PassAsync();
        return true;
    }

    protected override void Ended(ProxyLink link) => link.Cut();

    protected override async ValueTask<bool> PassUpAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        await PassAsync();
        return await base.PassUpAsync(link, packet);
    }

    protected override async ValueTask<bool> PassDownAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        var wanted = swallow;
        if (wanted is not null && wanted.IsIn(packet.Span) && Interlocked.CompareExchange(ref swallow, null, wanted) == wanted)
        {
            // The batch ends with ReadyForQuery: the statements are carried out, and committed unless a transaction is open.
            var buffer = new byte[64 * 1024];
            while (packet.Length > 0 && !Answer.IsReadyForQuery(packet.Span))
            {
                packet = buffer.AsMemory(0, await link.ToServer.ReadAsync(buffer, Stopping));
            }

            Interlocked.Increment(ref swallowed);
            return false;
        }

        await PassAsync();
        if (cutInMiddle && packet.Length > 1000)
        {
            cutInMiddle = false;
            await base.PassDownAsync(link, packet[..(packet.Length / 2)]);
            return false;
        }

        return await base.PassDownAsync(link, packet);
    }

    private async Task PassAsync()
    {
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, Stopping);
        }

        while (blackhole is { } hole)
        {
            await hole.Task.WaitAsync(Stopping);
        }
    }
}
