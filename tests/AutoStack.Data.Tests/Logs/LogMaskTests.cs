using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using AutoStack.Data.Logs;

namespace AutoStack.Data.Tests.Logs;

public sealed class LogMaskTests
{
    private const string Value = "p$ss/wörd'<42>\"x y";

    private static readonly (string Name, Func<string, Random, string> Encode)[] Escapes =
    [
        ("URL", (text, _) => Uri.EscapeDataString(text)),
        ("URL, lower case", (text, _) => PercentOf(text, "x2")),
        ("URL, partly", (text, random) => Some(text, random, unit => PercentOf(unit, "X2"))),
        ("JSON", (text, _) => JavaScriptEncoder.Default.Encode(text)),
        ("JSON, relaxed", (text, _) => JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)),
        ("JSON, slashes", (text, _) =>
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text).Replace("/", @"\/", StringComparison.Ordinal)),
        ("JSON, any", (text, random) => Some(text, random, UnitOf)),
        ("C", (text, _) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $@"\x{b:x2}"))),
        ("octal", (text, _) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $@"\{Convert.ToString(b, 8).PadLeft(3, '0')}"))),
        ("HTML", (text, _) => WebUtility.HtmlEncode(text)),
        ("HTML, decimal", (text, _) => string.Concat(text.EnumerateRunes().Select(rune => $"&#{rune.Value};"))),
        ("HTML, hexadecimal", (text, _) => string.Concat(text.EnumerateRunes().Select(rune => $"&#x{rune.Value:X};"))),
        ("shell", (text, _) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'"),
        ("shell, other quotes", (text, _) => $"'{text.Replace("'", "'\"'\"'", StringComparison.Ordinal)}'"),
        ("shell, C", (text, _) => $"$'{Escaped(text, @"\", "'").Replace("\n", @"\n", StringComparison.Ordinal)}'"),
        ("shell, backslashes", (text, _) => string.Concat(
            text.Select(unit => char.IsAsciiLetterOrDigit(unit) || unit is < ' ' or > '\u007F' ? $"{unit}" : $@"\{unit}"))),
        ("colours", (text, random) =>
            Between(text, random, "\u001B[1;31m", "\u001B[0m", "\u001B]8;;https://x\u001B\\", "\u009B1m", "\a", "\u200B")),
        ("bold by backspaces", (text, random) => Some(text, random, unit => $"{unit[0]}\b{unit}")),
    ];

    private static readonly (string Name, Func<string, Random, string> Encode)[] Encodings =
    [
        ("base64", (text, random) =>
            Convert.ToBase64String(Encoding.UTF8.GetBytes(new string('u', Next(random, 5)) + text + new string('v', Next(random, 5))))),
        ("base64 with line breaks", (text, _) =>
            Convert.ToBase64String(Encoding.UTF8.GetBytes("user:" + text + "\n"), Base64FormattingOptions.InsertLineBreaks)),
        ("base64 of URLs", (text, _) =>
            Convert.ToBase64String(Encoding.UTF8.GetBytes(text)).TrimEnd('=').Replace('+', '-').Replace('/', '_')),
        ("base64 of UTF-16", (text, _) => Convert.ToBase64String(Encoding.Unicode.GetBytes("x" + text))),
        ("hexadecimal", (text, _) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text))),
    ];

    [TestCase("p%24ss%2Fw%C3%B6rd%27%3C42%3E%22x%20y")]
    [TestCase("p%24ss%2fw%c3%b6rd'<42>%22x+y")]
    [TestCase("p%2524ss%252Fw%25C3%25B6rd%2527%253C42%253E%2522x%2520y")]
    [TestCase(@"p$ss\/w\u00f6rd\u0027\u003c42\u003E\u0022x y")]
    [TestCase(@"p$ss\\\/w\\u00F6rd'<42>\\\""x y")]
    [TestCase("p$ss/w&#246;rd&#39;&lt;42&gt;&quot;x y")]
    [TestCase("p$ss/w&ouml;rd&#x27;&lt;42&#x3E;&#34x y")]
    [TestCase(@"'p$ss/wörd'\''<42>""x y'")]
    [TestCase(@"""p\$ss/wörd'<42>\""x y""")]
    [TestCase(@"p\$ss/wörd\'\<42\>\""x\ y")]
    [TestCase(@"$'p$ss/w\303\266rd\'<42>""x y'")]
    [TestCase(@"p\x24ss\x2Fw\xC3\xb6rd\x27<42>\x22x y")]
    [TestCase("p$ss\u001B[1m/wörd'\u001B[0m<42>\"x y")]
    [TestCase("p$ss/wö\u001B]8;;https://example.com\u0007rd'<42>\"x y")]
    [TestCase("p$ss/w\r\n   örd'<4\n2>\"x y")]
    [TestCase("\u001B]8;;https://x/p%24ss%2Fw%C3%B6rd%27%3C42%3E%22x%20y\u001B\\link")]
    [TestCase("%u0070$ss/w%u00F6rd'<42>\"x y")]
    [TestCase(@"p\44ss\57w\303\266rd\47\7442\76\42x\40y")]
    [TestCase(@"p\x{24}ss\x{2f}w\x{F6}rd\x{27}<42>\x{000022}x y")]
    [TestCase("p&#00000000036;ss&#x000000002F;w&#0000246;rd'<42>&#0000000034;x y")]
    [TestCase("p&dollar;ss&sol;w&ouml;rd&apos;&LT;42&GT;&QUOT;x y")]
    public void A_value_is_found_however_its_characters_are_escaped(string escaped)
    {
        var masked = new LogMask([Value]).Apply($"t={escaped};");

        Assert.That(masked, Does.Contain("***").And.StartsWith("t=").And.EndsWith(";"));
        Assert.That(masked, Does.Not.Contain("ss").And.Not.Contain("42").And.Not.Contain("rd"));
    }

    [Test]
    public void A_value_is_found_after_any_sequence_of_escapes([Range(1, 300)] int seed)
    {
#pragma warning disable CA5394 // The same values on every run.
        var random = new Random(seed);
        const string Units = "abcXYZ0189-_+/=.%&\\'\"$<>#{}[]():;,~^` äß€語";
        var value = "Q" + new string([.. Enumerable.Range(0, random.Next(10, 60)).Select(_ => Units[random.Next(Units.Length)])]) + "Q";
        var steps = new List<(string Name, Func<string, Random, string> Encode)>();
        if (random.Next(3) == 0)
        {
            steps.Add(Encodings[random.Next(Encodings.Length)]);
        }

        steps.AddRange(random.GetItems(Escapes, random.Next(steps.Count == 0 ? 1 : 0, 4)));
        var written = steps.Aggregate(value, (text, step) => step.Encode(text, random));

        var masked = new LogMask([value, "another-value"]).Apply($"== {written} ==");

        var way = $"{value} by {string.Join(", ", steps.Select(step => step.Name))}: {written} became {masked}";
        Assert.That(masked, Does.Contain("***").And.Not.Contain(written), way);
        foreach (var reading in LogFolding.ReadingsOf(masked))
        {
            for (var i = 0; i + 5 <= value.Length; i++)
            {
                Assert.That(reading, Does.Not.Contain(value[i..(i + 5)]), way);
            }
        }
#pragma warning restore CA5394
    }

    [Test]
    public void A_key_is_found_in_one_line_and_line_by_line()
    {
        const string Key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQDH+abcdefg\n-----END KEY-----\n";
        var mask = new LogMask([Key.Trim()]);

        Assert.That(mask.Apply(Key), Is.EqualTo("***\n"));
        Assert.That(mask.Apply($"key=\"{Key.Replace("\n", @"\n", StringComparison.Ordinal)}\""), Does.StartWith("key=\"***"));
        Assert.That(mask.Apply($"key=\"{Key.Replace("\n", @"\\n", StringComparison.Ordinal)}\""), Does.StartWith("key=\"***"));
        Assert.That(mask.Apply("| BKcwggSjAgEAAoIBAQDH+abcdefg"), Is.EqualTo("| ***"));
        foreach (var line in Convert.ToBase64String(Encoding.UTF8.GetBytes(Key), Base64FormattingOptions.InsertLineBreaks).Split("\r\n"))
        {
            Assert.That(mask.Apply(line), Is.EqualTo("***").Or.EqualTo("***Cg==").Or.EqualTo("***K"), "as base64 prints it, line by line");
        }
    }

    [Test]
    public void A_key_with_escaped_line_ends_is_found_line_by_line([Values(@"\n", @"\r\n", @"\\n")] string end, [Values] bool inJson)
    {
        const string First = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
        const string Second = "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu";
        var key = $"-----BEGIN KEY-----{end}{First}{end}{Second}{end}-----END KEY-----{end}";
        var printed = $"-----BEGIN KEY-----\n{First}\n{Second}\n-----END KEY-----\n";
        var mask = new LogMask([inJson ? $"{{\"private_key\":\"{key}\"}}" : key]);

        Assert.That(mask.Apply(First), Is.EqualTo("***"));
        Assert.That(mask.Apply($"key: {Second} x"), Is.EqualTo("key: *** x"));
        Assert.That(mask.Apply(key), Does.Not.Contain(First).And.Not.Contain(Second));
        if (!inJson)
        {
            Assert.That(
                mask.Apply(Convert.ToBase64String(Encoding.UTF8.GetBytes(printed))),
                Is.EqualTo("***").Or.EqualTo("***K").Or.EqualTo("***=="));
        }
    }

    [Test]
    public void Text_without_a_value_stays_unchanged()
    {
        var mask = new LogMask([Value, "another-value"]);

        foreach (var line in new[]
        {
            "", "a%20b", @"C:\new\table", "\u001B[31mred\u001B[0m", "&amp;&#x;&#99999999999;&#1111111111111111111111111111;&nope;", "%",
            @"\", "\\u12", "%zz", "\u001B", "\u001B]", "100%\b\b\b\b\b",
        })
        {
            Assert.That(mask.Apply(line), Is.SameAs(line));
        }
    }

    [TestCase("Xnother-value\b\b\b\b\b\b\b\b\b\b\b\b\ba\u001B[99C tail")]
    [TestCase("another-value\b\b\b\b\b\b\b\b\b\b\b\b\b")]
    [TestCase("anothXXXvalue\u001B[8Der-\u001B[99C tail")]
    [TestCase("value\u001B[5Danother-value")]
    public void A_value_that_a_terminal_assembles_by_overwriting_is_found(string line)
    {
        var masked = new LogMask(["another-value"]).Apply($"<{line}>");

        Assert.That(masked, Does.StartWith("<").And.Contains("***").And.EndsWith(">"));
        Assert.That(masked, Does.Not.Contain("val").And.Not.Contain("noth"));
    }

    [TestCase("another-value")]
    [TestCase("another%2Dvalue")]
    [TestCase(@"\x61nother\u002dvalue")]
    [TestCase("&#97;nother&#45;value")]
    [TestCase("YW5vdGhlci12YWx1ZQ==")]
    public void A_value_across_the_cut_of_a_line_is_masked_completely(string written)
    {
        var mask = new LogMask(["another-value"]);
        var line = $"..... {written} ....................................................................................";
        for (var end = 0; end < line.Length; end++)
        {
            var masked = mask.Apply(line[..Math.Min(line.Length, end + 64)], end);

            Assert.That(
                masked.Replace("***", "", StringComparison.Ordinal).TrimEnd('Q', '=', '.', ' ').Trim('.', ' '),
                Is.Empty,
                $"{end}: {masked}");
        }
    }

    [Test]
    public void Memory_is_proportional_to_the_values()
    {
        var value = string.Create(CultureInfo.InvariantCulture, $"{new string('a', 4000)}");
        var values = Enumerable.Range(0, ILogSecrets.MaxTotalLength / 4096).Select(i => $"{i:D8}{value}").ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);

        var mask = new LogMask(values);

        Assert.That(
            (GC.GetTotalMemory(forceFullCollection: true) - before) / ILogSecrets.MaxTotalLength,
            Is.LessThan(400),
            "bytes a character");
        Assert.That(mask.Apply($"<{values[^1]}>"), Is.EqualTo("<***>"));
    }

    private static int Next(Random random, int most)
    {
#pragma warning disable CA5394 // The same values on every run.
        return random.Next(most);
#pragma warning restore CA5394
    }

    private static string PercentOf(string text, string format) =>
        string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $"%{b.ToString(format, CultureInfo.InvariantCulture)}"));

    private static string Escaped(string text, params string[] signs) =>
        signs.Aggregate(text, (escaped, sign) => escaped.Replace(sign, @"\" + sign, StringComparison.Ordinal));

    private static string UnitOf(string text) => string.Concat(text.Select(unit => $"\\u{(int)unit:x4}"));

    private static string Some(string text, Random random, Func<string, string> encode) =>
        string.Concat(text.EnumerateRunes().Select(rune =>
            rune.Value is < ' ' or '\\' or '%' or '&' || Next(random, 2) == 0 ? encode(rune.ToString()) : rune.ToString()));

    private static string Between(string text, Random random, params string[] sequences) =>
        string.Concat(text.EnumerateRunes().Select((rune, i) =>
            i > 0 && Next(random, 3) == 0 ? sequences[Next(random, sequences.Length)] + rune : rune.ToString()));
}
