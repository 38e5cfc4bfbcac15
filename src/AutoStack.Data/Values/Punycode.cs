using System.Text;

namespace AutoStack.Data.Values;

/// <summary>Punycode (RFC 3492): a label of a domain in Unicode as ASCII, without the prefix <c>xn--</c>.</summary>
internal static class Punycode
{
    private const int Base = 36;
    private const int TMin = 1;
    private const int TMax = 26;
    private const int InitialBias = 72;
    private const int InitialN = 0x80;

    public static string Encode(string label)
    {
        var points = label.EnumerateRunes().Select(rune => rune.Value).ToArray();
        var output = new StringBuilder();
        output.Append([.. points.Where(p => p < InitialN).Select(p => (char)p)]);
        var (basic, handled) = (output.Length, output.Length);
        if (basic > 0)
        {
            output.Append('-');
        }

        var (n, delta, bias) = (InitialN, 0, InitialBias);
        while (handled < points.Length)
        {
            // A label has a few hundred characters at the most: nothing here overflows.
            var next = points.Where(p => p >= n).Min();
            delta += (next - n) * (handled + 1);
            n = next;
            foreach (var point in points)
            {
                if (point < n)
                {
                    delta++;
                }
                else if (point == n)
                {
                    var rest = delta;
                    for (var k = Base; ; k += Base)
                    {
                        var threshold = Threshold(k, bias);
                        if (rest < threshold)
                        {
                            break;
                        }

                        output.Append(Digit(threshold + ((rest - threshold) % (Base - threshold))));
                        rest = (rest - threshold) / (Base - threshold);
                    }

                    output.Append(Digit(rest));
                    bias = Adapt(delta, handled + 1, handled == basic);
                    delta = 0;
                    handled++;
                }
            }

            delta++;
            n++;
        }

        return output.ToString();
    }

    /// <summary>The label in Unicode; null when the text, in lower case, is not Punycode.</summary>
    public static string? Decode(string text)
    {
        var delimiter = text.LastIndexOf('-');
        var points = new List<int>();
        foreach (var c in text.AsSpan(0, Math.Max(delimiter, 0)))
        {
            if (!char.IsAscii(c))
            {
                return null;
            }

            points.Add(c);
        }

        var (n, i, bias) = (InitialN, 0L, InitialBias);
        for (var at = delimiter + 1; at < text.Length;)
        {
            var (before, weight) = (i, 1L);
            for (var k = Base; ; k += Base)
            {
                if (at >= text.Length || Value(text[at++]) is not (>= 0 and var digit))
                {
                    return null;
                }

                i += digit * weight;
                var threshold = Threshold(k, bias);
                if (digit < threshold)
                {
                    break;
                }

                weight *= Base - threshold;
                if (i > int.MaxValue || weight > int.MaxValue)
                {
                    return null;
                }
            }

            bias = Adapt((int)Math.Min(i - before, int.MaxValue), points.Count + 1, before == 0);
            var added = n + (i / (points.Count + 1));
            i %= points.Count + 1;
            if (!Rune.IsValid((int)Math.Min(added, int.MaxValue)))
            {
                return null;
            }

            n = (int)added;
            points.Insert((int)i++, n);
        }

        return points.Count == 0 ? null : string.Concat(points.Select(char.ConvertFromUtf32));
    }

    private static int Threshold(int k, int bias) => Math.Clamp(k - bias, TMin, TMax);

    private static char Digit(int value) => (char)(value < 26 ? 'a' + value : '0' + value - 26);

    private static int Value(char digit) => digit switch
    {
        >= 'a' and <= 'z' => digit - 'a',
        >= '0' and <= '9' => digit - '0' + 26,
        _ => -1,
    };

    private static int Adapt(int delta, int count, bool first)
    {
        delta = first ? delta / 700 : delta / 2;
        delta += delta / count;
        var k = 0;
        for (; delta > (Base - TMin) * TMax / 2; k += Base)
        {
            delta /= Base - TMin;
        }

        return k + ((Base - TMin + 1) * delta / (delta + 38));
    }
}
