namespace AutoStack.Data.Logs;

/// <summary>The part of a line around a text that was found in it.</summary>
/// <param name="Text">
/// The part as a terminal shows it, without control sequences; at most <see cref="MaxLength"/> UTF-16 units. It is not encoded for HTML.
/// </param>
/// <param name="Start">The place of the text in <paramref name="Text"/>, in UTF-16 units.</param>
/// <param name="Length">The length of the text in <paramref name="Text"/>, in UTF-16 units; cut with the part.</param>
/// <param name="IsCutBefore">True when the line has more text before the part.</param>
/// <param name="IsCutAfter">True when the line has more text after the part.</param>
public sealed record LogSnippet(string Text, int Start, int Length, bool IsCutBefore, bool IsCutAfter)
{
    /// <summary>The longest part, in UTF-16 units.</summary>
    public const int MaxLength = 200;

    // A third of the part precedes the text that was found: the rest of an error message follows it.
    private const int MaxBefore = MaxLength / 3;

    internal static LogSnippet Of(string shown, int start, int length)
    {
        var before = Math.Min(start, Math.Max(MaxBefore, MaxLength - (shown.Length - start)));
        var first = start - Math.Clamp(before, 0, Math.Max(0, MaxLength - Math.Min(length, MaxLength)));
        var end = Math.Min(shown.Length, first + MaxLength);

        // A character of two units is not cut in half.
        first += first > 0 && first < start && char.IsLowSurrogate(shown[first]) ? 1 : 0;
        end -= end < shown.Length && char.IsLowSurrogate(shown[end]) ? 1 : 0;
        return new LogSnippet(
            shown[first..end], start - first, Math.Min(length, end - start), IsCutBefore: first > 0, IsCutAfter: end < shown.Length);
    }
}
