using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// Stands between the library and the server, and cuts a connection when the server has said that it is done, before the client hears it.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string serverHost;
    private readonly int serverPort;
    private byte[]? cutAfter;
    private int cuts;
    private int refused;
    private bool refuse;

    public CuttingProxy(string connectionString)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        (serverHost, serverPort) = (server.Host!, server.Port);
        listener.Start();
        server.Host = "127.0.0.1";
        server.Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        server.SslMode = SslMode.Disable;
        ConnectionString = server.ConnectionString;
        _ = AcceptAsync();
    }

    public string ConnectionString { get; }

    /// <summary>How often a connection was cut.</summary>
    public int Cuts => Volatile.Read(ref cuts);

    /// <summary>How many connections were closed at once, because of <see cref="Refuse"/>.</summary>
    public int Refused => Volatile.Read(ref refused);

    /// <summary>Whether new connections are closed at once, as if the server were away.</summary>
    public bool Refuse
    {
        get => Volatile.Read(ref refuse);
        set => Volatile.Write(ref refuse, value);
    }

    /// <summary>Whether nobody is there any more once a connection was cut.</summary>
    public bool RefuseAfterCut { get; set; }

    /// <summary>Cuts the next connection on which the server says so, once the transaction is over.</summary>
    public void CutAfter(string commandTag) => Volatile.Write(ref cutAfter, Encoding.ASCII.GetBytes(commandTag));

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
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
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            if (Refuse)
            {
                Interlocked.Increment(ref refused);
                return;
            }

            try
            {
                await server.ConnectAsync(serverHost, serverPort, stop.Token);
                var up = client.GetStream().CopyToAsync(server.GetStream(), stop.Token);
                await Task.WhenAny(up, DownAsync(server.GetStream(), client.GetStream()));
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
                // One side has gone; the other follows.
            }
        }
    }

    private async Task DownAsync(NetworkStream server, NetworkStream client)
    {
        var buffer = new byte[64 * 1024];
        while (await server.ReadAsync(buffer, stop.Token) is > 0 and var count)
        {
            var tag = Volatile.Read(ref cutAfter);
            if (tag is not null && buffer.AsSpan(0, count).IndexOf(tag) >= 0 && Interlocked.CompareExchange(ref cutAfter, null, tag) == tag)
            {
                // The answer ends with ReadyForQuery, idle: the transaction is committed.
                while (!buffer.AsSpan(0, count).EndsWith("Z\0\0\0\u0005I"u8))
                {
                    count = await server.ReadAsync(buffer, stop.Token);
                }

                Refuse |= RefuseAfterCut;
                Interlocked.Increment(ref cuts);
                return;
            }

            await client.WriteAsync(buffer.AsMemory(0, count), stop.Token);
        }
    }
}
