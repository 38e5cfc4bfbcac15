using System.Text;

namespace AutoStack.Data.Logs;

/// <summary>What is looked for of a value: its readings, those of its lines, and its encodings.</summary>
internal static class LogForms
{
    // The widths at which base64 is broken: of a value that is printed over several lines, each.
    private static readonly int[] Widths = [64, 76];

    /// <summary>The forms of a value, none shorter than what is masked; nothing when the value is.</summary>
    public static IEnumerable<string> Of(string value)
    {
        if (value.Length < ILogSecrets.MinLength)
        {
            return [];
        }

        // A key in one line has its line ends escaped; what a program prints of it are the lines.
        var readings = LogFolding.ReadingsOf(value).ToArray();
        var lines = readings.SelectMany(reading => reading.Split(['\r', '\n'], StringSplitOptions.TrimEntries));
        string[] forms =
        [
            .. lines.Distinct().SelectMany(LogFolding.ReadingsOf).Concat(readings),
            value.Replace(' ', '+'),
            .. readings.Where(reading => reading.Contains('\n', StringComparison.Ordinal))
                .SelectMany(reading => new[] { reading, reading.ReplaceLineEndings("\n") }).Append(value).Distinct().SelectMany(EncodingsOf),
        ];
        return forms.Where(form => form.Length >= ILogSecrets.MinLength);
    }

    /// <summary>Base64 in the alphabet of URLs.</summary>
    public static string ForUrls(string base64) => base64.Replace('+', '-').Replace('/', '_');

    private static IEnumerable<string> EncodingsOf(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        var base64 = Base64Of(bytes).ToArray();
        return
        [
            .. base64,
            .. Widths.SelectMany(width => base64[0].Chunk(width).Select(line => new string(line))),
            .. Base64Of(Encoding.Unicode.GetBytes(value)),
            Convert.ToHexString(bytes),
            Convert.ToHexStringLower(bytes),
        ];
    }

    // In front of the value are 0, 1 or 2 bytes of a group of three, and behind it something else. Of the characters, those that only the
    // value decides.
    private static IEnumerable<string> Base64Of(byte[] value)
    {
        for (var front = 0; front < 3; front++)
        {
            var bytes = new byte[front + value.Length];
            value.CopyTo(bytes, front);
            var first = front == 0 ? 0 : front + 1;
            yield return Convert.ToBase64String(bytes)[first..(bytes.Length * 8 / 6)];
        }
    }
}
