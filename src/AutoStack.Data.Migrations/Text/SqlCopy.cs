using System.Globalization;
using System.Text;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Prepares a statement for copying from a terminal: names and strings with control or invisible characters are written with Unicode
/// escapes, so that the pasted statement does what the screen shows.
/// </summary>
internal static class SqlCopy
{
    /// <summary>Returns an equivalent statement; the same text when it has no such character.</summary>
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

        // An unquoted name with such a character has no letters that the server would fold.
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
