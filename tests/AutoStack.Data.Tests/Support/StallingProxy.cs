using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A proxy between the library and the server that can hold all bytes back while every connection stays open, as a hung server or a dead
/// network does. New connections are accepted and not answered.
/// </summary>
public sealed class StallingProxy : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly string serverHost;
    private readonly int serverPort;
    private volatile TaskCompletionSource up = Open();
    private volatile TaskCompletionSource down = Open();

    public StallingProxy(string connectionString)
    {
        var server = new NpgsqlConnectionStringBuilder(connectionString);
        (serverHost, serverPort) = (server.Host!, server.Port);
        listener.Start();
        server.Host = "127.0.0.1";
        server.Port = ((IPEndPoint)listener.LocalEndpoint).Port;
        server.SslMode = SslMode.Disable;
        server.GssEncryptionMode = GssEncryptionMode.Disable;
        ConnectionString = server.ConnectionString;
        _ = AcceptAsync();
    }

    public string ConnectionString { get; }

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

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        stop.Dispose();
    }

    private static TaskCompletionSource Open()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
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
            try
            {
                await server.ConnectAsync(serverHost, serverPort, stop.Token);
                await Task.WhenAny(
                    PassAsync(client.GetStream(), server.GetStream(), () => up.Task),
                    PassAsync(server.GetStream(), client.GetStream(), () => down.Task));
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or SocketException)
            {
                // One side closed its connection, so that the other is closed too.
            }
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to, Func<Task> passes)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, stop.Token) is > 0 and var count)
        {
            await passes().WaitAsync(stop.Token);
            await to.WriteAsync(buffer.AsMemory(0, count), stop.Token);
        }
    }
}
