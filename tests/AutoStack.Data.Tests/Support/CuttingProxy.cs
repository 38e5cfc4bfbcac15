using System.Text;

namespace AutoStack.Data.Tests.Support;

/// <summary>A proxy that closes a connection after the server has committed, before the client gets the answer.</summary>
public sealed class CuttingProxy(string connectionString) : ServerProxy(connectionString)
{
    private byte[]? cutAfter;
    private int answersLeft;
    private int cuts;
    private int refused;
    private bool refuse;

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

    protected override ValueTask<bool> AcceptsAsync(ProxyLink link)
    {
        if (Refuse)
        {
            Interlocked.Increment(ref refused);
        }

        return new(!Refuse);
    }

    protected override async ValueTask<bool> PassDownAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        var tag = Volatile.Read(ref cutAfter);
        if (tag is not null && packet.Span.IndexOf(tag) >= 0 && Interlocked.CompareExchange(ref cutAfter, null, tag) == tag)
        {
            await DrainAsync(link, packet);
            return End();
        }

        return Ends(packet.Span) && Interlocked.Decrement(ref answersLeft) == 0 ? End() : await base.PassDownAsync(link, packet);
    }

    // An answer ends with ReadyForQuery; the status idle says that the transaction is committed.
    private static bool Ends(ReadOnlySpan<byte> packet) => packet.EndsWith("Z\0\0\0\u0005I"u8);

    private async Task DrainAsync(ProxyLink link, ReadOnlyMemory<byte> packet)
    {
        var buffer = new byte[64 * 1024];
        while (packet.Length > 0 && !Ends(packet.Span))
        {
            packet = buffer.AsMemory(0, await link.ToServer.ReadAsync(buffer, Stopping));
        }
    }

    private bool End()
    {
        Refuse |= RefuseAfterCut;
        Interlocked.Increment(ref cuts);
        return false;
    }
}
