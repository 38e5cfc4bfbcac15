using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A proxy between the library and the server that closes a connection after the server has committed, before the client gets the answer.
/// </summary>
public sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string serverHost;
    private readonly int serverPort;
    private byte[]? cutAfter;
    private int answersLeft;
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

    /// <summary>The number of connections that were cut.</summary>
    public int Cuts => Volatile.Read(ref cuts);

    /// <summary>The number of connections that <see cref="Refuse"/> closed immediately.</summary>
    public int Refused => Volatile.Read(ref refused);

    /// <summary>Whether new connections are closed immediately, as if the server were down.</summary>
    public bool Refuse
    {
        get => Volatile.Read(ref refuse);
        set => Volatile.Write(ref refuse, value);
    }

    /// <summary>Whether the first cut also sets <see cref="Refuse"/>.</summary>
    public bool RefuseAfterCut { get; set; }

    /// <summary>Cuts the next connection on which the server sends the command tag, at the end of the transaction.</summary>
    public void CutAfter(string commandTag) => Volatile.Write(ref cutAfter, Encoding.ASCII.GetBytes(commandTag));

    /// <summary>
    /// Cuts a connection in place of the answer with this number, counted from now on over all connections; 1 is the next. The answers in
    /// an open transaction do not count.
    /// </summary>
    public void CutAnswer(int number) => Volatile.Write(ref answersLeft, number);

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
                // One side closed its connection, so that the other is closed too.
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
                while (!Ends(buffer.AsSpan(0, count)))
                {
                    count = await server.ReadAsync(buffer, stop.Token);
                }

                Refuse |= RefuseAfterCut;
                Interlocked.Increment(ref cuts);
                return;
            }

            if (Ends(buffer.AsSpan(0, count)) && Interlocked.Decrement(ref answersLeft) == 0)
            {
                Refuse |= RefuseAfterCut;
                Interlocked.Increment(ref cuts);
                return;
            }

            await client.WriteAsync(buffer.AsMemory(0, count), stop.Token);
        }
    }

    // An answer ends with ReadyForQuery; the status idle says that the transaction is committed.
    private static bool Ends(ReadOnlySpan<byte> packet) => packet.EndsWith("Z\0\0\0\u0005I"u8);
}
