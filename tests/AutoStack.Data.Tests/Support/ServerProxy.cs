using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A proxy between the library and the server, which passes on what both sides send. What it does wrong on the way is up to its kind.
/// </summary>
public abstract class ServerProxy : IAsyncDisposable
{
    private readonly ConcurrentDictionary<ProxyLink, byte> links = new();
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

    /// <summary>The number of open connections.</summary>
    public int Open => links.Count;

    /// <summary>Cancelled when the proxy ends.</summary>
    protected CancellationToken Stopping { get; }

    /// <summary>Cuts all connections.</summary>
    public void Cut()
    {
        foreach (var link in links.Keys)
        {
            link.Cut();
        }
    }

    /// <summary>
    /// Lets all connections hang for good: the client's side stays open and gets nothing more, as when a router forgets them. New
    /// connections pass.
    /// </summary>
    public void LeaveHalfOpen()
    {
        foreach (var link in links.Keys)
        {
            link.IsHalfOpen = true;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting;
        Cut();
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
            links.TryAdd(link, 0);
            try
            {
                if (await AcceptsAsync(link))
                {
                    await server.ConnectAsync(serverHost, serverPort, Stopping);
                    await Task.WhenAny(
                        PassAsync(link, link.ToClient, packet => PassUpAsync(link, packet)),
                        PassAsync(link, link.ToServer, packet => PassDownAsync(link, packet)));
                }
            }
            catch (Exception exception) when (IsClosed(exception))
            {
                // The server refuses connections, or the link was cut.
            }
            finally
            {
                links.TryRemove(link, out _);
                Ended(link);
            }
        }
    }

    private async Task PassAsync(ProxyLink link, NetworkStream from, Func<ReadOnlyMemory<byte>, ValueTask<bool>> pass)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReadAsync(buffer, Stopping) is > 0 and var count
                && (link.IsHalfOpen || await pass(buffer.AsMemory(0, count))))
            {
            }
        }
        catch (Exception exception) when (IsClosed(exception))
        {
            // The other direction ends with this one.
        }
    }
}
