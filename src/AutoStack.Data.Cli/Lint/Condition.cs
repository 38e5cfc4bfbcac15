using AutoStack.Data.Migrations.Internal;

namespace AutoStack.Data.Cli.Lint;

/// <summary>What the text of a condition shows about its value, whatever the rows hold.</summary>
internal static class Condition
{
    private static readonly HashSet<string> Constants = ["true", "false", "null", "not", "and", "or", "is", "unknown"];

    // True of equal operands, and false of them. Rows with NULL are the exception that nobody means.
    private static readonly string[] TrueOfEqual = ["=", "< =", "> =", "IS NOT DISTINCT FROM", "LIKE", "ILIKE"];
    private static readonly string[] FalseOfEqual = ["< >", "! =", "<", ">", "IS DISTINCT FROM"];

    /// <summary>The value of a condition; null when it depends on the row.</summary>
    public static bool? Evaluate(IReadOnlyList<SqlToken> condition)
    {
        condition = WithoutParentheses(condition);
        if (Split(condition, "OR") is { Count: > 1 } either)
        {
            var values = either.Select(Evaluate).ToList();
            return values.Contains(true) || HasOpposites(either) ? true : values.TrueForAll(value => value == false) ? false : null;
        }

        if (Split(condition, "AND") is { Count: > 1 } all)
        {
            var values = all.Select(Evaluate).ToList();
            return values.Contains(false) ? false : values.TrueForAll(value => value == true) ? true : null;
        }

        return condition is [var first, ..] && first.Is("NOT") ? !Evaluate([.. condition.Skip(1)]) : OfLeaf(condition);
    }

    /// <summary>The parts of a condition that AND joins, without those that are always true.</summary>
    public static IReadOnlyList<IReadOnlyList<SqlToken>> Conjuncts(IReadOnlyList<SqlToken> condition) =>
        [.. Split(WithoutParentheses(condition), "AND").Select(WithoutParentheses).Where(part => Evaluate(part) != true)];

    private static bool? OfLeaf(IReadOnlyList<SqlToken> leaf)
    {
        foreach (var (words, value) in TrueOfEqual.Select(w => (w, true)).Concat(FalseOfEqual.Select(w => (w, false))))
        {
            if (Around(leaf, words) is var (left, right) && left.Count > 0 && right.Count > 0 && !IsVolatile(left))
            {
                return AreSame(left, right) ? value : IsConstant(left) && IsConstant(right) ? !value : null;
            }
        }

        if (IsConstant(leaf))
        {
            return !(leaf is [var only] && (only.Is("FALSE") || only.Is("NULL")));
        }

        var cursor = new SqlCursor(leaf);
        return cursor.Take("EXISTS") && cursor.TakeGroup() is { } query && query.Starts("SELECT") && !query.Has("FROM")
            && !query.Has("WHERE") ? true : null;
    }

    // The operands around an operator outside parentheses, which is not part of a longer one.
    private static (IReadOnlyList<SqlToken> Left, IReadOnlyList<SqlToken> Right)? Around(IReadOnlyList<SqlToken> leaf, string words)
    {
        var (length, depth) = (words.Split(' ').Length, 0);
        for (var i = 0; i < leaf.Count; i++)
        {
            if (depth == 0 && new SqlCursor([.. leaf.Skip(i).Take(length)]).Starts(words)
                && !(i > 0 && IsOperator(leaf[i - 1]) && IsOperator(leaf[i]))
                && !(i + length < leaf.Count && IsOperator(leaf[i]) && IsOperator(leaf[i + length])))
            {
                return (WithoutParentheses([.. leaf.Take(i)]), WithoutParentheses([.. leaf.Skip(i + length)]));
            }

            depth += Depth(leaf[i]);
        }

        return null;
    }

    private static bool IsOperator(SqlToken token) => token.Kind == SqlTokenKind.Symbol && "<>=!~|&#@%^*/+-".Contains(token.Text[0]);

    // A function may give another value each time.
    private static bool IsVolatile(IReadOnlyList<SqlToken> operand) => operand.Any(token => token.Is("("));

    private static bool IsConstant(IReadOnlyList<SqlToken> tokens) =>
        tokens.All(token => !token.IsName || (token.Kind == SqlTokenKind.Word && Constants.Contains(token.Name)));

    private static bool AreSame(IReadOnlyList<SqlToken> left, IReadOnlyList<SqlToken> right) =>
        left.Count == right.Count && left.Zip(right).All(pair => pair.First.IsName && pair.Second.IsName
            ? pair.First.Name == pair.Second.Name : pair.First.Kind == pair.Second.Kind && pair.First.Text == pair.Second.Text);

    // x IS NULL OR x IS NOT NULL, x = 1 OR x <> 1.
    private static bool HasOpposites(IReadOnlyList<IReadOnlyList<SqlToken>> parts)
    {
        (string Yes, string No)[] opposites =
            [("IS NULL", "IS NOT NULL"), ("=", "< >"), ("=", "! ="), ("<", "> ="), (">", "< ="), ("IS TRUE", "IS NOT TRUE")];
        return opposites.Any(pair => parts.Any(yes => Around(WithoutParentheses(yes), pair.Yes) is var (left, right)
            && parts.Any(no => Around(WithoutParentheses(no), pair.No) is var (other, value)
                && AreSame(left, other) && AreSame(right, value))));
    }

    // The parts between a word outside parentheses and CASE; the AND of BETWEEN belongs to its part.
    private static List<IReadOnlyList<SqlToken>> Split(IReadOnlyList<SqlToken> condition, string word)
    {
        var (parts, part) = (new List<IReadOnlyList<SqlToken>>(), new List<SqlToken>());
        var (depth, between) = (0, false);
        foreach (var token in condition)
        {
            depth += Depth(token) + (token.Is("CASE") ? 1 : token.Is("END") ? -1 : 0);
            if (depth == 0 && token.Is(word) && !(between && word == "AND"))
            {
                parts.Add(part);
                part = [];
                continue;
            }

            between = depth == 0 ? token.Is("BETWEEN") || (between && !token.Is("AND")) : between;
            part.Add(token);
        }

        parts.Add(part);
        return parts;
    }

    private static IReadOnlyList<SqlToken> WithoutParentheses(IReadOnlyList<SqlToken> tokens)
    {
        while (tokens is [var first, .., var last] && first.Is("(") && last.Is(")") && IsOneGroup(tokens))
        {
            tokens = [.. tokens.Skip(1).SkipLast(1)];
        }

        return tokens;
    }

    private static bool IsOneGroup(IReadOnlyList<SqlToken> tokens)
    {
        var depth = 0;
        return tokens.Take(tokens.Count - 1).All(token => (depth += Depth(token)) > 0);
    }

    private static int Depth(SqlToken token) => token.Is("(") || token.Is("[") ? 1 : token.Is(")") || token.Is("]") ? -1 : 0;
}
