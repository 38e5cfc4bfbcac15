namespace AutoStack.Data.Migrations.Internal;

/// <summary>
/// The statements of a script without the parts that only psql understands: its commands, which begin with a backslash, and the rows after
/// COPY … FROM STDIN. Both end at a line end, not at a semicolon, and would distort the statements around them.
/// </summary>
internal sealed record ScriptText(
    IReadOnlyList<SqlToken> Tokens, IReadOnlyList<SqlStatement> Statements, IReadOnlyList<(int Line, string Text)> PsqlCommands)
{
    private static readonly string[] Ends = [@"\g", @"\watch", @"\crosstabview"];

    /// <summary>Reads a script, once from its beginning to its end: a dump may have thousands of such parts.</summary>
    /// <param name="sql">The script, with LF line ends.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    public static ScriptText Of(string sql, CancellationToken cancellationToken = default)
    {
        var (tokens, statement) = (new List<SqlToken>(), new List<SqlToken>());
        var commands = new List<(int Line, string Text)>();
        var text = new SqlText(sql);
        (int From, int To)? rows = null;
        while (!text.AtEnd)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (rows is var (from, to) && text.Position >= from)
            {
                text.SkipTo(Math.Max(to, text.Position));
                rows = null;
                continue;
            }

            var token = text.Read();
            if (token is { Kind: SqlTokenKind.Symbol, Text: "\\" })
            {
                var command = sql[(text.Position - 1)..LineEnd(sql, text.Position)].Trim();
                commands.Add((token.Line, command));
                text.SkipTo(LineEnd(sql, text.Position));
                if (!Ends.Any(word => command.StartsWith(word, StringComparison.Ordinal)))
                {
                    continue;
                }

                // \gset, \gexec and the like end a statement.
                token = token with { Text = ";" };
            }

            if (token.Kind != SqlTokenKind.None)
            {
                tokens.Add(token);
            }

            if (token.Is(";"))
            {
                // The rows begin on the next line, and end at a line of their own with \. or at the end of the text.
                rows ??= ReadsRows(statement) ? RowsFrom(sql, LineEnd(sql, text.Position)) : null;
                statement.Clear();
            }
            else if (token.Kind is not (SqlTokenKind.None or SqlTokenKind.Comment))
            {
                statement.Add(token);
            }
        }

        return new ScriptText(tokens, SqlText.Statements(tokens), commands);
    }

    private static (int From, int To) RowsFrom(string sql, int from) =>
        (from, sql.IndexOf("\n\\.\n", from, StringComparison.Ordinal) is >= 0 and var end ? end + 3 : sql.Length);

    private static bool ReadsRows(List<SqlToken> statement)
    {
        var cursor = new SqlCursor(statement);
        return cursor.Take("COPY") && cursor.Has("FROM STDIN");
    }

    private static int LineEnd(string sql, int from) => sql.IndexOf('\n', from) is >= 0 and var end ? end : sql.Length;
}
