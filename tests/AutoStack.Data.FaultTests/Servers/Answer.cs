using System.Text;

namespace AutoStack.Data.FaultTests.Servers;

/// <summary>What the server answers when it has carried a statement out.</summary>
internal sealed class Answer
{
    private readonly byte[] tag;

    private Answer(string name, string tag) => (Name, this.tag) = (name, Encoding.ASCII.GetBytes(tag));

    /// <summary>The end of a unit of work.</summary>
    public static Answer Commit { get; } = new("COMMIT", "COMMIT\0");

    /// <summary>The statement, or one of its batch, inserted one row.</summary>
    public static Answer Insert { get; } = new("INSERT", "INSERT 0 1\0");

    /// <summary>The statement, or one of its batch, updated one row.</summary>
    public static Answer Update { get; } = new("UPDATE", "UPDATE 1\0");

    /// <summary>The statement, or one of its batch, deleted rows.</summary>
    public static Answer Delete { get; } = new("DELETE", "DELETE ");

    public static IReadOnlyList<Answer> All { get; } = [Commit, Insert, Update, Delete];

    public string Name { get; }

    public bool IsIn(ReadOnlySpan<byte> packet) => packet.IndexOf(tag) >= 0;

    public static bool IsReadyForQuery(ReadOnlySpan<byte> packet) =>
        packet.Length >= 6 && packet[..^1].EndsWith("Z\0\0\0\u0005"u8) && packet[^1] is (byte)'I' or (byte)'T' or (byte)'E';

    public override string ToString() => Name;
}
