using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AutoStack.Data.Migrations.Tests.Support;

/// <summary>
/// A port of this machine without a listener until the test opens it: then it forwards to a server, or answers with an error.
/// </summary>
internal sealed class LateServer : IAsyncDisposable
{
    private readonly CancellationTokenSource closing = new();
    private TcpListener? listener;
    private Task accepting = Task.CompletedTask;

    public LateServer()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        Port = ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    public int Port { get; }

    /// <summary>The number of connections.</summary>
    public int Visits { get; private set; }

    /// <summary>Forwards every connection to a server.</summary>
    public void LeadTo(string host, int port) => Open(client => ForwardAsync(client, host, port));

    /// <summary>Answers every connection with an error, then calls an action.</summary>
    public void Refuse(string sqlState, Action? then = null) => Open(async client =>
    {
        var stream = client.GetStream();
        var length = new byte[4];
        await stream.ReadExactlyAsync(length, closing.Token);
        await stream.ReadExactlyAsync(new byte[BinaryPrimitives.ReadInt32BigEndian(length) - 4], closing.Token);
        var fields = Encoding.UTF8.GetBytes($"SFATAL\0VFATAL\0C{sqlState}\0Mrefused for the test\0\0");
        var answer = new byte[5 + fields.Length];
        answer[0] = (byte)'E';
        BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(1), 4 + fields.Length);
        fields.CopyTo(answer, 5);
        await stream.WriteAsync(answer, closing.Token);
        client.Dispose();
        then?.Invoke();
    });

    /// <summary>Closes every connection at once, like a proxy without a server.</summary>
    public void HangUp(Action then) => Open(client =>
    {
        client.Dispose();
        then();
        return Task.CompletedTask;
    });

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        listener?.Stop();
        await accepting.WaitAsync(CancellationToken.None).ContinueWith(_ => { }, TaskScheduler.Default);
        closing.Dispose();
    }

    private Func<TcpClient, Task> serve = _ => Task.CompletedTask;

    private void Open(Func<TcpClient, Task> how)
    {
        serve = how;
        if (listener is null)
        {
            listener = new TcpListener(IPAddress.Loopback, Port);
            listener.Start();
            accepting = AcceptAsync();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await listener!.AcceptTcpClientAsync(closing.Token);
            Visits++;
            _ = serve(client).ContinueWith(_ => client.Dispose(), TaskScheduler.Default);
        }
    }

    private async Task ForwardAsync(TcpClient client, string host, int port)
    {
        using var server = new TcpClient();
        await server.ConnectAsync(host, port, closing.Token);
        var (here, there) = (client.GetStream(), server.GetStream());
        await Task.WhenAny(here.CopyToAsync(there, closing.Token), there.CopyToAsync(here, closing.Token));
    }
}
