using System.Text;

namespace AutoStack.Data.Monitoring;

/// <summary>
/// Replaces the values of a statement, by the rules of PostgreSQL's lexer. Where the text does not say what the server read, because a
/// setting decides or the text is cut off, everything from there to the end is one value.
/// </summary>
internal ref partial struct StatementMask
{
    private readonly string text;
    private readonly StringBuilder masked;
    private int at;

    // What the statement is, by its first words, and how far a SET of a setting has come.
    private string first = "";
    private bool isFirst = true;
    private bool isOfRole;
    private Setting setting;

    private StatementMask(string statement)
    {
        text = statement;
        masked = new StringBuilder(statement.Length);
    }

    private enum Setting
    {
        None,
        Name,
        Value,
    }

    private readonly char Next => at + 1 < text.Length ? text[at + 1] : '\0';

    private readonly char Previous => at > 0 ? text[at - 1] : '\0';

    /// <summary>The statement without its comments, with <c>?</c> for every literal and parameter.</summary>
    public static string Of(string statement)
    {
        var mask = new StatementMask(statement);
        while (mask.at < statement.Length)
        {
            mask.Read();
        }

        return mask.masked.ToString();
    }

    private void Read()
    {
        var c = text[at];
        switch (c)
        {
            case '-' when Next == '-':
                at = IndexOrEnd(text.AsSpan(at).IndexOfAny('\n', '\r'), 0);
                masked.Append(' ');
                break;
            case '/' when Next == '*':
                SkipComment();
                masked.Append(' ');
                break;
            case '\'':
                ReadString(hasEscapes: false);
                break;
            case '"':
                ReadName();
                break;
            case '$':
                ReadDollar();
                break;
            case '@' when IsNameStart(Next) && Previous is not (':' or '@') && !IsNamePart(Previous):
                at++;
                SkipName();
                Mask();
                break;
            case '-' when StartsNumber(at + 1) && !IsNamePart(Previous) && Previous is not '.':
            case var _ when StartsNumber(at):
                SkipNumber();
                Mask();
                break;
            case var _ when IsNameStart(c):
                ReadWord();
                break;
            default:
                ReadSign(c);
                break;
        }
    }

    private void ReadSign(char sign)
    {
        at++;
        if (sign == ';')
        {
            (first, isFirst, isOfRole, setting) = ("", true, false, Setting.None);
        }

        Show(sign.ToString());
        if (sign == '=' && setting == Setting.Name)
        {
            HideSetting();
        }
        else if (setting == Setting.Name && sign != '.' && !char.IsWhiteSpace(sign))
        {
            setting = Setting.None;
        }
    }

    private void ReadWord()
    {
        var start = at;
        SkipName();
        var word = text[start..at];
        var quote = at < text.Length ? text[at] : '\0';
        if (quote == '\'' && word is ['E' or 'e' or 'B' or 'b' or 'X' or 'x' or 'N' or 'n'])
        {
            ReadString(hasEscapes: word is ['E' or 'e']);
        }
        else if (quote == '&' && word is ['U' or 'u'] && Next == '\'')
        {
            at++;
            ReadString(hasEscapes: false);
        }
        else if (word is "TRUE" or "FALSE" or "NULL" or "true" or "false" or "null" && !IsTest(start))
        {
            Mask();
        }
        else
        {
            Show(word);
            Follow(word.ToUpperInvariant());
        }
    }

    // IS NULL and NOT NULL are no values.
    private readonly bool IsTest(int start) => start > 0 && char.IsWhiteSpace(text[start - 1])
        && (EndsWith("IS", start - 1) || EndsWith("NOT", start - 1));

    private readonly bool EndsWith(string word, int end) =>
        text.AsSpan(0, end).EndsWith(word, StringComparison.Ordinal) && (end == word.Length || !IsNamePart(text[end - word.Length - 1]));

    // A setting takes its value, and a wrong ALTER ROLE its password, without quotes, too.
    private void Follow(string word)
    {
        if (word == "SET" && (isFirst || first is "ALTER" or "CREATE"))
        {
            setting = Setting.Name;
        }
        else if (word == "TO" && setting == Setting.Name)
        {
            HideSetting();
        }
        else if (word is "ROLE" or "USER" or "GROUP" && first is "ALTER" or "CREATE")
        {
            isOfRole = true;
        }
        else if (word == "PASSWORD" && isOfRole)
        {
            HideRest();
        }

        (first, isFirst) = (isFirst ? word : first, false);
    }

    private void HideSetting()
    {
        masked.Append(" ?");
        setting = Setting.Value;
    }

    private void HideRest()
    {
        at = text.Length;
        masked.Append(" ?");
    }

    private readonly void Show(string shown)
    {
        if (setting != Setting.Value)
        {
            masked.Append(shown);
        }
    }

    private readonly void Mask() => Show("?");

    private readonly int IndexOrEnd(int index, int offset) => index < 0 ? text.Length : at + offset + index;

    // Every character beyond ASCII is a letter of a name, also the spaces among them.
    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || c >= '\u0080';

    private static bool IsNamePart(char c) => IsNameStart(c) || char.IsAsciiDigit(c) || c == '$';
}
