using System.Text;

namespace AutoStack.Data.Tests.Support;

/// <summary>
/// A proxy that passes on the beginning of an answer, and then closes the connection, as a server does that is lost in the middle of its
/// rows. What was passed on arrives.
/// </summary>
public sealed class HalfAnswerProxy(string connectionString) : ServerProxy(connectionString)
{
    private (byte[] Text, Func<Task> Between)? end;

    /// <summary>The number of answers whose end was not passed on.</summary>
    public int Halved { get; private set; }

    /// <summary>Ends the next answer before a text.</summary>
    /// <param name="text">The text, as the server sends it.</param>
    /// <param name="between">Runs after the beginning has been passed on, before the connection closes.</param>
    public void EndBefore(string text, Func<Task> between) => end = (Encoding.UTF8.GetBytes(text), between);

    protected override async ValueTask<bool> PassDownAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        if (end is not var (text, between) || packet.Span.IndexOf(text) is not (>= 0 and var at))
        {
            return await base.PassDownAsync(link, packet);
        }

        end = null;
        Halved++;
        await base.PassDownAsync(link, packet[..at]);
        await between();
        return false;
    }
}
