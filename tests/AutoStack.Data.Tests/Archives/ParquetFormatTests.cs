using System.Buffers;
using System.Text;
using AutoStack.Data.Archives;
using AutoStack.Data.Parquet;
using Parquet;

namespace AutoStack.Data.Tests.Archives;

/// <summary>The text that becomes a Parquet file comes back from it, byte for byte.</summary>
public sealed class ParquetFormatTests
{
    private const string Id = "0196f0a0-1c2d-7e3f-8a4b-0123456789ab";

    private static readonly ArchiveColumn[] Columns =
    [
        new("id", "uuid"), new("at", "timestamp without time zone"), new("level", "character varying(20)"), new("message", "text"),
        new("seq", "bigint"), new("status", "integer"), new("is live", "boolean"), new("a \"b\", c.d\n", "numeric(8,2)"),
    ];

    private const string Header = "id,at,level,message,seq,status,is live,\"a \"\"b\"\", c.d\n\"\n";

    private static CancellationToken Token => TestContext.CurrentContext.CancellationToken;

    private static IEnumerable<TestCaseData> Texts()
    {
        yield return Case("no rows", "");
        yield return Case("only NULL", ",,,,,,,\n,,,,,,,\n");
        yield return Case("a row", $"{Id},2026-04-10 12:00:00.5,error,text,1,200,t,1.50\n");
        yield return Case("NULL and empty text", $"{Id},,\"\",,1,,f,\n{Id},,,\"\",2,,,\n");
        yield return Case("numbers", $"{Id},,,,-9223372036854775808,-2147483648,t,\n{Id},,,,9223372036854775807,2147483647,t,\n");
        yield return Case("quotes", ",,,\"\"\"\",,,,\n,,,\"a\"\"b\",,,,\n,,,\"\"\"\"\"\",,,,\n");
        yield return Case("delimiters", ",,,\"a,b\",,,,\n,,,\"a\nb\",,,,\n,,,\"a\r\nb\",,,,\n,,,\"\r\",,,,\n");
        yield return Case("not quoted", ",,,\\.,,,,\n,,,\\N,,,,\n,,, a ,,,,\n,,,\t\u0001\u001b[31m\u007f,,,,\n,,,a'b,,,,\n");
        yield return Case("Unicode", ",,,\u00e4\U0001F680\u202e\ufeff,,,,\n");
        yield return Case("a line of 1 MB", $",,,{new string('y', 1 << 20)},,,,\n");
        yield return Case("a line of quotes", $",,,\"{string.Concat(Enumerable.Repeat("\"\"x,", 300_000))}\",,,,\n");
        yield return Case("bits", string.Concat(Enumerable.Range(0, 1_003).Select(n => $",,,,,,{"tf"[n % 3 % 2]},\n,,,,,,,\n")));

        static TestCaseData Case(string name, string rows) => new TestCaseData(rows).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Texts))]
    public async Task Text_comes_back(string rows)
    {
        foreach (var size in new[] { 1 << 17, 1_000, 7 })
        {
            if (size < 100 && rows.Length > 10_000)
            {
                continue;
            }

            Assert.That(await ReadAsync(await WriteAsync(Header + rows, size), size), Is.EqualTo(Header + rows), $"pieces of {size} bytes");
        }
    }

    [TestCase("infinity")]
    [TestCase("-infinity")]
    [TestCase("4713-01-01 00:00:00 BC")]
    [TestCase("0001-12-31 23:59:59.999999 BC")]
    [TestCase("0001-01-01 00:00:00")]
    [TestCase("1969-12-31 23:59:59.999999")]
    [TestCase("1970-01-01 00:00:00")]
    [TestCase("2000-02-29 00:00:00.1")]
    [TestCase("1900-03-01 00:00:00.000001")]
    [TestCase("9999-12-31 23:59:59.999999")]
    [TestCase("10000-01-01 00:00:00")]
    [TestCase("294246-12-31 23:59:59.999999")]
    public async Task Times_come_back(string time)
    {
        var text = $"{Header},{time},,,,,,\n";

        Assert.That(await ReadAsync(await WriteAsync(text)), Is.EqualTo(text));
    }

    // .NET's calendar is the other opinion.
    [Test]
    public void Times_are_those_of_the_calendar() => CsCheck.Check.Sample(
        CsCheck.Gen.Long[0, DateTime.MaxValue.Ticks / 10],
        sinceYear1 =>
        {
            var time = new DateTime(sinceYear1 * 10, DateTimeKind.Utc);
            var text = time.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", null);
            var written = new ArrayBufferWriter<byte>();

            Assert.That(PostgresTime.TryParse(Encoding.UTF8.GetBytes(text), out var microseconds), Is.True, text);
            PostgresTime.Write(microseconds, written);

            Assert.That(microseconds, Is.EqualTo((time - DateTime.UnixEpoch).Ticks / 10));
            Assert.That(Encoding.UTF8.GetString(written.WrittenSpan), Is.EqualTo(text));
        });

    [Test]
    public void Times_of_all_years_come_back() => CsCheck.Check.Sample(
        CsCheck.Gen.OneOf(
            CsCheck.Gen.Long[-210_866_803_200_000_000, -62_135_596_800_000_001],
            CsCheck.Gen.Long[-62_135_596_800_000_000, long.MaxValue - 1]),
        microseconds =>
        {
            var written = new ArrayBufferWriter<byte>();
            PostgresTime.Write(microseconds, written);

            Assert.That(PostgresTime.TryParse(written.WrittenSpan, out var read), Is.True);
            Assert.That(read, Is.EqualTo(microseconds));
        });

    [TestCase("", "294276-12-31 23:59:59.999999", "", "at")]
    [TestCase("", "2026-04-10", "", "at")]
    [TestCase("", "2026-04-10 12:00:00.", "", "at")]
    [TestCase("", "2026-04-10T12:00:00", "", "at")]
    [TestCase("", "26-04-10 12:00:00", "", "at")]
    [TestCase("", "\"\"", "", "at")]
    [TestCase("0196f0a0", "", "", "id")]
    [TestCase($"{Id}0", "", "", "id")]
    [TestCase("", "", "9223372036854775808", "seq")]
    public void A_value_that_cannot_be_stored_is_reported(string id, string time, string seq, string column)
    {
        var failure = Assert.CatchAsync<ArchiveException>(() => WriteAsync($"{Header},,,,,,,\n{id},{time},,,{seq},,,\n"))!;

        Assert.That(failure.Message, Does.StartWith("Row 2 cannot be stored as Parquet").And.Contain($"its {column} has"));
    }

    [Test]
    public async Task Row_groups_have_a_bounded_size()
    {
        var text = new StringBuilder(Header);
        for (var row = 0; row < 300_000; row++)
        {
            var message = row == 50_000 ? new string('m', 17 << 20) : row % 3 == 0 ? "" : $"line {row}";
            text.Append($"{Id},2026-04-10 12:00:00.{row:D6}1".AsSpan()[..^1].TrimEnd('0').TrimEnd('.')).Append($",,{message},{row},,f,\n");
        }

        var file = await WriteAsync(text.ToString());
        await using var reader = await ParquetReader.CreateAsync(new MemoryStream(file), cancellationToken: Token);

        Assert.That(reader.RowGroups.Sum(group => group.RowCount), Is.EqualTo(300_000));
        Assert.That(reader.RowGroups, Has.Count.EqualTo(4), "one group ends by its size, two by their rows, and the last with the file");
        Assert.That(reader.RowGroups.Select(group => group.RowCount), Is.All.LessThan(130_000));
        Assert.That(reader.RowGroups.Select(group => group.RowGroup.TotalByteSize), Is.All.LessThan((16 << 20) + (17 << 20)));
        Assert.That(await ReadAsync(file) == text.ToString(), Is.True);
    }

    [Test]
    public async Task A_file_that_is_cut_is_not_read()
    {
        var file = await WriteAsync($"{Header}{Id},2026-04-10 12:00:00,error,text,1,200,t,1.50\n");

        for (var length = 0; length < file.Length; length++)
        {
            Assert.That(() => ReadAsync(file[..length]), Throws.TypeOf<InvalidDataException>(), $"{length} bytes");
        }
    }

    [Test]
    public async Task A_file_with_other_columns_is_not_read()
    {
        var file = await WriteAsync($"{Header}{Id},2026-04-10 12:00:00,error,text,1,200,t,1.50\n");

        Assert.That(
            () => ReadAsync(file, columns: [.. Columns.SkipLast(1), new("other", "text")]), Throws.TypeOf<InvalidDataException>());
    }

    private static async Task<byte[]> WriteAsync(string text, int size = 1 << 17)
    {
        var format = new ParquetArchiveFormat();
        var file = new MemoryStream();
        await using (var stream = format.OpenWrite(file, Columns))
        {
            foreach (var piece in Encoding.UTF8.GetBytes(text).Chunk(size))
            {
                await stream.WriteAsync(piece, Token);
            }
        }

        return file.ToArray();
    }

    private static async Task<string> ReadAsync(byte[] file, int size = 1 << 17, IReadOnlyList<ArchiveColumn>? columns = null)
    {
        var text = new MemoryStream();
        await using var stream = new ParquetArchiveFormat().OpenRead(new MemoryStream(file), columns ?? Columns);
        await stream.CopyToAsync(text, size, Token);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
