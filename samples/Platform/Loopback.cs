using System.Net;
using System.Net.Sockets;

namespace Platform;

/// <summary>Ports of this machine.</summary>
internal static class Loopback
{
    /// <summary>The name of the HTTP client that asks addresses of this machine.</summary>
    public const string Client = "loopback";

    private const int PagePort = 5090;

    /// <summary>The names of this machine in an address.</summary>
    public static IReadOnlyList<string> Hosts { get; } = ["127.0.0.1", "localhost", "[::1]"];

    /// <summary>The address of the page: the documented port, or any when another program has it.</summary>
    public static string FreeAddress() => $"http://127.0.0.1:{(IsFree(PagePort) ? PagePort : 0)}";

    public static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
