using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A proxy between the library and the server, which passes on what both sides send. What it does wrong on the way is up to its kind.
/// </summary>
public abstract class ServerProxy : IAsyncDisposable
{
    private readonly TcpListener listener;
    private readonly CancellationTokenSource stop = new();
    private readonly string serverHost;
    private readonly int serverPort;
    private readonly Task accepting;

    /// <param name="connectionString">The server.</param>
    /// <param name="port">The port of the proxy; 0 for any free one.</param>
    protected ServerProxy(string connectionString, int port = 0)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        (serverHost, serverPort) = (server.Host!, server.Port);
        listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        server.Host = "127.0.0.1";
        server.Port = Port;
        server.SslMode = SslMode.Disable;
        server.GssEncryptionMode = GssEncryptionMode.Disable;
        ConnectionString = server.ConnectionString;
        Stopping = stop.Token;
        accepting = AcceptAsync();
    }

    /// <summary>The server, by way of the proxy.</summary>
    public string ConnectionString { get; }

    public int Port { get; }

    /// <summary>Cancelled when the proxy ends.</summary>
    protected CancellationToken Stopping { get; }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        CutAll();
        stop.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Whether to serve a new connection, rather than close it.</summary>
    protected virtual ValueTask<bool> AcceptsAsync(ProxyLink link) => new(true);

    /// <summary>Passes a packet of the client on.</summary>
    /// <returns>False to close the connection.</returns>
    protected virtual async ValueTask<bool> PassUpAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        await link.ToServer.WriteAsync(packet, Stopping);
        return true;
    }

    /// <summary>Passes a packet of the server on.</summary>
    /// <returns>False to close the connection.</returns>
    protected virtual async ValueTask<bool> PassDownAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        await link.ToClient.WriteAsync(packet, Stopping);
        return true;
    }

    /// <summary>Follows the end of a connection.</summary>
    protected virtual void Ended(ProxyLink link)
    {
    }

    /// <summary>Cuts the connections that are still open when the proxy ends.</summary>
    protected virtual void CutAll()
    {
    }

    private static bool IsClosed(Exception exception) =>
        exception is IOException or OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException;

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await listener.AcceptTcpClientAsync(Stopping));
            }
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            // The proxy ends.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            var link = new ProxyLink(client, server);
            try
            {
                if (await AcceptsAsync(link))
                {
                    await server.ConnectAsync(serverHost, serverPort, Stopping);
                    await Task.WhenAny(
                        PassAsync(link.ToClient, packet => PassUpAsync(link, packet)),
                        PassAsync(link.ToServer, packet => PassDownAsync(link, packet)));
                }
            }
            catch (Exception exception) when (IsClosed(exception))
            {
                // The server refuses connections, or the link was cut.
            }
            finally
            {
                Ended(link);
            }
        }
    }

    private async Task PassAsync(NetworkStream from, Func<ReadOnlyMemory<byte>, ValueTask<bool>> pass)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, Stopping) is > 0 and var count && await pass(buffer.AsMemory(0, count)))
            {
            }
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            // The other direction ends with this one.
        }
    }
}
