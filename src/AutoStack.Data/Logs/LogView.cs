using System.Buffers;

namespace AutoStack.Data.Logs;

/// <summary>A reading of a line: characters, each with its range in the line. Rented; dispose it.</summary>
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

    /// <summary>Creates the view of a line as written.</summary>
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

    /// <summary>The start of a character in the line.</summary>
    public int Start(int place) => starts[place];

    /// <summary>The end of a character in the line.</summary>
    public int End(int place) => ends[place];

    /// <summary>Adds a character; a view is never longer than its source.</summary>
    public void Add(char unit, int start, int end)
    {
        (units[Length], starts[Length], ends[Length]) = (unit, start, end);
        Length++;
    }

    /// <summary>Adds a character at the end, or replaces one. Call <see cref="Order"/> afterwards.</summary>
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
    /// Widens the ranges of replaced characters so that starts and ends ascend: the range from the first to the last character of a text
    /// then contains the range of each.
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
