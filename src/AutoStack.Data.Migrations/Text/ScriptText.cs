namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The statements of a script without the parts that only psql understands: its commands, which begin with a backslash, and the rows after
/// COPY … FROM STDIN. Both end at a line end, not at a semicolon, and would distort the statements around them.
/// </summary>
internal sealed record ScriptText(
    IReadOnlyList<SqlToken> Tokens, IReadOnlyList<SqlStatement> Statements, IReadOnlyList<(int Line, string Text)> PsqlCommands)
{
    private static readonly string[] Ends = [@"\g", @"\watch", @"\crosstabview"];

    public static ScriptText Of(string sql)
    {
        var commands = new List<(int Line, string Text)>();
        var tokens = SqlText.Tokens(sql);
        var read = 0;
        while (Next(sql, tokens, read) is { } part)
        {
            if (part.Command)
            {
                commands.Add((part.Line, sql[part.Start..part.End].Trim()));
            }

            // Same length and lines, so that the other tokens keep theirs. \gset, \gexec and the like end a statement.
            var end = part.Command && Ends.Any(word => commands[^1].Text.StartsWith(word, StringComparison.Ordinal)) ? ";" : "";
            sql = string.Concat(sql.AsSpan(0, part.Start), end + Blank(sql[(part.Start + end.Length)..part.End]), sql.AsSpan(part.End));
            tokens = SqlText.Tokens(sql);
            read = part.End;
        }

        return new ScriptText(tokens, SqlText.Statements(tokens), commands);
    }

    private static (bool Command, int Line, int Start, int End)? Next(string sql, IReadOnlyList<SqlToken> tokens, int read)
    {
        var statement = new List<SqlToken>();
        var at = 0;
        foreach (var token in tokens)
        {
            var start = sql.IndexOf(token.Text, at, StringComparison.Ordinal);
            at = start + token.Text.Length;
            if (start >= read && token is { Kind: SqlTokenKind.Symbol, Text: "\\" })
            {
                return (true, token.Line, start, LineEnd(sql, start));
            }

            if (!token.Is(";"))
            {
                statement.Add(token);
                continue;
            }

            // The rows end at a line of their own with \. or at the end of the text.
            if (at > read && ReadsRows(statement) && LineEnd(sql, at) is var rows && rows < sql.Length)
            {
                var end = sql.IndexOf("\n\\.\n", rows, StringComparison.Ordinal);
                return (false, token.Line, rows, end >= 0 ? end + 3 : sql.Length);
            }

            statement.Clear();
        }

        return null;
    }

    private static bool ReadsRows(List<SqlToken> tokens)
    {
        var cursor = new SqlCursor([.. tokens.Where(token => token.Kind != SqlTokenKind.Comment)]);
        return cursor.Take("COPY") && cursor.Has("FROM STDIN");
    }

    private static int LineEnd(string sql, int from) => sql.IndexOf('\n', from) is >= 0 and var end ? end : sql.Length;

    private static string Blank(string text) => string.Concat(text.Select(c => c == '\n' ? '\n' : ' '));
}
