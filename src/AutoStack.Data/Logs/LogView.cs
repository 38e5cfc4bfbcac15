using System.Buffers;

namespace AutoStack.Data.Logs;

/// <summary>A reading of a line: characters, each with the range of the line that it comes from. Rented, so to be disposed.</summary>
internal sealed class LogView : IDisposable
{
    private char[] units;
    private int[] starts;
    private int[] ends;
    private bool hasReplaced;

    public LogView(int capacity)
    {
        units = ArrayPool<char>.Shared.Rent(capacity);
        starts = ArrayPool<int>.Shared.Rent(capacity);
        ends = ArrayPool<int>.Shared.Rent(capacity);
    }

    public int Length { get; private set; }

    public ReadOnlySpan<char> Text => units.AsSpan(0, Length);

    /// <summary>The line itself.</summary>
    public static LogView Of(string line)
    {
        var view = new LogView(line.Length) { Length = line.Length };
        line.CopyTo(view.units);
        for (var i = 0; i < line.Length; i++)
        {
            (view.starts[i], view.ends[i]) = (i, i + 1);
        }

        return view;
    }

    /// <summary>Where the character at a place begins in the line.</summary>
    public int Start(int place) => starts[place];

    /// <summary>Where it ends.</summary>
    public int End(int place) => ends[place];

    /// <summary>Adds a character; a view is never longer than what it is made of.</summary>
    public void Add(char unit, int start, int end)
    {
        (units[Length], starts[Length], ends[Length]) = (unit, start, end);
        Length++;
    }

    /// <summary>Writes a character at the end, or in the place of another one. Then the view is to be ordered.</summary>
    public void Put(int place, char unit, int start, int end)
    {
        if (place == Length)
        {
            Add(unit, start, end);
            return;
        }

        (units[place], ends[place]) = (unit, end);
        hasReplaced = true;
    }

    /// <summary>
    /// Widens the ranges of characters that others were written between, so that starts and ends ascend: the range of a text from its first
    /// to its last character holds that of each.
    /// </summary>
    public void Order()
    {
        if (!hasReplaced)
        {
            return;
        }

        for (var i = 1; i < Length; i++)
        {
            ends[i] = Math.Max(ends[i], ends[i - 1]);
        }

        for (var i = Length - 2; i >= 0; i--)
        {
            starts[i] = Math.Min(starts[i], starts[i + 1]);
        }
    }

    public void Dispose()
    {
        ArrayPool<char>.Shared.Return(units, clearArray: true);
        ArrayPool<int>.Shared.Return(starts);
        ArrayPool<int>.Shared.Return(ends);
        (units, starts, ends) = ([], [], []);
    }
}
