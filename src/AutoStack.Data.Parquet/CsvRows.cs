using System.Buffers;
using System.Runtime.InteropServices;

namespace AutoStack.Data.Parquet;

/// <summary>A value in a row of CSV.</summary>
/// <param name="End">The end of the value in the text of the row.</param>
/// <param name="IsQuoted">Whether the value stood between quotes; an empty one without quotes is NULL.</param>
internal readonly record struct CsvValue(int End, bool IsQuoted);

/// <summary>Receives a row: the values without their quotes, one after the other.</summary>
internal delegate void CsvRow(ReadOnlySpan<byte> text, ReadOnlySpan<CsvValue> values);

/// <summary>Splits CSV as PostgreSQL's COPY writes it, which arrives in pieces, into rows.</summary>
/// <param name="row">Receives each row, the header included.</param>
internal sealed class CsvRows(CsvRow row)
{
    private readonly ArrayBufferWriter<byte> text = new();
    private readonly List<CsvValue> values = [];
    private State state;
    private bool isQuoted;

    private enum State
    {
        Start,
        Plain,
        Quoted,
        AfterQuote,
    }

    /// <summary>Follows a piece of the text.</summary>
    public void Add(ReadOnlySpan<byte> piece)
    {
        while (piece.Length > 0)
        {
            switch (state)
            {
                case State.Start:
                    isQuoted = piece[0] == '"';
                    state = isQuoted ? State.Quoted : State.Plain;
                    piece = piece[(isQuoted ? 1 : 0)..];
                    break;
                case State.Plain:
                    if (Take(ref piece, piece.IndexOfAny((byte)',', (byte)'\n')) is { } end)
                    {
                        EndValue(isRowEnd: end == '\n');
                    }

                    break;
                case State.Quoted:
                    if (Take(ref piece, piece.IndexOf((byte)'"')) is not null)
                    {
                        state = State.AfterQuote;
                    }

                    break;
                default:
                    // A second quote is one of the value; anything else follows the value.
                    if (piece[0] == '"')
                    {
                        text.Write("\""u8);
                        piece = piece[1..];
                        state = State.Quoted;
                    }
                    else
                    {
                        state = State.Plain;
                    }

                    break;
            }
        }
    }

    // Takes what comes before a delimiter, and the delimiter, which is returned; takes all, and returns null, without one.
    private byte? Take(ref ReadOnlySpan<byte> piece, int at)
    {
        text.Write(at < 0 ? piece : piece[..at]);
        byte? delimiter = at < 0 ? null : piece[at];
        piece = at < 0 ? [] : piece[(at + 1)..];
        return delimiter;
    }

    private void EndValue(bool isRowEnd)
    {
        values.Add(new(text.WrittenCount, isQuoted));
        state = State.Start;
        if (isRowEnd)
        {
            row(text.WrittenSpan, CollectionsMarshal.AsSpan(values));
            text.ResetWrittenCount();
            values.Clear();
        }
    }
}
