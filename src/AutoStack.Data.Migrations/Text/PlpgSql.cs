using System.Text;
using System.Text.RegularExpressions;

namespace AutoStack.Data.Migrations.Internal;

/// <summary>The SQL statements that a DO block runs, and those of its EXECUTE literals, with the lines of the script.</summary>
internal static partial class PlpgSql
{
    /// <summary>A name or value that only the run knows.</summary>
    public const string Unknown = "…";

    public static IEnumerable<SqlStatement> Of(SqlStatement statement)
    {
        var cursor = statement.Read();
        if (!cursor.Take("DO") || (cursor.Find("LANGUAGE") && cursor.TakeName() != "plpgsql")
            || statement.Tokens.FirstOrDefault(token => token.Kind == SqlTokenKind.Text) is not { Text: not null } body)
        {
            yield break;
        }

        var declaring = false;
        foreach (var piece in Statements(Literal(body), body.Line))
        {
            var inner = piece.Read();
            declaring |= inner.Take("DECLARE");
            if (declaring && !inner.Starts("BEGIN"))
            {
                continue;
            }

            declaring = false;
            foreach (var run in Run(inner))
            {
                yield return run;
            }
        }
    }

    // Removes the keywords of PL/pgSQL around a statement.
    private static IEnumerable<SqlStatement> Run(SqlCursor cursor)
    {
        var more = true;
        while (more && !cursor.AtEnd && !cursor.Starts("END"))
        {
            if (cursor.Take("BEGIN") || cursor.Take("ELSE") || cursor.Take("LOOP"))
            {
                continue;
            }

            if (cursor.Take("< <"))
            {
                more = cursor.Find("> >");
            }
            else if (cursor.Starts("IF") || cursor.Starts("ELSIF") || cursor.Starts("ELSEIF") || cursor.Starts("WHEN")
                || cursor.Starts("EXCEPTION") || cursor.Starts("CASE"))
            {
                more = cursor.Find("THEN");
            }
            else if (cursor.Starts("FOR") || cursor.Starts("FOREACH") || cursor.Starts("WHILE"))
            {
                foreach (var run in Command(Loop(cursor)))
                {
                    yield return run;
                }

                more = cursor.Take("LOOP");
            }
            else
            {
                foreach (var run in Command(cursor))
                {
                    yield return run;
                }

                more = false;
            }
        }
    }

    // The query of FOR … IN query; nothing for other loops.
    private static SqlCursor Loop(SqlCursor cursor)
    {
        var head = new SqlCursor(cursor.TakeWhile(token => !token.Is("LOOP")));
        return head.Take("FOR") && head.Find("IN") ? head : new SqlCursor([]);
    }

    private static IEnumerable<SqlStatement> Command(SqlCursor cursor)
    {
        var line = cursor.Line;
        if (cursor.Take("EXECUTE"))
        {
            return Statements(Text(cursor), line);
        }

        var tokens = cursor.TakeWhile(_ => true);

        // An assignment to a variable, which may have the name of a command.
        var assigns = tokens.Count > 1 && (tokens[1].Is(":") || tokens[1].Is("="));
        return tokens.Count == 0 || assigns ? [] : [new SqlStatement(tokens)];
    }

    private static IEnumerable<SqlStatement> Statements(string sql, int line) =>
        SqlText.Statements(SqlText.Tokens(sql).Select(token => token with { Line = token.Line + line - 1 }));

    // A literal, a concatenation, or format() of one: everything else becomes an unknown name.
    private static string Text(SqlCursor cursor)
    {
        var text = new StringBuilder();
        while (!cursor.AtEnd && !cursor.Starts("USING") && !cursor.Starts("INTO"))
        {
            if (cursor.Take("| |"))
            {
                continue;
            }

            if (cursor.Current.Kind == SqlTokenKind.Text)
            {
                text.Append(Literal(cursor.Current));
                cursor.Skip();
            }
            else if (cursor.Starts("("))
            {
                text.Append(Text(cursor.TakeGroup()!));
            }
            else if (cursor.TakeName() is "format" or "pg_catalog.format" && cursor.TakeGroup() is { } call)
            {
                var form = Text(new SqlCursor(call.TakeWhile(token => !token.Is(","))));
                text.Append(Placeholder().Replace(form, hole => hole.Value == "%%" ? "%" : hole.Value[^1] == 'L' ? $"'{Unknown}'" : Name));
            }
            else
            {
                cursor.TakeWhile(token => !token.Is("|") && !token.Is("USING") && !token.Is("INTO"));
                text.Append(Name);
            }
        }

        return text.ToString();
    }

    private const string Name = $"\"{Unknown}\"";

    private static string Literal(SqlToken token)
    {
        var text = token.Text;
        if (text[0] == '$')
        {
            var tag = text.IndexOf('$', 1) + 1;
            return text[tag..^tag];
        }

        var inner = text[(text.IndexOf('\'', StringComparison.Ordinal) + 1)..^1];
        inner = text[0] is 'e' or 'E' ? inner.Replace("\\'", "'", StringComparison.Ordinal) : inner;
        return Continued().Replace(inner, "$1").Replace("''", "'", StringComparison.Ordinal);
    }

    [GeneratedRegex(@"%%|%(\d+\$)?-?\d*[sIL]", RegexOptions.CultureInvariant)]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"'(\s*\n\s*)'", RegexOptions.CultureInvariant)]
    private static partial Regex Continued();
}
