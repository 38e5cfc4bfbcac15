using System.Globalization;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Cli.Backups;

/// <summary>
/// The segments of the write-ahead log that the backups of a repository can be recovered with. A server that recovers takes a missing
/// segment for the end of the log, and says nothing.
/// </summary>
/// <param name="First">The first segment of the oldest backup.</param>
/// <param name="Last">The last segment in the archive.</param>
/// <param name="Count">The number of segments from the first on.</param>
/// <param name="Gaps">Segments that are missing, in their order.</param>
internal sealed partial record WalRange(string First, string Last, int Count, IReadOnlyList<WalGap> Gaps)
{
    private const long Megabyte = 1024 * 1024;

    /// <summary>Finds the gaps.</summary>
    /// <param name="files">The files of the archive; others than segments are passed over.</param>
    /// <param name="backups">The backups of this archive, the oldest first.</param>
    /// <returns>Null when no backup has a position, or the archive no segment.</returns>
    public static WalRange? Of(IEnumerable<string> files, IReadOnlyList<Backup> backups)
    {
        List<Backup> online = [.. backups.Where(backup => backup is { FirstSegment: not null, LastSegment: not null })];
        if (online.Count == 0)
        {
            return null;
        }

        var size = SizeOf(online[0]);
        var first = Segment.Parse(online[0].FirstSegment!, size);
        HashSet<Segment> found = [.. files.Select(file => SegmentFile().Match(file)).Where(match => match.Success)
            .Select(match => Segment.Parse(match.Groups["name"].Value, size)).Where(segment => segment.Number >= first.Number)];
        if (found.Count == 0)
        {
            return null;
        }

        var newest = Segment.Parse(online[^1].FirstSegment!, size).Number;
        var gaps = new List<WalGap>();
        foreach (var backup in online)
        {
            Add(Segment.Parse(backup.FirstSegment!, size), Segment.Parse(backup.LastSegment!, size).Number, backup.Label);
        }

        var timelines = found.GroupBy(segment => segment.Timeline)
            .Select(line => (Timeline: line.Key, Min: line.Min(s => s.Number), Max: line.Max(s => s.Number)))
            .OrderBy(line => line.Timeline).ToList();
        var reached = first.Number - 1;
        foreach (var line in timelines)
        {
            // A timeline begins where its server was promoted, at most one segment after the end of another one.
            Add(new Segment(line.Timeline, Math.Min(line.Min, reached + 1)), line.Max, backup: null);
            reached = Math.Max(reached, line.Max);
        }

        var newestFound = found.MaxBy(segment => (segment.Timeline, segment.Number));
        return new WalRange(first.Name(size), newestFound.Name(size), found.Count, gaps);

        void Add(Segment start, long end, string? backup)
        {
            for (var number = start.Number; number <= end; number++)
            {
                if (found.Contains(start with { Number = number }))
                {
                    continue;
                }

                var missing = start with { Number = number };
                while (number < end && !found.Contains(start with { Number = number + 1 }))
                {
                    number++;
                }

                var (name, last) = (missing.Name(size), (start with { Number = number }).Name(size));
                if (!gaps.Any(gap => gap.First == name && gap.Last == last))
                {
                    gaps.Add(new WalGap(name, last, number - missing.Number + 1, backup, number >= newest));
                }
            }
        }
    }

    /// <summary>The number of a segment, whatever its timeline.</summary>
    public static long NumberOf(string name, long size) => Segment.Parse(name, size).Number;

    // The name of a segment does not say how large it is; the position of a backup does.
    private static long SizeOf(Backup backup)
    {
        var halves = (backup.StartPosition ?? "").Split('/');
        if (halves.Length != 2 || !long.TryParse(halves[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var low))
        {
            return 16 * Megabyte;
        }

        var number = long.Parse(backup.FirstSegment![16..24], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new long[] { 16, 1, 2, 4, 8, 32, 64, 128, 256, 512, 1024 }.Select(size => size * Megabyte)
            .FirstOrDefault(size => low / size == number, 16 * Megabyte);
    }

    [GeneratedRegex("(^|/)(?<name>[0-9A-F]{24})-[0-9a-f]{40}(\\.[a-z0-9]+)?$", RegexOptions.CultureInvariant)]
    private static partial Regex SegmentFile();

    private readonly record struct Segment(uint Timeline, long Number)
    {
        // Eight digits each for the timeline, the upper half of the position, and the segment in it.
        public static Segment Parse(string name, long size) => new(
            uint.Parse(name[..8], NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            (long.Parse(name[8..16], NumberStyles.HexNumber, CultureInfo.InvariantCulture) * (0x1_0000_0000 / size))
                + long.Parse(name[16..24], NumberStyles.HexNumber, CultureInfo.InvariantCulture));

        public string Name(long size)
        {
            var perHalf = 0x1_0000_0000 / size;
            return string.Create(CultureInfo.InvariantCulture, $"{Timeline:X8}{Number / perHalf:X8}{Number % perHalf:X8}");
        }
    }
}

/// <summary>Segments in a row that the archive lacks.</summary>
/// <param name="First">The first of them.</param>
/// <param name="Last">The last of them; the first one when it is one.</param>
/// <param name="Count">How many they are.</param>
/// <param name="Backup">The backup that cannot be restored without them; null when only a recovery past its end needs them.</param>
/// <param name="IsRecent">Whether the newest backup, too, ends there.</param>
internal sealed record WalGap(string First, string Last, long Count, string? Backup, bool IsRecent);
