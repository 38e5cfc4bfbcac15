namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// Reads tokens from left to right. A phrase is a sequence of keywords and symbols, separated by blanks: <c>ALTER TABLE</c>.
/// </summary>
internal sealed class SqlCursor(IReadOnlyList<SqlToken> tokens)
{
    private int at;

    public bool AtEnd => at >= tokens.Count;

    /// <summary>The next token; its kind is None at the end.</summary>
    public SqlToken Current => AtEnd ? default : tokens[at];

    /// <summary>The line of the next token; at the end, that of the last token.</summary>
    public int Line => tokens.Count == 0 ? 0 : tokens[Math.Min(at, tokens.Count - 1)].Line;

    public void Skip() => at++;

    /// <summary>True when a phrase starts at the next token.</summary>
    public bool Starts(string phrase) => Match(at, phrase) > 0;

    /// <summary>Skips a phrase that starts at the next token; false when there is none.</summary>
    public bool Take(string phrase)
    {
        var length = Match(at, phrase);
        at += length;
        return length > 0;
    }

    /// <summary>Moves after the next occurrence of a phrase outside inner parentheses; false, without moving, when there is none.</summary>
    public bool Find(string phrase)
    {
        var depth = 0;
        for (var i = at; i < tokens.Count; i++)
        {
            if (depth == 0 && Match(i, phrase) is > 0 and var length)
            {
                at = i + length;
                return true;
            }

            depth += Depth(tokens[i]);
        }

        return false;
    }

    /// <summary>True when a phrase occurs in the rest, outside inner parentheses.</summary>
    public bool Has(string phrase) => new SqlCursor([.. tokens.Skip(at)]).Find(phrase);

    /// <summary>Reads a name with its schema, which is omitted when it is <c>public</c>; null when the next token is not a name.</summary>
    public string? TakeName()
    {
        if (!Current.IsName)
        {
            return null;
        }

        var parts = new List<string>();
        do
        {
            parts.Add(Current.Name);
            Skip();
        }
        while (Current.Is(".") && at + 1 < tokens.Count && tokens[at + 1].IsName && Take("."));
        return string.Join('.', parts is ["public", _, ..] ? parts.Skip(1) : parts);
    }

    /// <summary>Reads the tokens inside a parenthesis; null when the next token is not an opening one.</summary>
    public SqlCursor? TakeGroup()
    {
        if (!Take("("))
        {
            return null;
        }

        var inner = TakeWhile(token => !token.Is(")"));
        Skip();
        return new SqlCursor(inner);
    }

    /// <summary>Reads the tokens up to the first one outside inner parentheses that does not fit.</summary>
    public IReadOnlyList<SqlToken> TakeWhile(Func<SqlToken, bool> fits)
    {
        var taken = new List<SqlToken>();
        var depth = 0;
        while (!AtEnd && (depth > 0 || fits(Current)))
        {
            depth += Depth(Current);
            taken.Add(Current);
            Skip();
        }

        return taken;
    }

    /// <summary>Splits the rest at commas outside inner parentheses.</summary>
    public IEnumerable<SqlCursor> Items()
    {
        while (!AtEnd)
        {
            yield return new SqlCursor(TakeWhile(token => !token.Is(",")));
            Skip();
        }
    }

    private static int Depth(SqlToken token) => token.Is("(") || token.Is("[") ? 1 : token.Is(")") || token.Is("]") ? -1 : 0;

    private int Match(int from, string phrase)
    {
        var words = phrase.Split(' ');
        return from + words.Length <= tokens.Count && words.Index().All(word => tokens[from + word.Index].Is(word.Item)) ? words.Length : 0;
    }
}

/// <summary>A CREATE INDEX statement. The name is null when the server chooses one, the column when an expression leads.</summary>
internal sealed record CreateIndex(string? Name, string Table, string? LeadingColumn, bool Concurrently, bool IfNotExists)
{
    public static CreateIndex? Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("CREATE INDEX") && !cursor.Take("CREATE UNIQUE INDEX"))
        {
            return null;
        }

        var concurrently = cursor.Take("CONCURRENTLY");
        var ifNotExists = cursor.Take("IF NOT EXISTS");
        var name = cursor.Current.Is("ON") ? null : cursor.TakeName();
        _ = cursor.Take("ON") && cursor.Take("ONLY");
        var table = cursor.TakeName() ?? "";
        if (cursor.Take("USING"))
        {
            cursor.Skip();
        }

        var leading = cursor.TakeGroup();
        var column = leading?.TakeName();
        return new CreateIndex(name, table, leading is null || leading.Current.Is("(") ? null : column, concurrently, ifNotExists);
    }
}
