namespace AutoStack.Data.Migrations.Internal;

internal enum SqlTokenKind
{
    /// <summary>The end of the text.</summary>
    None,

    /// <summary>A keyword or an unquoted name.</summary>
    Word,

    /// <summary>A name in double quotes.</summary>
    QuotedName,

    /// <summary>A string in any kind of quotes.</summary>
    Text,

    Number,

    /// <summary>One character of an operator or of punctuation.</summary>
    Symbol,

    Comment,

    /// <summary>A string, name or comment without an end.</summary>
    Unterminated,
}

/// <summary>A token of a script as written, and its line, from 1.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text, int Line)
{
    /// <summary>The name as the server reads it: unquoted, or folded to lower case.</summary>
    public string Name => Kind == SqlTokenKind.QuotedName
        ? Text[(Text.IndexOf('"', StringComparison.Ordinal) + 1)..^1].Replace("\"\"", "\"", StringComparison.Ordinal)
        : Text.ToLowerInvariant();

    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName;

    public bool Is(string wordOrSymbol) =>
        Kind is SqlTokenKind.Word or SqlTokenKind.Symbol && Text.Equals(wordOrSymbol, StringComparison.OrdinalIgnoreCase);
}

/// <summary>One statement without its semicolon and its comments; never empty.</summary>
internal sealed record SqlStatement(IReadOnlyList<SqlToken> Tokens)
{
    public int Line => Tokens[0].Line;

    public SqlCursor Read() => new(Tokens);
}

/// <summary>
/// Splits a script into tokens as PostgreSQL's scanner and psql do, with <c>standard_conforming_strings</c> on. Never throws.
/// </summary>
internal sealed class SqlText
{
    private readonly string sql;
    private int at;
    private int line = 1;

    public SqlText(string sql) => this.sql = sql;

    /// <summary>The place in the text at which the next token or white space begins.</summary>
    public int Position => at;

    public bool AtEnd => at >= sql.Length;

    /// <summary>The tokens in order, without white space.</summary>
    public static IReadOnlyList<SqlToken> Tokens(string sql)
    {
        var text = new SqlText(sql);
        var tokens = new List<SqlToken>();
        while (!text.AtEnd)
        {
            if (text.Read() is { Kind: not SqlTokenKind.None } token)
            {
                tokens.Add(token);
            }
        }

        return tokens;
    }

    /// <summary>Reads the next token; one character of white space is a token of the kind None.</summary>
    public SqlToken Read()
    {
        var (start, first) = (at, line);
        var kind = Next();
        line += sql.AsSpan(start, at - start).Count('\n');
        return kind == SqlTokenKind.None ? default : new SqlToken(kind, sql[start..at], first);
    }

    /// <summary>Continues at a later place, as if the text before it were blank.</summary>
    public void SkipTo(int place)
    {
        line += sql.AsSpan(at, place - at).Count('\n');
        at = place;
    }

    /// <summary>The statements between semicolons outside parentheses and BEGIN ATOMIC bodies.</summary>
    public static IReadOnlyList<SqlStatement> Statements(IEnumerable<SqlToken> tokens)
    {
        var statements = new List<SqlStatement>();
        var current = new List<SqlToken>();
        var parentheses = 0;
        var blocks = 0;
        foreach (var token in tokens.Where(t => t.Kind != SqlTokenKind.Comment).Append(new SqlToken(SqlTokenKind.None, "", 0)))
        {
            if (token.Kind == SqlTokenKind.None || (parentheses == 0 && blocks == 0 && token.Is(";")))
            {
                if (current.Count > 0)
                {
                    statements.Add(new SqlStatement(current));
                }

                current = [];
                continue;
            }

            current.Add(token);
            parentheses = Math.Max(0, parentheses + (token.Is("(") ? 1 : token.Is(")") ? -1 : 0));
            if (parentheses == 0 && token.Kind == SqlTokenKind.Word && CreatesRoutine(current))
            {
                blocks += token.Is("BEGIN") || (blocks > 0 && token.Is("CASE")) ? 1 : blocks > 0 && token.Is("END") ? -1 : 0;
            }
        }

        return statements;
    }

    private static bool CreatesRoutine(List<SqlToken> statement)
    {
        var cursor = new SqlCursor(statement);
        return cursor.Take("CREATE") && (cursor.Take("OR REPLACE") || true) && (cursor.Take("FUNCTION") || cursor.Take("PROCEDURE"));
    }

