using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace AutoStack.Data.Migrations.Tests.TestServers;

/// <summary>A Docker engine on a socket that gives the answers of a test, and remembers what it was asked.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("engine-");
    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ConcurrentQueue<string> asked = new();
    private readonly ConcurrentBag<Socket> accepted = [];
    private readonly Func<string, (int Status, string Body)?> answer;
    private readonly Task serving;

    /// <param name="answer">The answer to a method and path such as <c>GET /version</c>; null never answers.</param>
    public FakeEngine(Func<string, (int Status, string Body)?> answer)
    {
        this.answer = answer;
        listener.Bind(new UnixDomainSocketEndPoint(Path));
        listener.Listen();
        serving = ServeAsync();
    }

    public Uri Address => new($"unix://{Path}");

    public IReadOnlyCollection<string> Asked => asked;

    private string Path => System.IO.Path.Combine(folder.FullName, "docker.sock");

    /// <summary>An engine that knows its version, and answers everything else with an empty list.</summary>
    public static FakeEngine OfVersion(string newest, string oldest = "1.12", Func<string, (int Status, string Body)?>? others = null) =>
        new(question => question == "GET /version"
            ? (200, $$"""{"ApiVersion":"{{newest}}","MinAPIVersion":"{{oldest}}"}""")
            : others is null ? (200, "[]") : others(question));

    /// <summary>Ends the engine, and leaves a file at its place, which refuses as the socket of a killed engine does.</summary>
    public void Kill()
    {
        listener.Dispose();
        File.WriteAllText(Path, "");
    }

    public async ValueTask DisposeAsync()
    {
        listener.Dispose();
        foreach (var socket in accepted)
        {
            socket.Dispose();
        }

        await serving;
        folder.Delete(recursive: true);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync();
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                return;
            }

            accepted.Add(socket);
            _ = AnswerAsync(socket);
        }
    }

    private async Task AnswerAsync(Socket socket)
    {
        try
        {
            var buffer = new byte[8192];
            var text = "";
            while (!text.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                var read = await socket.ReceiveAsync(buffer);
                if (read == 0)
                {
                    return;
                }

                text += Encoding.ASCII.GetString(buffer, 0, read);
            }

            var words = text.Split(' ', 3);
            var question = $"{words[0]} {words[1]}";
            asked.Enqueue(question);
            if (answer(question) is var (status, body))
            {
                var content = Encoding.UTF8.GetBytes(body);
                await socket.SendAsync(Encoding.ASCII.GetBytes(
                    $"HTTP/1.1 {status} Answer\r\nContent-Type: application/json\r\nContent-Length: {content.Length}\r\n"
                    + "Connection: close\r\n\r\n"));
                await socket.SendAsync(content);
                socket.Shutdown(SocketShutdown.Both);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The other side, or the test, has closed the connection.
        }
    }
}
