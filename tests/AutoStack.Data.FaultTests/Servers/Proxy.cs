using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using AutoStack.Data.LocalServer;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>A network between the library and the server: it passes, delays, holds or cuts what both sides send.</summary>
internal sealed class Proxy : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly int serverPort;
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<Link, byte> links = new();
    private readonly Task accepting;
    private volatile Answer? swallow;
    private volatile TaskCompletionSource? blackhole;
    private volatile bool cutInMiddle;
    private int swallowed;
    private long delay;

    public Proxy(int serverPort)
    {
        this.serverPort = serverPort;
        Port = Postmaster.FindFreePort();
        listener = new TcpListener(IPAddress.Loopback, Port);
        listener.Start();
        accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>The number of open connections.</summary>
    public int Open => links.Count;

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

    /// <summary>Cuts all connections.</summary>
    public void Cut()
    {
        foreach (var link in links.Keys)
        {
            link.Cut();
        }
    }

    /// <summary>
    /// Lets all connections hang for good: the client's side stays open and gets nothing more, as when a router forgets them.
    /// </summary>
    public void LeaveHalfOpen()
    {
        foreach (var link in links.Keys)
        {
            link.IsHalfOpen = true;
        }
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

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        Cut();
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(stop.Token));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The proxy ends.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        client.NoDelay = true;
        var link = new Link(client, server);
        links.TryAdd(link, 0);
        try
        {
            await PassAsync();
            await server.ConnectAsync(IPAddress.Loopback, serverPort, stop.Token);
            await Task.WhenAny(
                UpAsync(link, client.GetStream(), server.GetStream()), DownAsync(link, server.GetStream(), client.GetStream()));
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            // The server refuses connections, or the link was cut.
        }
        finally
        {
            links.TryRemove(link, out _);
            link.Cut();
        }
    }

    private async Task UpAsync(Link link, NetworkStream client, NetworkStream server)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await client.ReadAsync(buffer, stop.Token) is > 0 and var count)
            {
                await PassAsync();
                if (link.IsHalfOpen)
                {
                    continue;
                }

                await server.WriteAsync(buffer.AsMemory(0, count), stop.Token);
            }
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            // The other direction ends with this one.
        }
    }

    private async Task DownAsync(Link link, NetworkStream server, NetworkStream client)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await server.ReadAsync(buffer, stop.Token) is > 0 and var count)
            {
                var wanted = swallow;
                if (wanted is not null && wanted.IsIn(buffer.AsSpan(0, count))
                    && Interlocked.CompareExchange(ref swallow, null, wanted) == wanted)
                {
                    // The batch ends with ReadyForQuery: the statements are carried out, and committed unless a transaction is open.
                    while (count > 0 && !Answer.IsReadyForQuery(buffer.AsSpan(0, count)))
                    {
                        count = await server.ReadAsync(buffer, stop.Token);
                    }

                    Interlocked.Increment(ref swallowed);
                    return;
                }

                await PassAsync();
                if (link.IsHalfOpen)
                {
                    continue;
                }

                if (cutInMiddle && count > 1000)
                {
                    cutInMiddle = false;
                    await client.WriteAsync(buffer.AsMemory(0, count / 2), stop.Token);
                    return;
                }

                await client.WriteAsync(buffer.AsMemory(0, count), stop.Token);
            }
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            // The other direction ends with this one.
        }
    }

    private async Task PassAsync()
    {
        if (Delay > TimeSpan.Zero)
        {
            await Task.Delay(Delay, stop.Token);
        }

        while (blackhole is { } hole)
        {
            await hole.Task.WaitAsync(stop.Token);
        }
    }

    private static bool IsClosed(Exception exception) =>
        exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException;

    private sealed class Link(TcpClient client, TcpClient server)
    {
        private volatile bool isHalfOpen;

        public bool IsHalfOpen
        {
            get => isHalfOpen;
            set => isHalfOpen = value;
        }

        /// <summary>Closes both sides with a reset, as a broken network path does.</summary>
        public void Cut()
        {
            foreach (var side in new[] { client, server })
            {
                try
                {
                    side.LingerState = new LingerOption(enable: true, 0);
                }
                catch (Exception exception) when (exception is SocketException or ObjectDisposedException or NullReferenceException)
                {
                    // The side is closed already.
                }

                side.Dispose();
            }
        }
    }
}
