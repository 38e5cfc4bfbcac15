using AutoStack.Data.Cli.Backups;

namespace AutoStack.Data.FaultTests.Backups;

/// <summary>The segments that a repository has and lacks, without a repository.</summary>
[TestFixture]
public sealed class WalRangeTests
{
    [Test]
    public void Segments_without_a_gap_have_none()
    {
        var range = WalRange.Of(Files("1/2", "1/3", "1/4"), [Backup("1/2", "1/3")])!;

        Assert.That(range.Gaps, Is.Empty);
        Assert.That((range.First, range.Last, range.Count), Is.EqualTo((Name("1/2"), Name("1/4"), 3)));
    }

    [Test]
    public void A_segment_that_a_backup_needs_belongs_to_the_backup()
    {
        var gap = WalRange.Of(Files("1/2", "1/4", "1/5"), [Backup("1/2", "1/4")])!.Gaps.Single();

        Assert.That((gap.First, gap.Last, gap.Count, gap.Backup), Is.EqualTo((Name("1/3"), Name("1/3"), 1L, "1/2F")));
    }

    [Test]
    public void Missing_segments_in_a_row_are_one_gap_also_over_the_end_of_a_log_file()
    {
        var gap = WalRange.Of(Files("1/2", "1/3", "1/FE", "1/102"), [Backup("1/2", "1/3"), Backup("1/FE", "1/FE")])!.Gaps;

        Assert.That(
            gap.Select(g => (g.First, g.Last, g.Count, g.IsRecent)),
            Is.EqualTo(new[] { (Name("1/4"), Name("1/FD"), 250L, false), (Name("1/FF"), Name("1/101"), 3L, true) }));
    }

    [Test]
    public void What_is_older_than_the_oldest_backup_is_not_needed() =>
        Assert.That(WalRange.Of(Files("1/1", "1/5", "1/6"), [Backup("1/5", "1/6")])!.Gaps, Is.Empty);

    [Test]
    public void A_timeline_continues_another_one_at_the_segment_of_the_promotion()
    {
        Assert.That(WalRange.Of(Files("1/2", "1/3", "2/3", "2/4"), [Backup("1/2", "1/2")])!.Gaps, Is.Empty);
        Assert.That(WalRange.Of(Files("1/2", "1/3", "2/4", "2/5"), [Backup("1/2", "1/2")])!.Gaps, Is.Empty);
        Assert.That(
            WalRange.Of(Files("1/2", "1/3", "2/5"), [Backup("1/2", "1/2")])!.Gaps.Select(gap => gap.First),
            Is.EqualTo(new[] { Name("2/4") }));
    }

    [Test]
    public void The_size_of_a_segment_is_read_from_the_position_of_a_backup()
    {
        // 64 MB: 64 segments per 4 GB.
        var backup = Backup("1/3F", "1/3F") with { StartPosition = "0/FC000028" };
        string[] names = ["00000001000000000000003F", "000000010000000100000000", "000000010000000100000001"];

        var range = WalRange.Of(names.Select(File), [backup])!;

        Assert.That(range.Gaps, Is.Empty);
        Assert.That(WalRange.Of(names.Where(name => name != names[1]).Select(File), [backup])!.Gaps.Single().First, Is.EqualTo(names[1]));
    }

    [Test]
    public void Other_files_of_the_archive_are_no_segments()
    {
        string[] others = ["archive.info", "15-1", "00000002.history", Name("1/3") + ".00000028.backup", Name("1/3") + ".partial-" + Hash];

        Assert.That(WalRange.Of(Files("1/2", "1/4").Concat(others), [Backup("1/2", "1/2")])!.Gaps.Single().First, Is.EqualTo(Name("1/3")));
    }

    private static string Hash { get; } = new('a', 40);

    private static IEnumerable<string> Files(params string[] segments) => segments.Select(Name).Select(File);

    private static string File(string name) => $"15-1/{name[..16]}/{name}-{Hash}.lz4";

    // A timeline and a number, both hexadecimal, of segments of 16 MB.
    private static string Name(string segment)
    {
        var number = Convert.ToInt64(segment.Split('/')[1], 16);
        return $"{Convert.ToInt32(segment.Split('/')[0], 16):X8}{number / 256:X8}{number % 256:X8}";
    }

    private static Backup Backup(string first, string last) => new(
        first + "F", "full", HasErrors: false, DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 1, Name(first), Name(last),
        $"0/{(Convert.ToInt64(first.Split('/')[1], 16) % 256) << 24:X}", 0, 0, new Dictionary<string, string>());
}
