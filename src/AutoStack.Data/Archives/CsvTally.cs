using System.Buffers;
using System.Text;

namespace AutoStack.Data.Archives;

/// <summary>
/// Counts the rows of a CSV text that arrives in pieces, and checks that each has as many fields as the header. Line ends and commas
/// between quotes belong to a value.
/// </summary>
internal sealed class CsvTally
{
    private const int MaxHeader = 64 << 10;

    private static readonly SearchValues<byte> Outside = SearchValues.Create("\",\n"u8);

    private readonly ArrayBufferWriter<byte> header = new();
    private bool isQuoted;
    private bool isWithinRow;
    private int fields = 1;
    private int columns;
    private long rows = -1;
    private string? fault;

    /// <summary>The number of rows so far, without the header.</summary>
    public long Rows => Math.Max(rows, 0);

    /// <summary>Follows a piece of the text.</summary>
    public void Add(ReadOnlySpan<byte> piece)
    {
        if (rows < 0 && header.WrittenCount < MaxHeader)
        {
            header.Write(piece[..Math.Min(piece.Length, MaxHeader)]);
        }

        while (piece.Length > 0)
        {
            isWithinRow = true;
            var at = isQuoted ? piece.IndexOf((byte)'"') : piece.IndexOfAny(Outside);
            if (at < 0)
            {
                return;
            }

            switch (piece[at])
            {
                case (byte)'"':
                    isQuoted = !isQuoted;
                    break;
                case (byte)',':
                    fields++;
                    break;
                default:
                    EndRow();
                    break;
            }

            piece = piece[(at + 1)..];
        }
    }

    /// <summary>What is wrong with the text, which has ended; null for nothing.</summary>
    public string? FindFault(IReadOnlyList<ArchiveColumn> expected)
    {
        var written = Encoding.UTF8.GetString(header.WrittenSpan);
        var first = written.Split('\n')[0].TrimEnd('\r');
        return fault
            ?? (isQuoted ? "the last value has no end"
                : isWithinRow ? "the last row has no end"
                : rows < 0 ? "there is no header"
                : first != string.Join(',', expected.Select(column => Quoted(column.Name))) ? "the header names other columns"
                : null);
    }

    // A name with a comma, a quote or a line end is quoted, as COPY does.
    private static string Quoted(string name) =>
        name.AsSpan().IndexOfAny("\",\r\n") < 0 ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private void EndRow()
    {
        if (rows < 0)
        {
            columns = fields;
        }
        else if (fields != columns)
        {
            fault ??= $"row {rows + 1} has {fields} fields in place of {columns}";
        }

        rows++;
        fields = 1;
        isWithinRow = false;
    }
}
