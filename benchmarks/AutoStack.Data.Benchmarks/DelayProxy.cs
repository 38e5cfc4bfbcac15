using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace AutoStack.Data.Benchmarks;

/// <summary>
/// Stands before a server and holds back all that it answers, each piece for the same time: a network with a longer round trip.
/// </summary>
internal sealed class DelayProxy : IAsyncDisposable
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly TimeSpan delay;
    private readonly Task accepting;

    public DelayProxy(string host, int port, TimeSpan delay)
    {
        this.delay = delay;
        listener.Start();
        accepting = AcceptAsync(host, port);
    }

    public static string Host { get; } = IPAddress.Loopback.ToString();

    public int Port => ((IPEndPoint)listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        stop.Dispose();
    }

    private async Task AcceptAsync(string host, int port)
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(ServeAsync(await listener.AcceptSocketAsync(stop.Token), host, port));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task ServeAsync(Socket client, string host, int port)
    {
        using var toClient = client;
        using var toServer = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        toClient.NoDelay = true;
        try
        {
            await toServer.ConnectAsync(host, port, stop.Token);
            var answers = Channel.CreateUnbounded<(byte[] Data, long Due)>();
            await Task.WhenAny(
                ForwardAsync(toClient, toServer), HoldAsync(toServer, answers.Writer), ReleaseAsync(answers.Reader, toClient));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            // One side has gone; the other one follows.
        }
    }

    private async Task ForwardAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await from.ReceiveAsync(buffer, stop.Token)) > 0;)
        {
            await to.SendAsync(buffer.AsMemory(0, count), stop.Token);
        }
    }

    private async Task HoldAsync(Socket server, ChannelWriter<(byte[] Data, long Due)> answers)
    {
        var buffer = new byte[64 * 1024];
        for (int count; (count = await server.ReceiveAsync(buffer, stop.Token)) > 0;)
        {
            var due = Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency);
            await answers.WriteAsync((buffer[..count], due), stop.Token);
        }
    }

    // A timer ticks in milliseconds, early or late by more than one; the last two are spun away.
    private async Task UntilAsync(long due)
    {
        for (TimeSpan left; (left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due)) > TimeSpan.Zero;)
        {
            if (left > Tick * 2)
            {
                await Task.Delay(left - (Tick * 2), stop.Token);
            }
            else
            {
                Thread.SpinWait(20);
            }
        }
    }

    private async Task ReleaseAsync(ChannelReader<(byte[] Data, long Due)> answers, Socket client)
    {
        await foreach (var (data, due) in answers.ReadAllAsync(stop.Token))
        {
            await UntilAsync(due);
            await client.SendAsync(data, stop.Token);
        }
    }
}
