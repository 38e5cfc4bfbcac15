using System.Buffers;

namespace AutoStack.Data.Deployments;

/// <summary>A reading of a line: characters, each with the range of the line that it comes from. Rented, so to be disposed.</summary>
internal sealed class LogView : IDisposable
{
    private char[] units;
    private int[] starts;
    private int[] ends;

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

    /// <summary>Takes the last character back.</summary>
    public void TakeBack() => Length -= Length > 0 ? 1 : 0;

    public void Dispose()
    {
        ArrayPool<char>.Shared.Return(units, clearArray: true);
        ArrayPool<int>.Shared.Return(starts);
        ArrayPool<int>.Shared.Return(ends);
        (units, starts, ends) = ([], [], []);
    }
}
