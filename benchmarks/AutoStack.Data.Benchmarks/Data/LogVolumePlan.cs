namespace AutoStack.Data.Benchmarks.Data;

/// <summary>The sizes of a comparison of few log lines with many.</summary>
/// <param name="Few">Lines of the first database.</param>
/// <param name="Many">Lines of the second one.</param>
/// <param name="Longest">Lines of the newest log, in both. The sizes are multiples of <see cref="Ordinary"/>.</param>
internal sealed record LogVolumePlan(long Few, long Many, long Longest)
{
    /// <summary>Lines of every other log.</summary>
    public const int Ordinary = 1_000;

    // A line with its entries in four indexes has 290 bytes; the server's log of changes has up to 16 GB beside the tables.
    private const long BytesPerLine = 320;
    private const long BytesOfServer = 20_000_000_000;

    /// <summary>1,000,000 and 100,000,000 lines; the newest log has 200,000.</summary>
    public static LogVolumePlan Huge { get; } = new(1_000_000, 100_000_000, 200_000);

    /// <summary>The space on disk that the two databases need, in bytes.</summary>
    public long Bytes => BytesOfServer + (Few + Many) * BytesPerLine;
}
