using System.Buffers.Binary;
using System.Text;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>What the server answers when it has carried a statement out.</summary>
internal sealed class Answer
{
    private readonly Func<IReadOnlyList<string>, bool> isWanted;

    private Answer(string name, Func<IReadOnlyList<string>, bool> isWanted) => (Name, this.isWanted) = (name, isWanted);

    /// <summary>The end of a unit of work.</summary>
    public static Answer Commit { get; } = new("COMMIT", tags => tags.Contains("COMMIT"));

    /// <summary>A statement that inserted rows.</summary>
    public static Answer Insert { get; } = Of("INSERT 0 ");

    /// <summary>A statement that updated rows.</summary>
    public static Answer Update { get; } = Of("UPDATE ");

    /// <summary>A statement that deleted rows.</summary>
    public static Answer Delete { get; } = Of("DELETE ");

    /// <summary>
    /// A batch of several statements, which is how the library writes under a lock. Its last statement often answers with a SELECT.
    /// </summary>
    public static Answer Batch { get; } = new("batch", tags => tags.Count > 1);

    public static IReadOnlyList<Answer> All { get; } = [Commit, Insert, Update, Delete, Batch];

    public string Name { get; }

    public static bool IsReadyForQuery(ReadOnlySpan<byte> packet) =>
        packet.Length >= 6 && packet[..^1].EndsWith("Z\0\0\0\u0005"u8) && packet[^1] is (byte)'I' or (byte)'T' or (byte)'E';

    /// <summary>Whether a packet, which begins with a message of the protocol, has this answer.</summary>
    public bool IsIn(ReadOnlySpan<byte> packet)
    {
        var tags = new List<string>();
        while (packet.Length > 5)
        {
            // A type of one byte, then the length, which counts itself.
            var length = BinaryPrimitives.ReadInt32BigEndian(packet[1..]);
            if (length < 4 || length >= packet.Length)
            {
                break;
            }

            if (packet[0] == (byte)'C')
            {
                tags.Add(Encoding.ASCII.GetString(packet[5..length]));
            }

            packet = packet[(length + 1)..];
        }

        return isWanted(tags);
    }

    public override string ToString() => Name;

    private static Answer Of(string verb) =>
        new(verb.Trim(), tags => tags.Any(tag => tag.StartsWith(verb, StringComparison.Ordinal) && tag != verb + "0"));
}
