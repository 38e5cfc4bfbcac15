namespace AutoStack.Data.Migrations.Internal;

/// <summary>The body of a DO block.</summary>
internal static class SqlBody
{
    /// <summary>The tokens between the quotes of a DO statement, without comments; empty for another statement or quoting.</summary>
    public static IReadOnlyList<SqlToken> OfBlock(SqlStatement statement)
    {
        var text = statement.Tokens.FirstOrDefault(token => token.Kind == SqlTokenKind.Text).Text ?? "";
        var quote = text.StartsWith('$') ? text.IndexOf('$', 1) + 1 : 1;
        return !statement.Tokens[0].Is("DO") || text.Length < 2 * quote ? []
            : [.. SqlText.Tokens(text[quote..^quote]).Where(token => token.Kind != SqlTokenKind.Comment)];
    }
}
