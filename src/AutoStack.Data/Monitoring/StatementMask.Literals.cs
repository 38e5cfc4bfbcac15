using System.Buffers;

namespace AutoStack.Data.Monitoring;

/// <content>Where names, literals and comments end.</content>
internal ref partial struct StatementMask
{
    private static readonly SearchValues<char> Decimal = SearchValues.Create("0123456789._");

    private void ReadName()
    {
        var start = at++;
        while (at < text.Length && (text[at] != '"' || Next == '"'))
        {
            at += text[at] == '"' ? 2 : 1;
        }

        if (at >= text.Length)
        {
            Mask();
            return;
        }

        at++;
        isFirst = false;
        Show(text[start..at]);
    }

    // The text stands at the opening quote. Whether a backslash escapes in a plain string is a setting: where that decides which quote
    // closes it, the rest is hidden.
    private void ReadString(bool hasEscapes)
    {
        at++;
        var slashes = 0;
        while (at < text.Length)
        {
            var c = text[at];
            if (c == '\'' && slashes % 2 == 1 && !hasEscapes)
            {
                at = text.Length;
            }
            else if (c == '\'' && slashes % 2 == 0 && Next == '\'')
            {
                at += 2;
                slashes = 0;
                continue;
            }
            else if (c == '\'' && slashes % 2 == 0)
            {
                at++;
                if (!hasEscapes || !Continues())
                {
                    break;
                }

                slashes = 0;
                continue;
            }

            slashes = c == '\\' ? slashes + 1 : 0;
            at++;
        }

        at = Math.Min(at, text.Length);
        Mask();
    }

    // A string continues with another quote after white space that has a line break, and after comments with --. Moves behind that quote.
    private bool Continues()
    {
        var (i, breaks) = (at, false);
        while (i < text.Length)
        {
            if (text[i] is '\n' or '\r')
            {
                breaks = true;
                i++;
            }
            else if (text[i] is ' ' or '\t' or '\f' or '\v')
            {
                i++;
            }
            else if (text[i] == '-' && i + 1 < text.Length && text[i + 1] == '-')
            {
                i = IndexOrEnd(text.AsSpan(i).IndexOfAny('\n', '\r'), i - at);
            }
            else
            {
                break;
            }
        }

        if (!breaks || i >= text.Length || text[i] != '\'')
        {
            return false;
        }

        at = i + 1;
        return true;
    }

    // A parameter, or a string between tags.
    private void ReadDollar()
    {
        var end = at + 1;
        if (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            at = end;
            while (at < text.Length && char.IsAsciiDigit(text[at]))
            {
                at++;
            }

            Mask();
            return;
        }

        if (end < text.Length && IsNameStart(text[end]))
        {
            while (end < text.Length && text[end] != '$' && IsNamePart(text[end]))
            {
                end++;
            }
        }

        if (end >= text.Length || text[end] != '$')
        {
            at++;
            Show("$");
            return;
        }

        var tag = text[at..(end + 1)];
        var close = text.IndexOf(tag, end + 1, StringComparison.Ordinal);
        at = close < 0 ? text.Length : close + tag.Length;
        Mask();
    }

    // Comments nest.
    private void SkipComment()
    {
        var depth = 0;
        do
        {
            var (opens, closes) = (text[at] == '/' && Next == '*', text[at] == '*' && Next == '/');
            depth += opens ? 1 : closes ? -1 : 0;
            at += opens || closes ? 2 : 1;
        }
        while (depth > 0 && at < text.Length);
    }

    private readonly bool StartsNumber(int i) => i < text.Length && (char.IsAsciiDigit(text[i])
        || (text[i] == '.' && i + 1 < text.Length && char.IsAsciiDigit(text[i + 1])));

    // Also in other bases, with underscores, and with letters behind it that make it no number.
    private void SkipNumber()
    {
        at += text[at] == '-' ? 1 : 0;
        var start = at;
        while (at < text.Length && (text[at] == '.' || (text[at] != '$' && IsNamePart(text[at])) || IsSignOfExponent(start)))
        {
            at++;
        }
    }

    private readonly bool IsSignOfExponent(int start) => text[at] is '+' or '-' && text[at - 1] is 'e' or 'E'
        && char.IsAsciiDigit(Next) && !text.AsSpan(start, at - start - 1).ContainsAnyExcept(Decimal);

    private void SkipName()
    {
        while (at < text.Length && IsNamePart(text[at]))
        {
            at++;
        }
    }
}
