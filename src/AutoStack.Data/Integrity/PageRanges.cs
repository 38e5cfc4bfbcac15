namespace AutoStack.Data.Integrity;

/// <summary>
/// The ranges of pages of one table, one after another: all pages, or a sample that is spread over the table. A range that took long is
/// followed by smaller ones, and a range that failed is halved.
/// </summary>
/// <param name="pages">The number of pages; 0 for an object that is read at once, in one range.</param>
/// <param name="sample">The part of the pages to read, above 0 and up to 1.</param>
/// <param name="random">A number from 0 to below 1, for each range of a sample: its place.</param>
internal sealed class PageRanges(long pages, double sample, Func<double> random)
{
    /// <summary>The pages of a range of a sample; a table that is no larger is read whole.</summary>
    internal const int SamplePages = 64;

    private const int FirstPages = 128;
    private const int MaxPages = 16_384;

    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);

    private readonly Stack<PageRange> halves = new();
    private readonly bool readsAll = sample >= 1 || pages <= SamplePages;
    private long next;
    private long size = FirstPages;
    private bool isStarted;

    /// <summary>The part of the table that is behind, 0 to 1.</summary>
    public double Share => pages == 0 ? (isStarted ? 1 : 0) : Math.Min(1, (double)next / pages);

    /// <summary>The next range; null at the end.</summary>
    public PageRange? Next()
    {
        if (halves.TryPop(out var half))
        {
            return half;
        }

        if (pages == 0)
        {
            var only = isStarted ? (PageRange?)null : new PageRange(0, 0);
            isStarted = true;
            return only;
        }

        if (next >= pages)
        {
            return null;
        }

        var first = next;
        if (readsAll)
        {
            var count = Math.Min(size, pages - first);
            next += count;
            return new PageRange(first, count);
        }

        var stride = (long)Math.Min(Math.Ceiling(SamplePages / sample), pages);
        var room = Math.Max(0, Math.Min(stride, pages - first) - SamplePages);
        next += stride;
        first += (long)(random() * (room + 1));
        return new PageRange(first, Math.Min(SamplePages, pages - first));
    }

    /// <summary>Reads a range that failed again, in halves.</summary>
    public void Halve(PageRange range)
    {
        var half = range.Count / 2;
        halves.Push(new PageRange(range.First + half, range.Count - half));
        halves.Push(new PageRange(range.First, half));
    }

    /// <summary>Adapts the next ranges to the time that one took.</summary>
    public void Took(TimeSpan time) =>
        size = time < Short ? Math.Min(size * 2, MaxPages) : time > Long ? Math.Max(size / 2, 1) : size;
}