    private SqlTokenKind Next()
    {
        var c = sql[at];
        if (c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v')
        {
            at++;
            return SqlTokenKind.None;
        }

        if (Follows("--"))
        {
            at = End(sql.IndexOfAny(['\n', '\r'], at));
            return SqlTokenKind.Comment;
        }

        if (Follows("/*"))
        {
            return BlockComment();
        }

        switch (c)
        {
            case '\'':
                return Quoted('\'', escapes: false, SqlTokenKind.Text);
            case '"':
                return Quoted('"', escapes: false, SqlTokenKind.QuotedName);
            case '$':
                return Dollar();
            case 'e' or 'E' when Follows("'", 1):
                at++;
                return Quoted('\'', escapes: true, SqlTokenKind.Text);
            case 'b' or 'B' or 'x' or 'X' or 'n' or 'N' when Follows("'", 1):
                at++;
                return Quoted('\'', escapes: false, SqlTokenKind.Text);
            case 'u' or 'U' when Follows("&'", 1):
                at += 2;
                return Quoted('\'', escapes: false, SqlTokenKind.Text);
            case 'u' or 'U' when Follows("&\"", 1):
                at += 2;
                return Quoted('"', escapes: false, SqlTokenKind.QuotedName);
        }

        if (BeginsName(c))
        {
            at = After(at, inner => BeginsName(inner) || char.IsAsciiDigit(inner) || inner == '$');
            return SqlTokenKind.Word;
        }

        if (char.IsAsciiDigit(c) || (c == '.' && at + 1 < sql.Length && char.IsAsciiDigit(sql[at + 1])))
        {
            at = After(at, inner => char.IsAsciiLetterOrDigit(inner) || inner is '.' or '_');
            if (sql[at - 1] is 'e' or 'E' && at + 1 < sql.Length && sql[at] is '+' or '-' && char.IsAsciiDigit(sql[at + 1]))
            {
                at = After(at + 1, char.IsAsciiDigit);
            }

            return SqlTokenKind.Number;
        }

        at++;
        return SqlTokenKind.Symbol;
    }

    // Block comments nest.
    private SqlTokenKind BlockComment()
    {
        var depth = 0;
        do
        {
            if (at >= sql.Length)
            {
                return SqlTokenKind.Unterminated;
            }

            var step = Follows("/*") ? 1 : Follows("*/") ? -1 : 0;
            depth += step;
            at += step == 0 ? 1 : 2;
        }
        while (depth > 0);
        return SqlTokenKind.Comment;
    }

    // A doubled quote is a quote of the text. A string followed by another one on a later line continues there, by the same rules.
    private SqlTokenKind Quoted(char quote, bool escapes, SqlTokenKind kind)
    {
        at++;
        while (at < sql.Length)
        {
            if (escapes && sql[at] == '\\')
            {
                at = Math.Min(at + 2, sql.Length);
            }
            else if (sql[at] != quote)
            {
                at++;
            }
            else if (Follows(quote, 1))
            {
                at += 2;
            }
            else
            {
                at++;
                var next = After(at, c => c is ' ' or '\t' or '\n' or '\r' or '\f' or '\v');
                if (quote != '\'' || next >= sql.Length || sql[next] != quote || !sql.AsSpan(at, next - at).ContainsAny('\n', '\r'))
                {
                    return kind;
                }

                at = next + 1;
            }
        }

        return SqlTokenKind.Unterminated;
    }

    private SqlTokenKind Dollar()
    {
        var tagEnd = at + 1 < sql.Length && BeginsName(sql[at + 1]) ? After(at + 1, c => BeginsName(c) || char.IsAsciiDigit(c)) : at + 1;
        if (tagEnd >= sql.Length || sql[tagEnd] != '$')
        {
            // A parameter.
            at = After(at + 1, char.IsAsciiDigit);
            return SqlTokenKind.Symbol;
        }

        var tag = sql[at..(tagEnd + 1)];
        var end = sql.IndexOf(tag, tagEnd + 1, StringComparison.Ordinal);
        at = end < 0 ? sql.Length : end + tag.Length;
        return end < 0 ? SqlTokenKind.Unterminated : SqlTokenKind.Text;
    }

    // Every non-ASCII character can be part of a name, even a no-break space.
    private static bool BeginsName(char c) => char.IsAsciiLetter(c) || c == '_' || c >= '\u0080';

    private bool Follows(string text, int offset = 0) => string.CompareOrdinal(sql, at + offset, text, 0, text.Length) == 0;

    private bool Follows(char c, int offset) => at + offset < sql.Length && sql[at + offset] == c;

    private int After(int from, Func<char, bool> belongs)
    {
        while (from < sql.Length && belongs(sql[from]))
        {
            from++;
        }

        return from;
    }

    private int End(int found) => found < 0 ? sql.Length : found;
}
