using System.Globalization;
using System.Text;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// A statement to be copied: names and strings with characters that a terminal would act on, or that are not seen, are written with Unicode escapes, so that what
/// is pasted does what is read.
/// </summary>
internal static class SqlCopy
{
    /// <summary>The same statement; unchanged when it holds no such character.</summary>
    public static string Of(string sql)
    {
        if (!sql.EnumerateRunes().Any(IsOdd))
        {
            return sql;
        }

        var copy = new StringBuilder(sql.Length + 32);
        var at = 0;
        foreach (var token in SqlText.Tokens(sql))
        {
            var start = sql.IndexOf(token.Text, at, StringComparison.Ordinal);
            copy.Append(sql, at, start - at);
            at = start + token.Text.Length;
            copy.Append(Token(token));
        }

        return copy.Append(sql, at, sql.Length - at).ToString();
    }

    private static string Token(SqlToken token) => !token.Text.EnumerateRunes().Any(IsOdd) ? token.Text : token switch
    {
        { Kind: SqlTokenKind.QuotedName, Text: ['"', ..] } => $"U&{Escaped(token.Text)}",
        { Kind: SqlTokenKind.Text, Text: ['\'', ..] } => $"U&{Escaped(token.Text)}",

        // A name without quotes is none that the server would fold.
        { Kind: SqlTokenKind.Word } => $"U&\"{Escaped(token.Text)}\"",
        _ => token.Text,
    };

    private static string Escaped(string quoted)
    {
        var text = new StringBuilder(quoted.Length + 16);
        foreach (var rune in quoted.EnumerateRunes())
        {
            text.Append(rune.Value == '\\' ? @"\\"
                : !IsOdd(rune) ? rune.ToString()
                : rune.Value < 0x10000 ? string.Create(CultureInfo.InvariantCulture, $@"\{rune.Value:X4}")
                : string.Create(CultureInfo.InvariantCulture, $@"\+{rune.Value:X6}"));
        }

        return text.ToString();
    }

    private static bool IsOdd(Rune rune) => Visible.IsOdd(rune);
}
