using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>The administration console of a PgBouncer, which understands simple queries only: the driver sends none.</summary>
internal static class BouncerConsole
{
    private const int Protocol = 196608;

    /// <exception cref="IOException">The pooler is away.</exception>
    public static async Task RunAsync(int port, string command, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        var stream = client.GetStream();
        var startup = Encoding.ASCII.GetBytes("....user\0autostack\0database\0pgbouncer\0\0");
        BinaryPrimitives.WriteInt32BigEndian(startup, Protocol);
        await SendAsync(stream, type: null, startup, cancellationToken);
        await UntilReadyAsync(stream, command, cancellationToken);
        await SendAsync(stream, (byte)'Q', Encoding.ASCII.GetBytes(command + "\0"), cancellationToken);
        await UntilReadyAsync(stream, command, cancellationToken);
    }

    private static async Task SendAsync(NetworkStream stream, byte? type, byte[] body, CancellationToken cancellationToken)
    {
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, body.Length + length.Length);
        byte[] message = type is { } first ? [first, .. length, .. body] : [.. length, .. body];
        await stream.WriteAsync(message, cancellationToken);
    }

    private static async Task UntilReadyAsync(NetworkStream stream, string command, CancellationToken cancellationToken)
    {
        var head = new byte[5];
        while (true)
        {
            await stream.ReadExactlyAsync(head, cancellationToken);
            var body = new byte[BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1)) - 4];
            await stream.ReadExactlyAsync(body, cancellationToken);
            switch ((char)head[0])
            {
                case 'E':
                    throw new InvalidOperationException($"{command}: {Encoding.UTF8.GetString(body).Replace('\0', ' ')}");
                case 'Z':
                    return;
            }
        }
    }
}
