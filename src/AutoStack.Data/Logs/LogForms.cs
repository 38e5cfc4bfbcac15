using System.Text;

namespace AutoStack.Data.Logs;

/// <summary>The forms of a value to search for: its readings, those of its lines, and its encodings.</summary>
internal static class LogForms
{
    // The widths of base64 lines: a value may be printed over several lines.
    private static readonly int[] Widths = [64, 76];

    /// <summary>Returns the forms of a value that are long enough to be masked; none for a shorter value.</summary>
    public static IEnumerable<string> Of(string value)
    {
        if (value.Length < ILogSecrets.MinLength)
        {
            return [];
        }

        // A key given in one line has escaped line ends; a program prints its lines.
        var readings = LogFolding.ReadingsOf(value).ToArray();
        var lines = readings.SelectMany(reading => reading.Split(['\r', '\n'], StringSplitOptions.TrimEntries));
        string[] forms =
        [
            .. lines.Distinct().SelectMany(LogFolding.ReadingsOf).Concat(readings),
            value.Replace(' ', '+'),
            .. readings.Where(reading => reading.Contains('\n', StringComparison.Ordinal))
                .SelectMany(reading => new[] { reading, reading.ReplaceLineEndings("\n") })
                .Append(value)
                .Distinct()
                .SelectMany(EncodingsOf),
        ];
        return forms.Where(form => form.Length >= ILogSecrets.MinLength);
    }

    /// <summary>Returns base64 in the alphabet of URLs.</summary>
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

    // The value may start after 0, 1 or 2 bytes of a group of three, and other bytes may follow it. Base64 characters at both ends also
    // encode neighbouring bytes; only the characters fully determined by the value are returned.
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
