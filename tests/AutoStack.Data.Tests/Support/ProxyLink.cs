using System.Net.Sockets;

namespace AutoStack.Data.Tests.Support;

/// <summary>A connection through a proxy.</summary>
public sealed class ProxyLink(TcpClient client, TcpClient server)
{
    private volatile bool isHalfOpen;

    public NetworkStream ToClient => client.GetStream();

    public NetworkStream ToServer => server.GetStream();

    /// <summary>Whether the sides are connected no longer, and do not know it.</summary>
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
