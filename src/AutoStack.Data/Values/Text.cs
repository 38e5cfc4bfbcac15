using System.Text;
using System.Text.Unicode;

namespace AutoStack.Data.Values;

/// <summary>Prepares text for PostgreSQL, which stores neither U+0000 nor an unpaired surrogate; build output contains both.</summary>
internal static class Text
{
    private const char Replacement = '\uFFFD';

    /// <summary>
    /// Replaces each character that PostgreSQL cannot store by U+FFFD; returns the same instance when there is no such character.
    /// </summary>
    public static string Clean(string text)
    {
        var span = text.AsSpan();
        return span.Contains('\0') || (span.IndexOfAnyInRange('\uD800', '\uDFFF') is >= 0 and var first && HasHalf(span[first..]))
            ? Replace(text)
            : text;
    }

    /// <summary>The length of a clean text in code points, as PostgreSQL counts.</summary>
    public static int CountCodePoints(string text)
    {
        var count = text.Length;
        foreach (var unit in text)
        {
            count -= char.IsHighSurrogate(unit) ? 1 : 0;
        }

        return count;
    }

    /// <summary>
    /// The beginning of a clean text, at most <paramref name="maxCodePoints"/> code points; the same instance for a shorter text.
    /// </summary>
    public static string Cut(string text, int maxCodePoints)
    {
        if (text.Length <= maxCodePoints)
        {
            return text;
        }

        var end = 0;
        for (var count = 0; count < maxCodePoints && end < text.Length; count++)
        {
            end += char.IsHighSurrogate(text[end]) ? 2 : 1;
        }

        return end == text.Length ? text : text[..end];
    }

    /// <summary>
    /// The number of UTF-16 units of a clean text that fit into <paramref name="maxBytes"/> bytes of UTF-8, whole characters only.
    /// </summary>
    public static int CountFitting(string text, int maxBytes)
    {
        if (text.Length <= maxBytes / 3)
        {
            return text.Length;
        }

        Utf8.FromUtf16(text, new byte[maxBytes], out var used, out _);
        return used;
    }

    /// <summary>
    /// Cuts a clean text to <paramref name="maxBytes"/> bytes of UTF-8, including a mark at the end that states the number of bytes cut.
    /// </summary>
    /// <param name="text">The text, or its beginning.</param>
    /// <param name="bytes">The bytes of the whole text.</param>
    /// <param name="maxBytes">The maximum number of bytes of the result.</param>
    public static string CutBytes(string text, int bytes, int maxBytes)
    {
        var kept = text[..CountFitting(text, maxBytes - Mark(bytes).Length)];
        return kept + Mark(bytes - Encoding.UTF8.GetByteCount(kept));

        static string Mark(int bytes) => $" [{bytes} bytes cut]";
    }

    private static bool HasHalf(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[++i])))
            {
                return true;
            }
        }

        return false;
    }

    private static string Replace(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            if (char.IsHighSurrogate(source[i]) && i + 1 < source.Length && char.IsLowSurrogate(source[i + 1]))
            {
                target[i] = source[i];
                target[++i] = source[i];
            }
            else
            {
                target[i] = source[i] == '\0' || char.IsSurrogate(source[i]) ? Replacement : source[i];
            }
        }
    });
}
